"""What is said to a rescuer who pushes, and when: a pure state machine beside the protocol.

    step(coach, event, plan) -> (coach, line)
    due(coach, facts, plan, now) -> when to come with the next Tick

Times are in seconds on the input's axis. The coach fills the silence that the protocol leaves: it
says one line at a time, never while other words are being spoken, never right before the
protocol's next line, and nothing at all while the beat is off.
"""

import math
from collections.abc import Iterator

import msgspec
from msgspec.structs import replace

from voice.dialogue import words
from voice.dialogue.coach_plan import Facts, Plan

GAP_S = 1.5
"""Silence before a line and, at least, between its end and the protocol's next line."""
LATE_S = 20.0
"""A mark that could not be told for so long is left out: its time would be wrong."""
ALONE = "alone"
"""The fact that nobody can take over."""
_WORD_S, _LINE_S = 0.4, 0.5
"""How long speech takes: a slow word, and what a line costs besides its words."""


class Coach(msgspec.Struct, frozen=True):
    """What the coach remembers."""

    began: float | None = None
    """When these compressions began; breaks for a machine are part of them."""
    pushing: bool = False
    counted: bool = False
    """Whether a count is heard with the beat."""
    quiet_from: float = 0.0
    """When the words spoken last are over."""
    next_line: float = math.inf
    """When the protocol's next line comes by itself."""
    praised: float = 0.0
    marks: int = 0
    """How many marks have been told."""
    told: frozenset[str] = frozenset()
    """The cues that have been given."""
    left: frozenset[str] = frozenset()
    """The cues that are left to the protocol, whose own lines give them."""


class Beat(msgspec.Struct, frozen=True):
    """How the beat is now, and in which protocol."""

    t: float
    on: bool
    counted: bool = False
    over: bool = False
    """Off because the casualty needs no compressions any more."""
    left: frozenset[str] = frozenset()


class Words(msgspec.Struct, frozen=True):
    """Something is said; the coach's own lines are reported like all others."""

    t: float
    text: str
    append: bool = False
    """After what is being said, and not instead of it."""


class NextLine(msgspec.Struct, frozen=True):
    """When the protocol will speak by itself (infinite: not at all)."""

    t: float
    due: float


class Tick(msgspec.Struct, frozen=True):
    """Time has passed; `facts` are what is known now."""

    t: float
    facts: Facts = frozenset()


Event = Beat | Words | NextLine | Tick


class _Line(msgspec.Struct, frozen=True):
    """A line that may be said from a time on, and what the coach is when it has been said."""

    at: float
    text: str
    after: Coach


def step(coach: Coach, event: Event, plan: Plan) -> tuple[Coach, str | None]:
    """Take one event and give the next state and what is to be said now, if anything."""
    match event:
        case Beat():
            return _beat(coach, event), None
        case Words():
            return _heard(coach, event, plan), None
        case NextLine(due=due):
            return replace(coach, next_line=due), None
        case Tick(t=t, facts=facts):
            now = (line for line in _lines(coach, facts, plan, t) if line.at <= t)
            line = next(now, None)
            return (line.after, line.text) if line else (coach, None)


def due(coach: Coach, facts: Facts, plan: Plan, now: float) -> float | None:
    """When the next line of the coach is due as things are, or None.

    What does not fit before the protocol's next line is due anew once that has been said.
    """
    return min((line.at for line in _lines(coach, facts, plan, now)), default=None)


def lasts(text: str) -> float:
    """About how long it takes to say a text, in seconds."""
    return _LINE_S + _WORD_S * words.count(text)


def _beat(coach: Coach, beat: Beat) -> Coach:
    if beat.over:
        return Coach(quiet_from=coach.quiet_from, next_line=coach.next_line)
    if beat.on and coach.began is None:
        coach = replace(coach, began=beat.t, praised=beat.t)
    return replace(coach, pushing=beat.on, counted=beat.counted, left=beat.left)


def _heard(coach: Coach, said: Words, plan: Plan) -> Coach:
    told = plan.told_by([said.text])
    begins = max(coach.quiet_from, said.t) if said.append else said.t
    quiet_from = begins + lasts(said.text)
    return replace(coach, quiet_from=quiet_from, told=coach.told | told)


def _lines(coach: Coach, facts: Facts, plan: Plan, now: float) -> Iterator[_Line]:
    """What is still to be said from now on, the most important first."""
    if coach.began is None or not coach.pushing:
        return
    quiet = max(now, coach.quiet_from + GAP_S)
    for line in _wanted(coach, coach.began, facts, plan, quiet):
        if line.at + lasts(line.text) + GAP_S <= coach.next_line:
            yield line


def _wanted(coach: Coach, began: float, facts: Facts, plan: Plan, quiet: float) -> Iterator[_Line]:
    """What is still to be said once it is quiet, whatever the protocol is going to say."""
    marks = plan.marks
    mark = max(coach.marks + 1, math.ceil((quiet - began - LATE_S) / marks.every_s))
    text = marks.line(mark, alone=ALONE in facts)
    marked = max(quiet, began + mark * marks.every_s)
    yield _Line(marked, text, replace(coach, marks=mark))
    for cue in plan.cues:
        at = max(quiet, began + cue.after_s)
        if cue.id not in coach.told | coach.left and at <= began + cue.until_s:
            yield _Line(at, cue.line(facts), replace(coach, told=coach.told | {cue.id}))
    if not coach.counted:
        at = max(quiet, coach.quiet_from + plan.praise.quiet_s)
        at = max(at, coach.praised + plan.praise.every_s)
        if at + lasts(plan.praise.say) + GAP_S <= marked:
            yield _Line(at, plan.praise.say, replace(coach, praised=at))
