"""A faint noise before speech after a pause: wireless speakers swallow what wakes them."""

import numpy as np

from voice.audio.interface import BLOCK_S, SpeakerBlock

ASLEEP_S = 1.0
"""Silence after which a device may have gone to sleep."""
_LEVEL = 6e-5
"""Peak, two steps of 16 bits; digital silence would wake nothing."""


class LeadIn:
    """For the mixer, which asks once a block."""

    def __init__(self, block: int, seconds: float) -> None:
        self._blocks = round(seconds / BLOCK_S)
        self._noise = np.random.default_rng(0).uniform(-_LEVEL, _LEVEL, block).astype(np.float32)
        self._silent = round(ASLEEP_S / BLOCK_S)
        self._left = 0

    def holds(self, out: SpeakerBlock, *, waiting: bool, silent: bool) -> bool:
        """Whether this block is still the noise, which `out` then has.

        `waiting`: a voice would begin now; `silent`: nothing else sounds either.
        """
        if not self._blocks:
            return False
        if self._left:
            self._left = self._left - 1 if waiting else 0
        elif waiting and self._silent >= ASLEEP_S / BLOCK_S:
            self._left = self._blocks
        self._silent = self._silent + 1 if silent and not waiting else 0
        if self._left:
            out[:] = self._noise
        return self._left > 0
