"""Waits for the audio of one request to a speech engine; for callers with a thread of their own."""

import queue
import time
from collections.abc import Iterator
from typing import Literal

import numpy as np

from voice.engines import interfaces as m
from voice.engines.speech_cache import Pcm

GRACE_S = 1.0
"""How long after a request's own deadline its engine may take to say that it has passed."""


class SpeechError(Exception):
    """No (further) audio comes."""

    def __init__(self, reason: Literal["cancelled", "failed", "late"], detail: str = "") -> None:
        super().__init__(detail or reason)
        self.reason = reason


def stream(
    engine: m.Engine, request: m.Synthesize, first_s: float | None = None
) -> Iterator[tuple[Pcm, int]]:
    """Submit a request and give its samples and their rate in Hz as they come.

    Raises SpeechError when the engine fails or drops it, or when the first sound takes longer
    than `first_s` seconds.
    """
    results: queue.SimpleQueue[m.Result] = queue.SimpleQueue()
    began = time.monotonic()
    last = request.deadline_s + GRACE_S
    limit = last if first_s is None else min(first_s, last)
    engine.submit(request, results.put)
    while True:
        try:
            result = results.get(timeout=max(0.0, began + limit - time.monotonic()))
        except queue.Empty:
            raise SpeechError("late", f"no sound after {limit:.1f} s") from None
        if isinstance(result, m.SpeechChunk):
            limit = last
            yield np.frombuffer(result.audio, "<i2").astype(np.int16, copy=False), result.rate
        elif isinstance(result, m.Failed):
            reason: Literal["cancelled", "failed"]
            reason = "cancelled" if result.reason == "cancelled" else "failed"
            raise SpeechError(reason, result.detail or result.reason)
        else:
            return
