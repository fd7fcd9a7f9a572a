"""What the coach says and when, as content: coach.yaml, where each field is explained."""

import re
from collections.abc import Iterable, Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from voice.dialogue import words
from voice.dialogue.protocol import Slug, Text
from voice.dialogue.regions import Region, slots_in
from voice.dialogue.yamlfile import ContentError, Document, Mistake
from voice.spoken import cardinal

LONGEST_LINE = 15
"""Words."""
LONGEST_PAUSE_S = 10.0
"""No guideline allows a longer gap between compressions."""
_MINUTE_S = 60.0

Facts = frozenset[str]
Positive = Annotated[float, Meta(gt=0)]


class Set(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A number of compressions and the pause for breaths after them."""

    if_: tuple[Slug, ...] = msgspec.field(name="if")
    unless: tuple[Slug, ...] = ()
    pushes: Annotated[int, Meta(ge=2)]
    pause_s: Annotated[float, Meta(ge=3, le=LONGEST_PAUSE_S)]
    """From the last push to the first of the next set."""
    say: Text

    def applies(self, facts: Facts) -> bool:
        """Whether this is how compressions are done when so much is known."""
        return facts.issuperset(self.if_) and facts.isdisjoint(self.unless)


class Counting(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Counting aloud."""

    aloud: tuple[Annotated[int, Meta(ge=1)], ...]
    again: Text
    quiet_if: Slug
    """The fact with which no numbers are said."""
    sets: tuple[Set, ...]

    def choose(self, facts: Facts) -> Set | None:
        """The sets in which to push, or None for hands only."""
        return next((item for item in self.sets if item.applies(facts)), None)

    def numbers(self, pushes: int, facts: Facts) -> tuple[tuple[int, str], ...]:
        """The beats that are counted aloud in a set, with their words."""
        aloud = () if self.quiet_if in facts else self.aloud
        return tuple((n, cardinal(n)) for n in aloud if n <= pushes)


class Cue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to be said once while compressions are new."""

    id: Slug
    after_s: Positive
    until_s: Positive
    told: str
    """A pattern; a line that it fits, whoever spoke it, makes the cue needless."""
    say: Text
    for_: dict[Slug, Text] = msgspec.field(name="for", default={})
    """Other words when a fact is known."""

    def line(self, facts: Facts) -> str:
        """The words for whom this is about."""
        return next((line for fact, line in self.for_.items() if fact in facts), self.say)

    def told_by(self, text: str) -> bool:
        """Whether a spoken line says it already."""
        return bool(re.search(self.told, text, re.IGNORECASE))


class Praise(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Short encouragement."""

    say: Text
    every_s: Annotated[float, Meta(ge=30)]
    quiet_s: Positive
    """How long nothing was said before it."""


class Marks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is said at fixed times."""

    every_s: Annotated[float, Meta(ge=60, multiple_of=60)]
    elapsed: Text
    longest_min: Annotated[int, Meta(ge=1)]
    """Later times are not told any more."""
    swap: Text
    alone: Text

    def line(self, mark: int, alone: bool) -> str:
        """The words of the mark of this number, from 1."""
        minutes = round(mark * self.every_s / _MINUTE_S)
        told = [self.time(minutes)] if minutes <= self.longest_min else []
        return " ".join((*told, self.alone if alone else self.swap))

    def time(self, minutes: int) -> str:
        """The time since compressions began."""
        return self.elapsed.replace("{n}", cardinal(minutes).capitalize())

    def times(self) -> Iterator[str]:
        """Every time that can be told."""
        step = round(self.every_s / _MINUTE_S)
        return map(self.time, range(step, self.longest_min + 1, step))


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """coach.yaml."""

    counting: Counting
    cues: tuple[Cue, ...]
    praise: Praise
    marks: Marks

    def lines(self) -> Iterator[str]:
        """Everything that can be spoken, the most urgent first, slots unfilled."""
        for item in self.counting.sets:
            yield item.say
        yield self.counting.again
        yield from map(cardinal, self.counting.aloud)
        for cue in self.cues:
            yield from (cue.say, *cue.for_.values())
        yield from (self.praise.say, self.marks.swap, self.marks.alone)
        yield from self.marks.times()

    def told_by(self, lines: Iterable[str]) -> Facts:
        """The cues that these lines give."""
        told = "\n".join(lines)
        return frozenset(cue.id for cue in self.cues if cue.told_by(told))

    @property
    def announcements(self) -> tuple[str, ...]:
        """What is said in time with the beat besides numbers."""
        return (*(item.say for item in self.counting.sets), self.counting.again)


def load(document: Document, regions: dict[str, Region]) -> Plan:
    """Read coach.yaml; raises ContentError."""
    plan = document.convert(document.data, Plan)
    mistakes = [*_too_long(document, plan, regions), *_unfit(document, plan)]
    if mistakes:
        raise ContentError(mistakes)
    return plan


def _too_long(document: Document, plan: Plan, regions: dict[str, Region]) -> Iterator[Mistake]:
    """Lines that are too long, or have slots that a region does not fill."""
    marks = (plan.marks.line(mark, alone) for mark in range(1, 31) for alone in (True, False))
    for line in (*plan.lines(), *marks):
        for name, region in regions.items():
            if missing := [slot for slot in slots_in(line) if slot not in region.slots]:
                yield document.mistake("$", f"slot `{{{missing[0]}}}` is not filled in {name}")
            elif (many := words.count(region.say(line))) > LONGEST_LINE:
                yield document.mistake("$", f"{many} words, at most {LONGEST_LINE}: {line}")


def _unfit(document: Document, plan: Plan) -> Iterator[Mistake]:
    """Counts that a rescuer would not hear the end of, and patterns that do not hold."""
    for index, item in enumerate(plan.counting.sets):
        if item.pushes not in plan.counting.aloud:
            path = f"$.counting.sets[{index}].pushes"
            yield document.mistake(path, f"{item.pushes} is not counted aloud")
    for index, cue in enumerate(plan.cues):
        try:
            told = all(cue.told_by(line) for line in (cue.say, *cue.for_.values()))
        except re.error as error:
            yield document.mistake(f"$.cues[{index}].told", f"is no pattern: {error}")
            continue
        if not told:
            yield document.mistake(f"$.cues[{index}].told", "does not fit the cue's own words")
