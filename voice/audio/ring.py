"""A ring buffer between one writing and one reading thread, for use inside a device callback."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray


class Ring:
    """Preallocated; each side moves only its own counter, so neither ever waits for the other."""

    def __init__(self, capacity: int, dtype: DTypeLike) -> None:
        self._data = np.zeros(capacity, dtype)
        self._written = 0
        self._read = 0

    @property
    def readable(self) -> int:
        """How many samples wait to be read."""
        return self._written - self._read

    @property
    def writable(self) -> int:
        """How many samples there is room for."""
        return len(self._data) - self.readable

    def write(self, samples: NDArray[Any]) -> int:
        """Store as much as there is room for, and give how much that was."""
        count = min(len(samples), self.writable)
        at = self._written % len(self._data)
        first = min(count, len(self._data) - at)
        self._data[at : at + first] = samples[:first]
        self._data[: count - first] = samples[first:count]
        self._written += count
        return count

    def read(self, out: NDArray[Any]) -> int:
        """Fill the front of `out` with what is there, and give how much that was."""
        count = min(len(out), self.readable)
        at = self._read % len(self._data)
        first = min(count, len(self._data) - at)
        out[:first] = self._data[at : at + first]
        out[first:count] = self._data[: count - first]
        self._read += count
        return count
