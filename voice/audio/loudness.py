"""How loud the room is, and how much louder we speak for that. Pure; a block is 10 ms."""

from collections import deque

import numpy as np

from voice.audio.interface import BLOCK_S, MicBlock

QUIET_DB = -52.0
"""A room whose noise is below this level of full scale needs nothing."""
SLOPE = 0.6
"""Decibels that we get louder for each decibel of noise above that; people do about half."""
STEP_DB = 2.0
"""Smaller changes would be heard and help nobody."""
_WINDOW_S = 4.0
_LOOK_S = 1.0
_SETTLE_S = 0.5
"""Our own sound takes so long to die away in a room."""
_LOW = 20
"""Percentile of the blocks' levels: what goes on under clicks and single words."""


class RoomGain:
    """The extra gain for the noise around; told of every block that the microphone gives."""

    def __init__(self, most_db: float) -> None:
        """`most_db`: the largest extra gain; 0 keeps the loudness as it is."""
        self.db = 0.0
        self._most_db = most_db
        self._levels: deque[float] = deque(maxlen=round(_WINDOW_S / BLOCK_S))
        self._wait = 0
        self._heard = 0

    @property
    def floor_db(self) -> float | None:
        """Level of the noise in dB of full scale; None before there was enough to judge by."""
        full = len(self._levels) == self._levels.maxlen
        return float(np.percentile(self._levels, _LOW)) if full else None

    def hear(self, block: MicBlock, quiet: bool) -> bool:
        """Take in a block; give whether the gain has changed.

        `quiet`: nobody speaks, we included; the beat does not count.
        """
        self._wait = self._wait - 1 if quiet else round(_SETTLE_S / BLOCK_S)
        if self._wait > 0 or self._most_db <= 0:
            return False
        self._wait = 0
        power = float(np.mean(np.square(block, dtype=np.float64))) / 32768.0**2
        self._levels.append(10 * np.log10(max(power, 1e-10)))
        self._heard += 1
        return self._heard % round(_LOOK_S / BLOCK_S) == 0 and self._follow()

    def _follow(self) -> bool:
        floor = self.floor_db
        if floor is None:
            return False
        wanted = min(max((floor - QUIET_DB) * SLOPE, 0.0), self._most_db)
        reached_an_end = wanted in (0.0, self._most_db) and wanted != self.db
        if abs(wanted - self.db) < STEP_DB and not reached_an_end:
            return False
        self.db = wanted
        return True
