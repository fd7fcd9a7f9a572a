"""Steps down when recognition gets slow and up again, without going to and fro."""

from dataclasses import dataclass, field
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.config import Governor as Rules
from voice.governor import LONGEST_HOLD_S, LOWEST, TINY_TURNS, Change, Governor

RULES = Rules()


@dataclass
class Watched:
    """A governor, its clock, and all it decided."""

    governor: Governor = field(default_factory=lambda: Governor(RULES))
    now: float = 0.0
    changes: list[tuple[float, Change]] = field(default_factory=list)

    def turn(self, seconds: float, *, after: float = 5.0, complete: bool = True) -> None:
        self.now += after
        before = self.governor.level
        change = self.governor.turn(self.now, seconds, complete=complete)
        if change:
            assert abs(change.level - before) == 1
            assert change.level == self.governor.level
            self.changes.append((self.now, change))

    @property
    def levels(self) -> list[int]:
        return [change.level for _, change in self.changes]

    def ups(self) -> list[float]:
        levels = [0, *self.levels]
        return [
            at
            for (at, change), before in zip(self.changes, levels, strict=False)
            if change.level < before
        ]


def test_a_hot_machine_is_asked_for_less_and_a_cooled_one_for_all() -> None:
    watched = Watched()
    for _ in range(10):
        watched.turn(0.4)
    for _ in range(4):
        watched.turn(3.0)
    assert watched.levels == [1]
    for _ in range(4):
        watched.turn(2.5)  # too slow even for the tiny one
    assert watched.levels == [1, 2]
    for _ in range(40):
        watched.turn(0.2)
    assert watched.levels == [1, 2, 1, 0]
    assert all("recognition" in change.reason for _, change in watched.changes)


def test_one_turn_that_took_long_proves_nothing() -> None:
    watched = Watched()
    for turn in range(100):
        watched.turn(8.0 if turn % 11 == 5 else 0.5)
    assert watched.changes == []


def test_turns_that_are_given_up_count_when_they_were_slow_by_then() -> None:
    watched = Watched()
    for _ in range(20):
        watched.turn(0.5, complete=False)  # the rescuer went on speaking
    assert watched.changes == []
    for _ in range(4):
        watched.turn(2.6, complete=False)  # the tiny recogniser was quicker
    assert watched.levels == [1]


@given(st.floats(0.02, 8.0), st.lists(st.floats(0.8, 1.25), min_size=400, max_size=400))
def test_at_any_steady_speed_it_comes_to_rest(base_s: float, jitter: list[float]) -> None:
    """The tiny recogniser needs half the time; single turns differ by a quarter."""
    watched = Watched()
    for factor in jitter:
        share = 0.5 if watched.governor.level >= TINY_TURNS else 1.0
        watched.turn(base_s * share * factor)
    assert len(watched.changes) <= LOWEST
    assert watched.levels == sorted(watched.levels)


@given(st.floats(0.05, 8.0), st.floats(0.1, 1.0))
def test_where_the_tiny_one_tells_little_of_the_other_it_tries_ever_less(
    base_s: float, share: float
) -> None:
    watched = Watched()
    while watched.now < 2 * 3600:
        tiny = watched.governor.level >= TINY_TURNS
        watched.turn(base_s * (share if tiny else 1.0))
    assert len(watched.ups()) <= 2 + 2 * 3600 / LONGEST_HOLD_S
    late = [at for at in watched.ups() if at > 3600]
    assert all(later - at >= LONGEST_HOLD_S for at, later in pairwise(late))


@given(st.lists(st.tuples(st.floats(0.0, 8.0), st.floats(0.5, 60.0), st.booleans()), max_size=300))
def test_whatever_comes_steps_up_are_rare_and_levels_stay_in_bounds(
    turns: list[tuple[float, float, bool]],
) -> None:
    watched = Watched()
    for seconds, after, complete in turns:
        watched.turn(seconds, after=after, complete=complete)
        assert 0 <= watched.governor.level <= LOWEST
    times = [0.0, *(at for at, _ in watched.changes)]
    for at in watched.ups():
        assert at - times[times.index(at) - 1] >= RULES.hold_s


@pytest.mark.parametrize("slow_s", [600.0])
def test_it_can_be_switched_off(slow_s: float) -> None:
    governor = Governor(Rules(slow_s=slow_s))
    assert not any(governor.turn(float(t), 30.0) for t in range(100))
