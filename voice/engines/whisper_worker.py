"""The inside of a speech recognition worker: Whisper on CTranslate2, below faster-whisper's
`transcribe`, which always pads to 30 s and retries at rising temperatures for seconds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np

from voice.engines import whisper_adapter
from voice.engines import whisper_decode as rules
from voice.engines.interfaces import (
    SPEECH_RATE,
    Hypothesis,
    Request,
    Result,
    Transcribe,
    Transcript,
    Weighed,
    Word,
)
from voice.engines.whisper_weigh import Scales

if TYPE_CHECKING:
    from faster_whisper import WhisperModel

NEEDED = ("config.json", whisper_adapter.MODEL, "tokenizer.json")
_FULL_BEAM = 5
_SHORTEST = SPEECH_RATE // 20
"""Samples below which there is nothing to recognise."""


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to load and how."""

    model_path: str
    """Directory of a model for faster-whisper."""
    threads: int = 1
    compute: str = "int8"
    """CTranslate2's compute type."""
    device: str = "cpu"
    adapter_path: str = ""
    """A change to the model, for voice/engines/whisper_adapter.py; empty: none."""
    adapter_scale: float = 1.0
    """Share of that change; 1: as trained."""


@dataclass(frozen=True)
class _Decoded:
    """One piece of audio in one window."""

    best: rules.Reading
    words: tuple[Word, ...]
    no_speech_prob: float
    frames: int
    samples: int
    encoded: Any


