"""Resampling of streams: by a short filter for whole ratios, else by soxr.

In both cases output sample n belongs to the instant of input sample n * in_rate / out_rate; what
differs is how much further input has to arrive before it can be given.
"""

import numpy as np
import soxr
from numpy.typing import NDArray

from voice.audio.interface import INPUT_RATE

Samples = NDArray[np.float32]


class Decimator:
    """Low-pass and keep every n-th sample; needs only 1 ms of further input (soxr: 20-40 ms)."""

    HALF_S = 0.001

    def __init__(self, in_rate: int, out_rate: int = INPUT_RATE) -> None:
        self._factor = in_rate // out_rate
        half = round(self.HALF_S * out_rate) * self._factor
        self._taps = _low_pass(half, cutoff=0.46 / self._factor)
        self._pending = np.zeros(half, np.float32)

    def push(self, samples: Samples) -> Samples:
        """Give the output that has become certain."""
        window = np.concatenate([self._pending, samples])
        count = max(0, (len(window) - len(self._taps)) // self._factor + 1)
        self._pending = window[count * self._factor :]
        if not count:
            return np.empty(0, np.float32)
        rows = np.lib.stride_tricks.sliding_window_view(window, len(self._taps))
        kept: Samples = rows[: count * self._factor : self._factor] @ self._taps
        return kept


class Soxr:
    """Any ratio."""

    def __init__(self, in_rate: int, out_rate: int, quality: str = "MQ") -> None:
        self._stream = soxr.ResampleStream(in_rate, out_rate, 1, dtype="float32", quality=quality)

    def push(self, samples: Samples, last: bool = False) -> Samples:
        """Give the output that has become certain, all of it with the last input."""
        out: Samples = self._stream.resample_chunk(samples, last)
        return out


class Same:
    """Equal rates."""

    def push(self, samples: Samples) -> Samples:
        """Give the input."""
        return samples


def live(in_rate: int, out_rate: int) -> Decimator | Soxr | Same:
    """Choose what delays a live stream least."""
    if in_rate == out_rate:
        return Same()
    if in_rate % out_rate == 0:
        return Decimator(in_rate, out_rate)
    return Soxr(in_rate, out_rate)


def to_int16(samples: Samples) -> NDArray[np.int16]:
    """Scale ±1 to int16 with clipping."""
    clipped: NDArray[np.int16] = np.clip(np.rint(samples * 32768.0), -32768, 32767).astype(np.int16)
    return clipped


def _low_pass(half: int, cutoff: float) -> Samples:
    """Give 2 * half + 1 taps of a windowed sinc; cutoff as a share of the sampling rate."""
    n = np.arange(-half, half + 1)
    taps = np.sinc(2 * cutoff * n) * np.blackman(2 * half + 3)[1:-1]
    low_pass: Samples = (taps / taps.sum()).astype(np.float32)
    return low_pass
