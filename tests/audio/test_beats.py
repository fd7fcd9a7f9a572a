"""The schedule of the beats: grids, sets, pauses, whatever is changed meanwhile."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from voice.audio.beats import Schedule, Sets, Strike

FS = 48_000

rates = st.floats(100, 120)
sets = st.builds(Sets, beats=st.integers(2, 30), pause_s=st.floats(3, 10))


@given(rates, sets, st.integers(0, 10**6), st.integers(0, 40))
def test_a_set_is_one_grid_and_a_pause_has_its_length(
    rate: float, sets: Sets, first: int, before: int
) -> None:
    schedule = Schedule(FS, first, rate, sets)
    early = [schedule.take(may_begin=False) for _ in range(before)]
    assert [strike.number for strike in early] == [0] * before
    start, offset = first, before
    for _ in range(3):
        strikes = [schedule.take(may_begin=True) for _ in range(sets.beats)]
        assert strikes == [
            Strike(start + round((offset + k) * 60 * FS / rate), k + 1) for k in range(sets.beats)
        ]
        assert schedule.resting
        start, offset = strikes[-1].sample + round(sets.pause_s * FS), 0
        assert schedule.next == start


changes = st.one_of(
    st.tuples(st.just("take"), st.integers(1, 40)),
    st.tuples(st.just("wait"), st.integers(1, 400_000)),
    st.tuples(st.just("rate"), rates),
    st.tuples(st.just("sets"), st.none() | sets),
)


@given(st.lists(changes, max_size=40))
def test_counts_run_from_one_and_no_gap_is_longer_than_a_pause(script) -> None:
    schedule, now, strikes = Schedule(FS, 0, 110.0), 0, []
    for what, value in script:
        if what == "take":
            for _ in range(value):
                strikes.append((schedule.sets, schedule.take(may_begin=True)))
                now = strikes[-1][1].sample
        elif what == "wait":
            now = min(now + value, schedule.next)
        elif what == "rate":
            schedule.retime(now, value)
        else:
            schedule.regroup(now, value)
    for (of, one), (_, two) in pairwise(strikes):
        rests = of is not None and one.number == of.beats
        assert two.number in (0, 1, one.number + 1)
        assert not rests or two.number in (0, 1)
        gap = (two.sample - one.sample) / FS
        assert 60 / 121 < gap <= (10 if rests else 0.601)


def test_counting_ends_in_a_pause_with_a_beat_at_once() -> None:
    schedule = Schedule(FS, 0, 120.0, Sets(2, 8.0))
    last = [schedule.take(may_begin=True) for _ in range(2)][-1].sample
    schedule.regroup(last + 3 * FS, None)
    assert schedule.take(may_begin=True) == Strike(last + 3 * FS, 0)
