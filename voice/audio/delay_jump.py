"""That an echo suddenly comes later or earlier: a driver moved a buffer.

The room is as it was, so what comes is what was expected, only at another time. A filter that
learns the room anew takes a second for that, in which our own voice is heard; here the jump is
found in some 0.2 s by correlation over many milliseconds either way.
"""

import numpy as np

from voice.audio.interface import INPUT_BLOCK
from voice.audio.resample import Samples

_SPAN = 16 * INPUT_BLOCK
"""Samples that are compared: long enough that a vowel's pitch does not look like a jump."""
_EVERY = 2
"""Blocks from one look to the next."""
_FARTHEST = 4 * INPUT_BLOCK
"""Samples, either way, within which the echo is looked for."""
_NEAREST = 8
"""Less is drift, which is followed block by block."""
_WHITENED = 0.75
"""How far all frequencies count alike: at 0 a vowel's pitch looks like a jump, at 1 noise does."""
_ALIKE = 0.3
"""Correlation from which it is the same sound."""
_CLEARER = 1.5
"""By how much it must be more alike there than where it was expected."""
_SAME = 2
"""Samples by which two looks may differ that agree."""
_AUDIBLE = 1e-6
"""Power of an echo worth looking at, -60 dB."""


class DelayJump:
    """One call a block, in samples at INPUT_RATE; for one thread. A look takes some 0.3 ms."""

    def __init__(self) -> None:
        self._near = np.zeros(_SPAN, np.float32)
        self._echo = np.zeros(_SPAN, np.float32)
        self._blocks = 0
        self._seen = 0
        """What the last look found."""

    def follow(self, near: Samples, echo: Samples) -> int:
        """Give by how much later the echo came than estimated, once for each jump; mostly 0."""
        self._near = np.concatenate([self._near[INPUT_BLOCK:], near])
        self._echo = np.concatenate([self._echo[INPUT_BLOCK:], echo])
        self._blocks = (self._blocks + 1) % _EVERY
        if self._blocks:
            return 0
        before, self._seen = self._seen, self._look()
        if not before or not self._seen or abs(self._seen - before) > _SAME:
            return 0
        self._echo[:] = 0.0  # it was estimated on the path as it was
        return self._seen

    def _look(self) -> int:
        """Give where the sound is now, 0 where that is not clear."""
        if min(self._near @ self._near, self._echo @ self._echo) < _AUDIBLE * _SPAN:
            return 0
        size = 2 * _SPAN
        cross = np.fft.rfft(self._near, size) * np.fft.rfft(self._echo, size).conj()
        cross /= np.abs(cross) ** _WHITENED + 1e-12
        whole = np.fft.irfft(np.abs(cross), size)[0]
        lags = np.roll(np.fft.irfft(cross, size), _FARTHEST)[: 2 * _FARTHEST + 1]
        at = int(lags.argmax()) - _FARTHEST
        expected = lags[_FARTHEST - _NEAREST : _FARTHEST + _NEAREST + 1].max()
        clear = lags.max() >= max(_ALIKE * whole, _CLEARER * expected)
        return at if clear and abs(at) > _NEAREST else 0
