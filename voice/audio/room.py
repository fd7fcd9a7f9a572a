"""A simulated room: what the speaker plays comes back into the microphone, scaled and delayed."""

import numpy as np

from voice.audio.gain import decibels
from voice.audio.interface import INPUT_RATE, MicBlock, SpeakerBlock
from voice.audio.resample import Decimator, to_int16
from voice.errors import UserError


class Room:
    """Adds the echo of the output to the input, block by block on one axis."""

    def __init__(self, output_rate: int, echo_db: float, delay_ms: float) -> None:
        shortest_ms = Decimator.HALF_S * 1000
        if not shortest_ms <= delay_ms <= 2000:
            raise UserError(f"--echo-delay-ms {delay_ms}: give {shortest_ms:.0f} to 2000")
        if not -120 <= echo_db <= 40:
            raise UserError(f"--echo-db {echo_db}: give -120 to 40")
        self._gain = decibels(echo_db)
        self._decimator = Decimator(output_rate)
        # The echo that the next microphone blocks will hear.
        self._air = np.zeros(round(delay_ms * INPUT_RATE / 1000), np.float32)

    def hear(self, near: MicBlock, played: SpeakerBlock) -> MicBlock:
        """Give what the microphone hears while `played` leaves the speaker."""
        self._air = np.concatenate([self._air, self._decimator.push(played) * self._gain])
        echo, self._air = self._air[: len(near)], self._air[len(near) :]
        return to_int16(near.astype(np.float32) / 32768.0 + echo)
