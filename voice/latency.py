"""Where the time of a turn goes, from its last voiced sample to the first sample of the reply.

Every moment is in seconds on the input's axis.
"""

import time
from collections.abc import Callable, Iterator

from voice.audio.interface import BLOCK_S
from voice.events import Latency
from voice.listening.messages import Turn


class Axis:
    """Where the input's axis stands now. Noted by the back end's thread, read by any.

    Blocks may have to wait for the loop, so this is not what the loop has heard. Inside a block
    wall time tells, never beyond it: the axis of a recording that is not paced stands still.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._noted = (0.0, clock())

    def note(self, t: float) -> None:
        """A block that ends at `t` has just come in."""
        self._noted = (t, self._clock())

    def now(self) -> float:
        """Seconds on the axis."""
        t, noted = self._noted
        return t + min(self._clock() - noted, BLOCK_S)


class Trace:
    """One turn on its way to the first sample of its reply.

    Used by the loop's thread, apart from `synthesised`, which the speaker's thread calls.
    """

    def __init__(self, turn: Turn, axis: Axis) -> None:
        self.last_voiced = turn.last_voiced
        self._turn = turn
        self._axis = axis
        self._commit = axis.now()
        self._decision: float | None = None
        self._first_token: float | None = None
        self._first_synthesis: float | None = None
        self.claimed = False
        """An utterance speaks for it."""
        self._closed = False

    def claim(self) -> "Trace | None":
        """Give itself to the first utterance that asks: later ones are no measure of the turn."""
        first, self.claimed = not self.claimed, True
        return self if first else None

    def decided(self) -> None:
        """The dialogue has made up its mind."""
        self._decision = self._axis.now()

    def answered(self, first_token: float | None) -> None:
        """The language model answers it, since `first_token`."""
        self._first_token = first_token

    def synthesised(self) -> None:
        """The engine gave the first sound of the reply."""
        self._first_synthesis = self._axis.now()

    def close(self, first_sample: float | None = None) -> Iterator[Latency]:
        """Give the event of a turn that is heard now, or never will be; only once."""
        if self._closed:
            return
        self._closed = True
        moments = (self._commit, self._decision, self._first_synthesis, first_sample)
        yield Latency(
            t=max(t for t in moments if t is not None),
            last_voiced=self.last_voiced,
            soft_end=self._turn.soft_end,
            transcript=self._turn.transcribed,
            commit=round(self._commit, 3),
            decision=_rounded(self._decision),
            first_token=_rounded(self._first_token),
            first_synthesis=_rounded(self._first_synthesis),
            first_sample=_rounded(first_sample),
        )


def _rounded(t: float | None) -> float | None:
    return None if t is None else round(t, 3)
