"""How far an echo has moved against its estimate: the speaker's clock is not the microphone's.

Two devices differ by some 50 ppm. That is half a sample in 0.6 s, and when nothing was played for
some seconds, a filter that knew the path is far off. The shift is measured by correlation while an
echo is heard; from its trend follows how the path moves while none is.
"""

import numpy as np

from voice.audio.interface import INPUT_BLOCK
from voice.audio.resample import Samples

_SIZE = 2 * INPUT_BLOCK
_MEMORY = 0.9
_GAIN = 0.3
"""Share of a measured shift that is made up at once."""
_TREND = 0.002
"""Share of it, a block, that is taken for drift."""
_FASTEST = 200e-6 * INPUT_BLOCK
_FARTHEST = 8
"""Samples, either way, within which a shift is looked for."""
_ALIKE = 0.5
"""Correlation below which somebody else sounds, or the path is not known."""
_AUDIBLE = 1e-6
"""Power of an echo worth looking at, -60 dB."""


class ClockDrift:
    """One call a block, all in samples at INPUT_RATE; for one thread."""

    def __init__(self) -> None:
        self.rate = 0.0
        """Drift a block."""
        self._unseen = 0.0
        """Drift since something was last played."""
        self._cross = np.zeros(INPUT_BLOCK + 1, np.complex128)
        self._near = self._echo = 0.0
        self._turns = 2j * np.pi * np.arange(INPUT_BLOCK + 1) / _SIZE

    def silence(self) -> None:
        """A block in which nothing of ours was in the air."""
        self._unseen += self.rate

    def missed(self) -> float:
        """Give by how much the path moved while nothing was in the air."""
        missed, self._unseen = self._unseen, 0.0
        return missed

    def follow(self, near: Samples, echo: Samples) -> float:
        """Give by how much the path has to be delayed, from a block and its estimated echo."""
        self._correlate(near, echo)
        error = self._measured() if self._echo > _AUDIBLE * INPUT_BLOCK else 0.0
        self.rate = min(max(self.rate + _TREND * error, -_FASTEST), _FASTEST)
        made_up = _GAIN * error
        self._cross *= np.exp(self._turns * made_up)  # the rest the echo does by itself
        return made_up + self.rate

    def _correlate(self, near: Samples, echo: Samples) -> None:
        cross = np.fft.rfft(near, _SIZE) * np.fft.rfft(echo, _SIZE).conj()
        self._cross += (1 - _MEMORY) * (cross - self._cross)
        self._near += (1 - _MEMORY) * (float(near @ near) - self._near)
        self._echo += (1 - _MEMORY) * (float(echo @ echo) - self._echo)

    def _measured(self) -> float:
        """Give how much later the echo comes than estimated; 0 where that is not clear."""
        lags = np.roll(np.fft.irfft(self._cross, _SIZE), _FARTHEST)[: 2 * _FARTHEST + 1]
        peak = int(lags.argmax())
        alike = lags[peak] >= _ALIKE * np.sqrt(self._near * self._echo)
        if not alike or not 0 < peak < 2 * _FARTHEST:
            return 0.0
        before, top, after = lags[peak - 1 : peak + 2]
        return float(peak - _FARTHEST + 0.5 * (before - after) / (before - 2 * top + after))
