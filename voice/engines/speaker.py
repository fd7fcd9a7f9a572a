"""Turns text into speech for the mixer: from the cache where it is there, else from the engine.

Works sentence by sentence on a thread of its own. Nothing waits for playback, so the next sentence
is synthesised while the one before is heard.
"""

import logging
import queue
import threading
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec
import numpy as np

from voice.engines import interfaces as m
from voice.engines.speech_cache import Pcm, SpeechCache
from voice.engines.speech_split import SENTENCE_PAUSE_S, sentences
from voice.engines.speech_stream import SpeechError, stream
from voice.spoken import spoken

log = logging.getLogger(__name__)


class Spoken(msgspec.Struct, frozen=True, kw_only=True):
    """How an utterance ended."""

    outcome: Literal["finished", "cancelled", "failed", "late"]
    """`failed`: the engine is dead or gave an error; `late`: it gave no sound in time."""
    sentences: int
    """How many were given in full."""
    detail: str = ""


OnAudio = Callable[[Pcm, int], None]
"""Called with the next mono samples, pauses included, and their rate in Hz."""
OnEnd = Callable[[Spoken], None]
OnEngine = Callable[[], None]
"""Called when the engine gives the first sound of an utterance that the cache does not have."""


class _Utterance(msgspec.Struct, frozen=True):
    text: str
    generation: int
    on_audio: OnAudio
    on_end: OnEnd
    on_engine: OnEngine
    keep: bool
    length_scale: float


class Speaker:
    """Says one utterance after the other. All methods are thread-safe and return at once.

    Callbacks come on the speaker's thread and must not block it. One that is under way while
    `cancel` is called still arrives, so receivers drop what has an old generation.
    """

    def __init__(
        self,
        engine: m.Engine,
        cache: SpeechCache,
        *,
        late_s: float = 1.5,
        deadline_s: float = 6.0,
    ) -> None:
        self._engine = engine
        self._cache = cache
        self._late_s = late_s
        self._deadline_s = deadline_s
        self._oldest = 0
        self._inbox: queue.SimpleQueue[_Utterance | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="speaker", daemon=True)
        self._thread.start()

    def say(
        self,
        text: str,
        generation: int,
        on_audio: OnAudio,
        on_end: OnEnd,
        *,
        on_engine: OnEngine = lambda: None,
        keep: bool = False,
        length_scale: float = 1.0,
    ) -> None:
        """Say a text after what was asked for before; `on_end` is called exactly once.

        `keep` stores what had to be synthesised: for fixed words only. Longer is slower.
        """
        self._inbox.put(
            _Utterance(text, generation, on_audio, on_end, on_engine, keep, length_scale)
        )

    def cancel(self, before: int) -> None:
        """Drop every utterance whose generation is lower than `before`."""
        self._oldest = max(self._oldest, before)
        self._engine.cancel(before)

    def close(self) -> None:
        """Drop everything and end the thread; the engine stays open."""
        self._oldest = 1 << 62
        self._engine.cancel(self._oldest)
        self._inbox.put(None)
        self._thread.join(self._deadline_s)

    # --- the speaker's thread --------------------------------------------------------------

    def _run(self) -> None:
        while (utterance := self._inbox.get()) is not None:
            try:
                utterance.on_end(self._say(utterance))
            except Exception:
                log.exception("error in a receiver of speech")

    def _say(self, utterance: _Utterance) -> Spoken:
        done = 0
        try:
            for sentence in sentences(spoken(utterance.text)):
                pause = SENTENCE_PAUSE_S if done else 0.0
                for pcm, rate in self._sound(sentence, utterance, first=not done):
                    if utterance.generation < self._oldest:
                        raise SpeechError("cancelled")
                    utterance.on_audio(_after(pause, pcm, rate), rate)
                    pause = 0.0
                done += 1
        except SpeechError as error:
            return Spoken(outcome=error.reason, sentences=done, detail=str(error))
        except Exception as error:
            log.exception("error in speech")
            return Spoken(outcome="failed", sentences=done, detail=str(error))
        return Spoken(outcome="finished", sentences=done)

    def _sound(
        self, sentence: str, utterance: _Utterance, first: bool
    ) -> Iterator[tuple[Pcm, int]]:
        """Give a sentence's samples and their rate, piece by piece."""
        if utterance.generation < self._oldest:
            raise SpeechError("cancelled")
        kept = self._cache.get(sentence, utterance.length_scale)
        if kept is not None:
            yield kept, self._cache.rate
            return
        request = m.Synthesize(
            text=sentence,
            length_scale=utterance.length_scale,
            generation=utterance.generation,
            deadline_s=self._deadline_s,
        )
        heard: list[Pcm] = []
        for pcm, rate in stream(self._engine, request, self._late_s if first else None):
            if first and not heard:
                utterance.on_engine()
            heard.append(pcm)
            yield pcm, rate
        if utterance.keep and heard and rate == self._cache.rate:
            self._store(sentence, np.concatenate(heard), utterance.length_scale)

    def _store(self, sentence: str, pcm: Pcm, length_scale: float) -> None:
        try:
            self._cache.put(sentence, pcm, length_scale)
        except OSError as error:
            log.warning("speech is not kept: %s", error)


def _after(pause_s: float, pcm: Pcm, rate: int) -> Pcm:
    """Put a pause before the samples."""
    return np.concatenate([np.zeros(round(pause_s * rate), np.int16), pcm]) if pause_s else pcm
