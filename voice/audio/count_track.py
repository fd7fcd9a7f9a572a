"""Words in time with the beat: the count of the compressions, and what frames a pause for breaths.

They begin on a sample that is known ahead, whatever the loop is doing, and so are no utterances. A
number gives way to all other words; what announces a pause or its end is always said. Positions
are samples at the mixer's rate. Every method is called under the mixer's lock.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np

from voice.audio.beats import Schedule, Sets, Strike
from voice.audio.interface import SpeakerBlock

FADE_S = 0.010
_AUDIBLE_DB = -30.0
"""Level below a word's peak from which it counts as begun: breath and room before it do not."""


@dataclass(frozen=True)
class Count:
    """The words of the sets, each beginning with its first audible sample."""

    sets: Sets
    numbers: dict[int, SpeakerBlock]
    """The words of the beats that are counted aloud, by their number."""
    breaths: SpeakerBlock
    """Said where the beat after the last one would be."""
    again: SpeakerBlock
    """Said two beats before the next set."""


def trimmed(samples: SpeakerBlock) -> SpeakerBlock:
    """The samples from the first to the last audible one."""
    level = np.abs(samples)
    audible = np.flatnonzero(level >= level.max(initial=0.0) * 10 ** (_AUDIBLE_DB / 20))
    return samples[audible[0] : audible[-1] + 1] if level.any() else samples[:0]


@dataclass(frozen=True)
class _Word:
    start: int
    samples: SpeakerBlock
    must: bool

    @property
    def end(self) -> int:
        return self.start + len(self.samples)


class CountTrack:
    """The words that are due or sound."""

    def __init__(self, rate: int) -> None:
        self._count: Count | None = None
        self._fade = np.linspace(1, 0, round(FADE_S * rate), dtype=np.float32)
        self._due: deque[_Word] = deque()
        self._sounding: _Word | None = None
        self._leaving: list[_Word] = []
        """Tails of words that were cut short, faded out."""

    @property
    def sounding(self) -> bool:
        """Whether a word goes on past the rendered blocks."""
        return self._sounding is not None or bool(self._leaving)

    def start(self, count: Count | None) -> None:
        """Say these words from now on, or none; a word that sounds is finished."""
        if count is not self._count:
            self._count = count
            self._due.clear()

    def struck(self, strike: Strike, schedule: Schedule) -> None:
        """Say what belongs to a beat that was just taken from its schedule."""
        count = self._count
        if count is None or not strike.number:
            return
        if strike.number in count.numbers:
            self._due.append(_Word(strike.sample, count.numbers[strike.number], must=False))
        if schedule.resting:
            beat = schedule.interval
            self._due.append(_Word(strike.sample + beat, count.breaths, must=True))
            self._due.append(_Word(schedule.next - 2 * beat, count.again, must=True))

    def insists(self, start: int, end: int) -> bool:
        """Whether a word that must be heard sounds between two samples."""
        words = [*self._due, *([self._sounding] if self._sounding else [])]
        return any(word.must and word.start < end and word.end > start for word in words)

    def hush(self, start: int, end: int) -> None:
        """Say no numbers between two samples: something else is being said."""
        self._due = deque(word for word in self._due if word.must or word.start >= end)
        if self._sounding and not self._sounding.must:
            self._cut(self._sounding, start)

    def add_to(self, out: SpeakerBlock, start: int) -> None:
        """Add the words to a block whose first sample has index `start`."""
        end = start + len(out)
        while self._due and self._due[0].start < end:
            self._begin(self._due.popleft())
        for word in [*self._leaving, *([self._sounding] if self._sounding else [])]:
            _add(word, out, start)
        self._leaving = [word for word in self._leaving if word.end > end]
        if self._sounding and self._sounding.end <= end:
            self._sounding = None

    def _begin(self, word: _Word) -> None:
        before = self._sounding
        if before and before.end > word.start:
            if before.must and not word.must:
                return
            self._cut(before, word.start)
        self._sounding = word

    def _cut(self, word: _Word, at: int) -> None:
        """Fade out what sounds from a sample on."""
        samples = word.samples[: max(at - word.start, 0) + len(self._fade)].copy()
        tail = samples[max(at - word.start, 0) :]
        tail *= self._fade[: len(tail)]
        self._leaving.append(_Word(word.start, samples, must=False))
        self._sounding = None


def _add(word: _Word, out: SpeakerBlock, start: int) -> None:
    """Add the part of a word that falls into a block."""
    into, skipped = max(word.start - start, 0), max(start - word.start, 0)
    part = word.samples[skipped : skipped + len(out) - into]
    out[into : into + len(part)] += part