class WhisperWorker:
    """Serves `Transcribe`; the same audio always gives the same text."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._path = Path(options.model_path)

    def load(self) -> dict[str, float | int | str]:
        """Load the model from its directory and run it once, because the first run is slow."""
        missing = [name for name in NEEDED if not (self._path / name).is_file()]
        if missing:  # without its tokenizer.json the library would look for one on the network
            raise FileNotFoundError(f"{self._path} holds no {', '.join(missing)}")
        from faster_whisper.tokenizer import Tokenizer

        self._model = self._opened()
        multilingual = self._model.model.is_multilingual
        self._tokenizer = Tokenizer(
            self._model.hf_tokenizer, multilingual, task="transcribe", language="en"
        )
        silence = np.zeros(SPEECH_RATE, np.float32)
        self._decode(silence, rules.SHORT_WINDOW, Transcribe(audio=b"", max_tokens=4))
        return {
            "model": self._path.name,
            "device": self._model.model.device,
            "compute": self._model.model.compute_type,
            "threads": self._options.threads,
            "adapter": Path(self._options.adapter_path).stem,
        }

    def _opened(self) -> "WhisperModel":
        """The model, with the adapter's change in it.

        The change is made on the disk: of files that it gets in memory CTranslate2 keeps all for
        as long as the model lives, 150 MB, so that is done only where the disk has no room.
        """
        from faster_whisper import WhisperModel

        options = self._options
        opened = partial(
            WhisperModel,
            device=options.device,
            compute_type=options.compute,
            cpu_threads=options.threads,
        )
        if not options.adapter_path:
            return opened(str(self._path))
        change = self._path, Path(options.adapter_path), options.adapter_scale
        try:
            with whisper_adapter.adapted_folder(*change) as folder:
                return opened(str(folder))
        except OSError:
            return opened(str(self._path), files=whisper_adapter.adapted_files(*change))

    def handle(
        self, request: Request, emit: Callable[[Result], None], cancelled: Callable[[], bool]
    ) -> None:
        """Recognise one utterance."""
        if not isinstance(request, Transcribe):
            raise TypeError(f"speech recognition does not serve {type(request).__name__}")
        audio = np.frombuffer(request.audio, "<i2").astype(np.float32) / np.float32(32768)
        parts = []
        for piece in rules.pieces(audio) if len(audio) >= _SHORTEST else []:
            decoded = self._recognise(piece, request, cancelled)
            if decoded is None:
                return
            parts.append(decoded)
        emit(self._transcript(request, parts))

    def _recognise(
        self, audio: rules.Audio, request: Transcribe, cancelled: Callable[[], bool]
    ) -> _Decoded | None:
        """Decode one piece in the window asked for; None when cancelled on the way."""
        short = rules.window_frames(len(audio))
        if request.window == "full" or (request.window == "auto" and short == rules.FULL_WINDOW):
            found = self._decode(audio, rules.FULL_WINDOW, request)
        else:
            found = self._decode(audio, short, request)
            score = rules.mean_logprob(found.words)
            doubt = rules.doubtful(
                found.best, score, len(audio), hinted=bool(request.hint or request.likely)
            )
            if request.window == "auto" and doubt and not cancelled():
                again = self._decode(audio, rules.FULL_WINDOW, request, beam=_FULL_BEAM)
                if found.best.looped or not again.best.looped:
                    found = again
        return None if cancelled() else found

    def _decode(
        self, audio: rules.Audio, frames: int, request: Transcribe, beam: int = 1
    ) -> _Decoded:
        """Encode and decode once; the full window as the library does it, short ones guarded."""
        guarded = frames < rules.FULL_WINDOW
        encoded = self._encode(audio, frames, guarded)
        beam = max(beam, request.beam)
        result, readings = self._generate(encoded, len(audio), request, beam, stamps=guarded)
        return _Decoded(
            best=readings[0],
            words=self._words(readings[0], encoded, frames),
            no_speech_prob=result.no_speech_prob,
            frames=frames,
            samples=len(audio),
            encoded=encoded,
        )

    def _generate(
        self,
        encoded: Any,
        samples: int,
        request: Transcribe,
        beam: int,
        stamps: bool,
        hypotheses: int = 1,
        hint: str = "",
    ) -> tuple[Any, tuple[rules.Reading, ...]]:
        names, limit = self._tokenizer, self._model.max_length
        prompt = self._model.get_prompt(
            names,
            names.encode(f" {hint}") if hint else [],
            without_timestamps=not stamps,
            hotwords=request.hotwords or None,
        )
        cap = request.max_tokens or rules.token_cap(samples)
        result = self._model.model.generate(
            encoded,
            [prompt],
            beam_size=beam,
            num_hypotheses=hypotheses,
            # CTranslate2 gives the text this less the prompt, and never more than half of it.
            max_length=min(cap + max(cap, len(prompt)), limit),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        texts = (
            rules.spoken(tokens, samples, end=names.eot, zero=names.timestamp_begin)
            for tokens in result.sequences_ids
        )
        readings = tuple(
            rules.reading(text, complete=len(tokens) < cap)
            for text, tokens in zip(texts, result.sequences_ids, strict=True)
        )
        return result, readings

    def _encode(self, audio: rules.Audio, frames: int, guarded: bool) -> Any:
        features = self._model.feature_extractor(audio)[:, :frames]
        return self._model.encode(rules.padded(features, frames, guarded))

    def _words(self, found: rules.Reading, encoded: Any, frames: int) -> tuple[Word, ...]:
        """Each token's probability, from one more pass over the finished text."""
        if not found.tokens:
            return ()
        tokens = list(found.tokens)
        start = self._tokenizer.sot_sequence
        aligned = self._model.model.align(encoded, start, [tokens], frames)[0]
        return tuple(
            Word(self._tokenizer.decode([token]), probability)
            for token, probability in zip(tokens, aligned.text_token_probs, strict=True)
        )

    def _transcript(self, request: Transcribe, parts: Sequence[_Decoded]) -> Transcript:
        words = tuple(word for part in parts for word in part.words)
        return Transcript(
            id=request.id,
            generation=request.generation,
            text=" ".join(filter(None, (self._text(part.best) for part in parts))),
            avg_logprob=rules.mean_logprob(words),
            no_speech_prob=min((part.no_speech_prob for part in parts), default=1.0),
            alternatives=self._alternatives(request, parts[0]) if len(parts) == 1 else (),
            weighed=self._weighed(request, parts[0]) if len(parts) == 1 else (),
            words=words,
            window_s=max((p.frames for p in parts), default=0) * rules.FRAME / SPEECH_RATE,
            looped=any(part.best.looped for part in parts),
        )

    def _alternatives(self, request: Transcribe, part: _Decoded) -> tuple[Hypothesis, ...]:
        """The next best readings, without those that differ in case and punctuation only.

        Timestamps are left out, or the readings would differ in nothing but these.
        """
        if request.nbest < 2:
            return ()
        result, readings = self._generate(
            part.encoded, part.samples, request, request.nbest, False, request.nbest
        )
        texts = map(self._text, readings)
        found = map(Hypothesis, texts, result.scores)
        return rules.different(self._text(part.best), found)

    def _weighed(self, request: Transcribe, part: _Decoded) -> tuple[Weighed, ...]:
        """The text and what else may have been said, where it is not certain."""
        if rules.mean_logprob(part.words) >= rules.UNSURE_LOGPROB:
            return ()
        read = [self._text(part.best)]
        if request.hint:
            read.append(self._hinted(request, part))
        few = len(part.best.tokens) <= rules.WEIGHED_TOKENS
        scales = Scales(self._model, self._tokenizer, part.encoded, part.samples)
        return scales.weigh(read, request.likely if few else ()) if all(read) else ()

    def _hinted(self, request: Transcribe, part: _Decoded) -> str:
        """The words as they are heard with the hint in mind."""
        _, (found,) = self._generate(
            part.encoded, part.samples, request, 1, stamps=True, hint=request.hint
        )
        return rules.said_once(self._text(found))

    def _text(self, found: rules.Reading) -> str:
        return str(self._tokenizer.decode(list(found.tokens))).strip()


def create(options: dict[str, Any]) -> WhisperWorker:
    """Make the worker; nothing is loaded yet."""
    return WhisperWorker(msgspec.convert(options, Options))
