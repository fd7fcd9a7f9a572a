"""What the speaker played, found again by the instant at which it was heard.

The back end renders ahead and reports now and then how much has reached the device by when; the
microphone's blocks carry their place on the same axis. From both follows which sample was played
while a block was recorded, however long a device was stalled or away.
"""

import math
import threading
from collections import deque
from statistics import median

import numpy as np

from voice.audio.interface import INPUT_BLOCK, INPUT_RATE, SpeakerBlock
from voice.audio.resample import Samples, live

_KEPT_S = 4.0
"""More than the mixer is ever ahead of, and the microphone behind, the device."""
_REPORTS = 15
"""The latest reports, of which the middle one counts: some are off by a thread's late wake-up."""
_SLACK, _JUMP = INPUT_RATE // 1000, 3 * INPUT_RATE // 1000
"""Samples that the pairing may be off; a difference above the second was a gap in the sound."""


class FarEnd:
    """Written by the back end's rendering thread, read by its microphone thread."""

    def __init__(self, output_rate: int, lead_s: float) -> None:
        """`lead_s`: how far to read ahead of the instant, where the reported times are inexact.

        An echo must never come before its cause; that it comes later is what a canceller expects.
        """
        self._resampler = live(output_rate, INPUT_RATE)
        self._samples = np.zeros(round(_KEPT_S * INPUT_RATE), np.float32)
        self._end = 0
        self._lead = lead_s * INPUT_RATE
        self._lock = threading.Lock()
        self._offsets: deque[float] = deque(maxlen=_REPORTS)
        """Sample `n` of the microphone's axis and played sample `n + offset` are one instant."""
        self._cursor = -math.inf
        """The sample to be read next; before the first block it is whatever is right."""

    def played(self, block: SpeakerBlock) -> None:
        """Note a rendered block; its index counts all that were rendered."""
        samples = self._resampler.push(block)
        with self._lock:
            places = np.arange(self._end, self._end + len(samples)) % len(self._samples)
            self._samples[places] = samples
            self._end += len(samples)

    def consumed(self, blocks: int, t: float) -> None:
        """Note that the first `blocks` blocks reached the device by time t (s)."""
        with self._lock:
            self._offsets.append(blocks * INPUT_BLOCK - t * INPUT_RATE)

    def at(self, start: int) -> Samples:
        """Give what was played while the microphone took the block that begins at `start`.

        Small differences of the clocks are made up sample by sample, larger ones at once.
        """
        with self._lock:
            if not self._offsets:
                return np.zeros(INPUT_BLOCK, np.float32)
            right = start + median(self._offsets) + self._lead
            off = right - self._cursor
            if abs(off) > _JUMP:
                self._cursor = right
            elif abs(off) > _SLACK:
                self._cursor += np.sign(off)
            first = round(self._cursor)
            self._cursor += INPUT_BLOCK
            return self._read(first)

    def before(self, samples: int) -> Samples:
        """Give what was played so many samples before the block that `at` gave last."""
        with self._lock:
            if math.isinf(self._cursor):  # the first report may have come since
                return np.zeros(INPUT_BLOCK, np.float32)
            return self._read(round(self._cursor) - INPUT_BLOCK - samples)

    def _read(self, first: int) -> Samples:
        """Give a block, silent where nothing was played yet or it is long gone."""
        places = np.arange(first, first + INPUT_BLOCK)
        known = (places >= max(0, self._end - len(self._samples))) & (places < self._end)
        return np.where(known, self._samples[places % len(self._samples)], np.float32(0.0))
