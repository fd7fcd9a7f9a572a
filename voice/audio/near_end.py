"""Whether somebody near the microphone is far louder than our own echo there.

Then there is no doubt that it is not ourselves, though a canceller that takes out whatever may be
ours takes out them as well. Pure; blocks of 10 ms, full scale ±1.
"""

import numpy as np

from voice.audio.resample import Samples

_LOUDER = 5.0
"""Power of what is left over that of the echo, 7 dB: where the path has changed, and what is taken
out is wrong, about twice the echo's power is left, and a little more in a single block."""
_FADING = 0.95
"""Share of the loudest echo that still counts a block later: it falls to a third in 0.2 s."""
_FOLLOWS = 0.3
"""How much one block changes the level of what is left: most of it in 50 ms."""
_LEAST = 1e-6


class NearEnd:
    """For the thread of the canceller."""

    def __init__(self) -> None:
        self._echo = 0.0
        self._rest = 0.0

    def certain(self, near: Samples, rest: Samples) -> bool:
        """Take a block as it was heard and what the linear canceller left of it."""
        self._echo = max(_power(near - rest), self._echo * _FADING)
        self._rest += (_power(rest) - self._rest) * _FOLLOWS
        return self._rest > max(_LOUDER * self._echo, _LEAST)


def _power(samples: Samples) -> float:
    return float(np.mean(samples * samples))
