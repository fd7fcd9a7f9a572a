"""Gains that move without clicks: a linear ramp, and a limiter that keeps the sum inside ±1."""

import numpy as np

from voice.audio.interface import SpeakerBlock

CEILING = 0.98
"""Highest absolute sample value that leaves the mixer."""


def decibels(db: float) -> float:
    """Give the amplitude factor of a level in dB."""
    return float(10.0 ** (db / 20.0))


class Ramp:
    """A gain that moves linearly to its target, full range (0 to 1) in `seconds`."""

    def __init__(self, rate: int, block: int, seconds: float, value: float = 1.0) -> None:
        self.value = value
        """The gain after the last block."""
        self.target = value
        self._steps = (np.arange(1, block + 1) / (seconds * rate)).astype(np.float32)
        self._factors = np.empty(block, np.float32)

    def jump(self, value: float) -> None:
        """Take a gain at once."""
        self.value = self.target = value

    def advance(self) -> SpeakerBlock | None:
        """Move on by one block and give its factors, or None while the gain stays 1."""
        if self.value == self.target:
            if self.value == 1.0:
                return None
            self._factors.fill(self.value)
            return self._factors
        if self.target > self.value:
            np.add(self.value, self._steps, out=self._factors)
            np.minimum(self._factors, self.target, out=self._factors)
        else:
            np.subtract(self.value, self._steps, out=self._factors)
            np.maximum(self._factors, self.target, out=self._factors)
        reached = self._factors[-1] == np.float32(self.target)
        self.value = self.target if reached else float(self._factors[-1])
        return self._factors

    def apply(self, block: SpeakerBlock) -> None:
        """Move on by one block and scale it in place."""
        factors = self.advance()
        if factors is not None:
            block *= factors


class Limiter:
    """Turns loud passages down within one block and lets go over about a quarter of a second."""

    _RELEASE = 1.04

    def __init__(self, rate: int, block: int) -> None:
        self._ramp = Ramp(rate, block, seconds=block / rate)
        self._scratch = np.empty(block, np.float32)

    def apply(self, block: SpeakerBlock) -> None:
        """Limit the block in place; what is left of a sudden peak is clipped."""
        np.abs(block, out=self._scratch)
        peak = float(self._scratch.max())
        bearable = CEILING / peak if peak > CEILING else 1.0
        self._ramp.target = min(bearable, max(self._ramp.value * self._RELEASE, 1e-3), 1.0)
        self._ramp.apply(block)
        np.clip(block, -CEILING, CEILING, out=block)
