"""The last half minute of microphone audio, addressed by sample index."""

import numpy as np
from numpy.typing import NDArray

from voice.audio.interface import MicBlock


class Ring:
    """Keeps the last `capacity` samples of a stream; for one thread."""

    def __init__(self, capacity: int) -> None:
        self._samples = np.zeros(capacity, np.int16)
        self.end = 0
        """Index of the next sample to come."""

    @property
    def start(self) -> int:
        """Index of the oldest sample that is still there."""
        return max(self.end - len(self._samples), 0)

    def append(self, block: MicBlock) -> None:
        """Add the next samples, at most `capacity` at once."""
        at = self.end % len(self._samples)
        fits = min(len(block), len(self._samples) - at)
        self._samples[at : at + fits] = block[:fits]
        self._samples[: len(block) - fits] = block[fits:]
        self.end += len(block)

    def clear(self, end: int) -> None:
        """Make silence of the samples before `end`."""
        gone = np.arange(self.start, min(end, self.end))
        self._samples[gone % len(self._samples)] = 0

    def read(self, start: int, end: int) -> NDArray[np.int16]:
        """Copy samples [start, end), without those that are no longer or not yet there."""
        start = max(start, self.start)
        end = min(end, self.end)
        if end <= start:
            return np.empty(0, np.int16)
        return self._samples[np.arange(start, end) % len(self._samples)]
