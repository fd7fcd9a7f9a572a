"""The inside of a speech recognition worker: Whisper on CTranslate2, below faster-whisper's
`transcribe`, which always pads to 30 s and retries at rising temperatures for seconds.

Options: `model_path` (directory), `threads`, `compute` (CTranslate2's type), `device`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voice.engines import whisper_decode as rules
from voice.engines.interfaces import (
    SPEECH_RATE,
    Hypothesis,
    Request,
    Result,
    Transcribe,
    Transcript,
    Word,
)

NEEDED = ("config.json", "model.bin", "tokenizer.json")
_FULL_BEAM = 5
_SHORTEST = SPEECH_RATE // 20
"""Samples below which there is nothing to recognise."""
_NOTHING_LOGPROB = -10.0


@dataclass(frozen=True)
class _Decoded:
    """One piece of audio in one window; the best reading first."""

    readings: tuple[rules.Reading, ...]
    no_speech_prob: float
    frames: int
    encoded: Any

    @property
    def best(self) -> rules.Reading:
        return self.readings[0]


class WhisperWorker:
    """Serves `Transcribe`. Greedy and deterministic unless a beam is asked for."""

    def __init__(self, options: dict[str, Any]) -> None:
        self._path = Path(options["model_path"])
        self._threads = int(options.get("threads", 1))
        self._compute = str(options.get("compute", "int8"))
        self._device = str(options.get("device", "cpu"))
        self._limits = rules.Limits(**options.get("limits", {}))

    def load(self) -> dict[str, float | int | str]:
        """Load the model from its directory and run it once, because the first run is slow."""
        missing = [name for name in NEEDED if not (self._path / name).is_file()]
        if missing:  # without its tokenizer.json the library would look for one on the network
            raise FileNotFoundError(f"{self._path} holds no {', '.join(missing)}")
        from faster_whisper import WhisperModel
        from faster_whisper.tokenizer import Tokenizer

        self._model = WhisperModel(
            str(self._path),
            device=self._device,
            compute_type=self._compute,
            cpu_threads=self._threads,
        )
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
            "threads": self._threads,
        }

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
        frames = rules.window_frames(len(audio))
        if request.window == "full":
            frames = rules.FULL_WINDOW
        first = self._decode(audio, frames, request)
        if (
            request.window != "auto"
            or frames == rules.FULL_WINDOW
            or not rules.doubtful(first.best, len(audio), self._limits)
        ):
            return None if cancelled() else first
        if cancelled():
            return None
        again = self._decode(audio, rules.FULL_WINDOW, request, beam=_FULL_BEAM)
        if cancelled():
            return None
        return again if rules.better(first.best, again.best) is again.best else first

    def _decode(
        self, audio: rules.Audio, frames: int, request: Transcribe, beam: int = 1
    ) -> _Decoded:
        model = self._model
        features = model.feature_extractor(audio)[:, :frames]
        features = np.pad(features, ((0, 0), (0, frames - features.shape[1])))
        encoded = model.encode(features)
        prompt = model.get_prompt(
            self._tokenizer, [], without_timestamps=True, hotwords=request.hotwords or None
        )
        cap = request.max_tokens or rules.token_cap(len(audio))
        result = model.model.generate(
            encoded,
            [prompt],
            beam_size=max(beam, request.beam, request.nbest),
            num_hypotheses=request.nbest,
            max_length=min(len(prompt) + cap, model.max_length),
            return_scores=True,
            return_no_speech_prob=True,
        )[0]
        readings = tuple(
            rules.reading(tokens, score * len(tokens) / (len(tokens) + 1), cap)
            for tokens, score in zip(result.sequences_ids, result.scores, strict=True)
        )
        return _Decoded(readings, result.no_speech_prob, frames, encoded)

    def _transcript(self, request: Transcribe, parts: Sequence[_Decoded]) -> Transcript:
        if not parts:
            return Transcript(
                id=request.id,
                generation=request.generation,
                text="",
                avg_logprob=_NOTHING_LOGPROB,
                no_speech_prob=1.0,
            )
        best = [part.best for part in parts]
        lengths = [len(r.tokens) + 1 for r in best]
        total = math.fsum(r.avg_logprob * n for r, n in zip(best, lengths, strict=True))
        detailed = request.nbest > 1
        return Transcript(
            id=request.id,
            generation=request.generation,
            text=" ".join(filter(None, map(self._text, best))),
            avg_logprob=total / sum(lengths),
            no_speech_prob=min(part.no_speech_prob for part in parts),
            alternatives=self._alternatives(parts[0]) if detailed and len(parts) == 1 else (),
            words=tuple(w for p in parts for w in self._words(p)) if detailed else (),
            window_s=max(part.frames for part in parts) * rules.FRAME / SPEECH_RATE,
            looped=any(r.looped for r in best),
        )

    def _alternatives(self, part: _Decoded) -> tuple[Hypothesis, ...]:
        """The further readings that differ in text, best first."""
        found = {self._text(part.best): 0.0}
        for other in part.readings[1:]:
            found.setdefault(self._text(other), other.avg_logprob)
        return tuple(Hypothesis(text, score) for text, score in list(found.items())[1:])

    def _words(self, part: _Decoded) -> tuple[Word, ...]:
        tokens = list(part.best.tokens)
        if not tokens:
            return ()
        aligned = self._model.model.align(
            part.encoded, self._tokenizer.sot_sequence, [tokens], part.frames
        )[0]
        return tuple(
            Word(self._tokenizer.decode([token]), probability)
            for token, probability in zip(tokens, aligned.text_token_probs, strict=True)
        )

    def _text(self, found: rules.Reading) -> str:
        return str(self._tokenizer.decode(list(found.tokens))).strip()


def create(options: dict[str, Any]) -> WhisperWorker:
    """Make the worker; nothing is loaded yet."""
    return WhisperWorker(options)
