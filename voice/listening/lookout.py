"""Half duplex: while we speak, what is heard is only searched for a command that cannot wait.

Turns are of no use there, for our own voice never lets one end. Short overlapping windows are
recognised instead, one at a time.
"""

from voice.audio.interface import INPUT_RATE
from voice.events import TranscriptEvent
from voice.listening.messages import Output, Turn

WINDOW = round(1.4 * INPUT_RATE)
"""Samples; a command of 0.9 s lies within one of two windows that follow each other."""
EVERY = INPUT_RATE // 2


class Lookout:
    """When to look, in samples of the input's axis."""

    def __init__(self) -> None:
        self._last = 0
        self._looking = False

    def due(self, now: int) -> tuple[int, int] | None:
        """Give the window to be looked at now, if any; `done` must follow."""
        if self._looking or now - self._last < EVERY:
            return None
        self._last, self._looking = now, True
        return max(0, now - WINDOW), now

    def done(self) -> None:
        """The window was recognised, or could not be."""
        self._looking = False


def spotted(said: str, t: float) -> list[Output]:
    """Give what a turn of these words leads to."""
    turn = Turn(
        turn=-round(t * INPUT_RATE),  # none of the machine's
        revision=0,
        text=said,
        confidence=1.0,
        alternatives=(),
        accepted=True,
        reason="",
        began=t,
        last_voiced=t,
        soft_end=t,
        transcribed=t,
        voiced_s=WINDOW / INPUT_RATE,
        overlapped=True,
    )
    return [TranscriptEvent(t=t, text=said, confidence=1.0, accepted=True), turn]
