"""Renders sentences into the speech cache before they are wanted, while nobody needs the engine.

What may be said soon comes first, then everything else there is. One sentence at a time, as
background requests: a reply that has to be synthesised waits for one of them at the most.
"""

import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import numpy as np

from voice.engines import interfaces as m
from voice.engines.speech_cache import SpeechCache
from voice.engines.speech_split import sentences
from voice.engines.speech_stream import SpeechError, stream
from voice.spoken import spoken

log = logging.getLogger(__name__)

_POLL_S = 0.05
_DEADLINE_S = 20.0
_RETRY_S = 1.0
_REST = 2.0
"""Pause after a sentence that is not wanted soon, in times of what it took: a third of a core."""


class SpeechAhead:
    """One thread that has time. Methods may be called from any thread and return at once."""

    def __init__(
        self,
        engine: m.Engine,
        cache: SpeechCache,
        may: Callable[[], bool],
        scale: Callable[[], float],
    ) -> None:
        """`may` tells, on this thread, whether nothing else goes on; `scale` gives the length of
        words that is spoken with now.
        """
        self._engine = engine
        self._cache = cache
        self._may = may
        self._scale = scale
        self._soon: Iterator[str] = iter(())
        self._rest: Iterator[str] = iter(())
        self._work = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._run, name="speech-ahead", daemon=True)

    def start(self) -> None:
        """Begin; before this nothing is rendered."""
        self._thread.start()

    def soon(self, lines: Iterable[str]) -> None:
        """Take what may be said soon, the likeliest first, in place of what was given before."""
        self._soon = _sentences(lines)
        self._work.set()

    def later(self, lines: Iterable[str]) -> None:
        """Take what there is besides."""
        self._rest = _sentences(lines)
        self._work.set()

    def make_way(self) -> None:
        """Leave the engine to somebody who will need it in a moment."""
        self._engine.cancel(before=1)

    def close(self) -> None:
        """End the thread."""
        self._closed.set()
        self._work.set()
        self.make_way()
        if self._thread.is_alive():
            self._thread.join(_DEADLINE_S)

    # --- the thread --------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._closed.is_set():
            self._work.clear()
            source = self._soon
            sentence = next(source, None)
            if sentence is None:
                source = self._rest
                sentence = next(source, None)
            if sentence is None:
                self._work.wait()
            elif not self._render(sentence, source):
                return

    def _render(self, sentence: str, source: Iterator[str]) -> bool:
        """Make one sentence while it is wanted; False when there is no use in going on."""
        failures = 0
        while failures < 2:
            if self._closed.wait(0.0 if self._may() else _POLL_S):
                return False
            scale = self._scale()
            if source not in (self._soon, self._rest) or self._cache.has(sentence, scale):
                return True
            if not self._may():
                continue
            began = time.monotonic()
            try:
                self._make(sentence, scale)
            except SpeechError as error:
                failures += error.reason != "cancelled"
                self._closed.wait(_RETRY_S)
            except OSError as error:
                log.warning("speech is not rendered ahead: %s", error)
                return False
            else:
                if source is self._rest:
                    self._closed.wait(_REST * (time.monotonic() - began))
                return True
        return True

    def _make(self, sentence: str, scale: float) -> None:
        request = m.Synthesize(
            text=sentence, length_scale=scale, deadline_s=_DEADLINE_S, background=True
        )
        parts = list(stream(self._engine, request))
        if parts and all(rate == self._cache.rate for _, rate in parts):
            self._cache.put(sentence, np.concatenate([pcm for pcm, _ in parts]), scale)


def _sentences(lines: Iterable[str]) -> Iterator[str]:
    """What the speaker looks up, each once; the lines may take a while to come."""
    seen: set[str] = set()
    for line in lines:
        for sentence in sentences(spoken(line)):
            if sentence not in seen:
                seen.add(sentence)
                yield sentence
