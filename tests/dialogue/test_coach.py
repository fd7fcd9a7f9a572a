"""The coach's state machine: one line at a time, at its time, and none while hands are off."""

import math
from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.real_content import loaded
from voice.config import Settings
from voice.dialogue import coach as c
from voice.dialogue import coach_plan, content
from voice.dialogue.coach_plan import Plan
from voice.dialogue.regions import Region
from voice.dialogue.yamlfile import ContentError, Document

FILE = content.folder(Settings()) / "coach.yaml"
PLAN: Plan = loaded().coach
EPS = 1e-6


@dataclass
class Session:
    """A rescuer, a protocol and the coach on one clock, in seconds."""

    now: float = 0.0
    coach: c.Coach = field(default_factory=c.Coach)
    said: list[tuple[float, str]] = field(default_factory=list)
    """What the coach said."""
    quiet_from: float = 0.0
    next_line: float = math.inf
    facts: frozenset[str] = frozenset()

    def event(self, event: c.Event) -> str | None:
        self.coach, line = c.step(self.coach, event, PLAN)
        return line

    def beat(self, on: bool, **more: bool) -> None:
        self.event(c.Beat(self.now, on, **more))

    def words(self, text: str) -> None:
        """The protocol or an answer speaks, instead of what was being said."""
        self.event(c.Words(self.now, text))
        self.quiet_from = self.now + c.lasts(text)

    def line_at(self, due: float) -> None:
        """The protocol's next line comes by itself then."""
        self.next_line = due
        self.event(c.NextLine(self.now, due))

    def until(self, t: float) -> None:
        """Let time pass, with the coach's timer."""
        for _ in range(200):
            due = c.due(self.coach, self.facts, PLAN, self.now)
            if due is None or due > t:
                break
            self.now = due
            line = self.event(c.Tick(self.now, self.facts))
            assert line, "a timer that leads to nothing would run out again at once"
            self.said.append((self.now, line))
            self.words(line)
        else:
            raise AssertionError("the coach does not stop talking")
        self.now = t


inputs = st.one_of(
    st.tuples(st.just("wait"), st.floats(0.1, 200)),
    st.tuples(
        st.just("words"),
        st.sampled_from(["Keep pushing.", "Push one third deep. " * 9, "So it is."]),
    ),
    st.tuples(st.just("line_at"), st.floats(1, 60)),
    st.tuples(st.just("beat"), st.booleans()),
    st.tuples(st.just("counted"), st.booleans()),
    st.tuples(st.just("alone"), st.booleans()),
    st.tuples(st.just("over"), st.none()),
)


@settings(max_examples=150)
@given(st.lists(inputs, max_size=40))
def test_it_speaks_alone_in_time_and_only_while_the_rescuer_pushes(script) -> None:
    session, began, on, counted = Session(), None, False, False
    for what, value in script:
        before = len(session.said)
        if what == "wait":
            quiet, coming = session.quiet_from, session.next_line
            session.until(session.now + value)
            for at, line in session.said[before:]:
                assert on
                assert began is not None
                assert at >= quiet + c.GAP_S - EPS
                assert at + c.lasts(line) + c.GAP_S <= coming + EPS
                assert not (counted and line == PLAN.praise.say)
                quiet = at + c.lasts(line)
        elif what == "words":
            session.words(value)
        elif what == "line_at":
            session.line_at(session.now + value)
        elif what == "alone":
            session.facts = frozenset(["alone"]) if value else frozenset()
        else:
            on = value if what == "beat" else on and what != "over"
            counted = value if what == "counted" else counted
            began = (session.now if on and began is None else began) if what != "over" else None
            session.beat(on, counted=counted, over=what == "over")
    praises = [at for at, line in session.said if line == PLAN.praise.say]
    assert all(b - a >= PLAN.praise.every_s - EPS for a, b in pairwise(praises))


