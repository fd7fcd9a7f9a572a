"""Where the compression beats fall, by sample index: one grid, or sets with a pause for breaths."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sets:
    """Compressions in sets, counted from 1, with a pause for breaths after each set."""

    beats: int
    """Compressions of one set."""
    pause_s: float
    """From the last beat of a set to the first of the next, in seconds."""


@dataclass(frozen=True)
class Strike:
    """One beat."""

    sample: int
    number: int
    """Its number within the set, from 1; 0: not counted."""


class Schedule:
    """Beat k falls on `first + round(k * 60 * fs / rate)`; every set has a grid of its own.

    Beats are not counted until `take` is told that counting may begin, so that "one" is not said
    into a sentence. Samples are at `sample_rate`, `rate` is in beats a minute.
    """

    def __init__(self, sample_rate: int, first: int, rate: float, sets: Sets | None = None) -> None:
        self._fs = sample_rate
        self._first = first
        self._k = 0
        self._number = 0
        """Of the last beat."""
        self._last = first
        self._counting = False
        self.resting = False
        """Whether the next beat begins a set after a pause."""
        self.rate = rate
        self.sets = sets

    @property
    def next(self) -> int:
        """The sample of the next beat."""
        return self._first + self._beats(self._k)

    @property
    def interval(self) -> int:
        """Samples from one beat to the next."""
        return self._beats(1)

    def take(self, may_begin: bool) -> Strike:
        """Strike the next beat; `may_begin`: counting may begin with it."""
        sample = self._last = self.next
        self._k += 1
        self.resting = False
        if self.sets is None or not (self._counting or may_begin):
            return Strike(sample, 0)
        self._counting = True
        self._number += 1
        strike = Strike(sample, self._number)
        if self._number == self.sets.beats:
            self._first, self._k = sample + round(self.sets.pause_s * self._fs), 0
            self._number, self.resting = 0, True
        return strike

    def retime(self, now: int, rate: float) -> None:
        """Change the rate at sample `now`: the share of the beat that has passed is kept.

        A pause keeps its length.
        """
        if not self.resting:
            left = (self.next - now) * self.rate / rate
            self._first, self._k = now + round(left), 0
        self.rate = rate

    def regroup(self, now: int, sets: Sets | None) -> None:
        """Count in other sets, or not at all; a pause is over by sample `now`."""
        if self.resting:
            self._first, self._k, self.resting = max(now, self._last + self.interval), 0, False
        self.sets, self._number, self._counting = sets, 0, False

    def _beats(self, count: int) -> int:
        return round(count * 60 * self._fs / self.rate)