@settings(max_examples=60)
@given(st.lists(inputs.filter(lambda item: item[0] != "over"), max_size=30))
def test_cues_come_once_and_early_and_marks_in_order_at_their_time(script) -> None:
    session = Session(now=100.0)
    session.beat(True)
    for what, value in script:
        if what == "wait":
            session.until(session.now + value)
        elif what == "words":
            session.words(value)
        elif what == "line_at":
            session.line_at(session.now + value)
        elif what in ("beat", "counted"):
            session.beat(value if what == "beat" else True, counted=what == "counted")
    for cue in PLAN.cues:
        given_at = [at for at, line in session.said if line == cue.say]
        assert len(given_at) <= 1
        assert all(100 + cue.after_s - EPS <= at <= 100 + cue.until_s + EPS for at in given_at)
    times = list(PLAN.marks.times())
    marks = [(at, line) for at, line in session.said if line.startswith(tuple(times))]
    told = [1 + times.index(line[: line.index(".") + 1]) for _, line in marks]
    assert told == sorted(set(told))
    for (at, _), mark in zip(marks, told, strict=True):
        assert -EPS <= at - 100 - mark * PLAN.marks.every_s <= c.LATE_S + EPS


def test_ten_quiet_minutes() -> None:
    session = Session()
    session.beat(True)
    session.until(605)
    cues = [(at, line) for at, line in session.said if line != PLAN.praise.say]
    assert cues == [
        (25, "Push hard, at least {push_depth} deep."),
        (40, "Let the chest come all the way up."),
        (120, "Two minutes. Swap now if someone can take over. Keep the gap short."),
        (240, "Four minutes. Swap now if someone can take over. Keep the gap short."),
        (360, "Six minutes. Swap now if someone can take over. Keep the gap short."),
        (480, "Eight minutes. Swap now if someone can take over. Keep the gap short."),
        (600, "Ten minutes. Swap now if someone can take over. Keep the gap short."),
    ]


def test_somebody_alone_is_not_told_to_swap() -> None:
    session = Session(facts=frozenset(["alone"]))
    session.beat(True)
    session.until(125)
    assert session.said[-1] == (120, "Two minutes. Push as well as you can, don't stop.")


def test_what_the_protocol_has_said_is_not_said_again() -> None:
    session = Session()
    session.beat(True)
    session.words("At least five centimetres deep. Let the chest come all the way up.")
    session.until(110)
    assert {line for _, line in session.said} == {PLAN.praise.say}


def test_a_break_for_the_machine_counts_a_return_of_breath_begins_anew() -> None:
    session = Session()
    session.beat(True)
    session.until(100)
    session.beat(False)
    session.until(130)
    session.beat(True)
    session.until(139)
    session.beat(False, over=True)
    session.until(1000)
    session.beat(True)
    session.until(1121)
    marks = [at for at, line in session.said if line.startswith("Two minutes.")]
    assert marks == [130, 1120]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        ("pushes: 30, pause_s: 8", "pushes: 30, pause_s: 11", "<= 10"),
        ("pushes: 15,", "pushes: 16,", "16 is not counted aloud"),
        ("Keep the gap short.", "Keep the gap as short as ever you can manage it.", "at most 15"),
        ("{push_depth}", "{push_depths}", "not filled in"),
        ("told: '", "told: '(", "no pattern"),
        ("third|least", "fourth", "does not fit"),
        ("every_s: 30", "every_s: 20", ">= 30"),
    ],
)
def test_a_mistake_in_the_file_is_named(before: str, after: str, why: str) -> None:
    text = FILE.read_text("utf-8")
    assert before in text
    regions = {"here": Region(name="Here", slots={"push_depth": "five centimetres, two inches"})}
    coach_plan.load(Document("coach.yaml", text), regions)
    with pytest.raises(ContentError, match=why):
        coach_plan.load(Document("coach.yaml", text.replace(before, after)), regions)
