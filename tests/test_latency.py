"""The trace of a turn: what is measured, and that it is told once."""

import pytest

from voice.events import Latency
from voice.latency import Axis, Trace
from voice.listening.messages import Turn


class Clock:
    """Wall time by hand."""

    def __init__(self) -> None:
        self.t = 100.0

    def __call__(self) -> float:
        return self.t


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def axis(clock: Clock) -> Axis:
    axis = Axis(clock)
    axis.note(5.0)
    return axis


def turn() -> Turn:
    return Turn(
        turn=1,
        revision=0,
        text="Next.",
        confidence=0.9,
        alternatives=(),
        accepted=True,
        reason="",
        began=4.0,
        last_voiced=4.5,
        soft_end=4.65,
        transcribed=4.9,
        voiced_s=0.4,
        overlapped=False,
    )


def test_the_axis_goes_on_inside_a_block_and_waits_at_its_end(axis: Axis, clock: Clock) -> None:
    clock.t += 0.004
    assert axis.now() == pytest.approx(5.004)
    clock.t += 1.0
    assert axis.now() == pytest.approx(5.01)
    axis.note(5.02)
    assert axis.now() == pytest.approx(5.02)


def test_every_stage_is_told_on_the_axis(axis: Axis) -> None:
    trace = Trace(turn(), axis)
    axis.note(5.02)
    trace.decided()
    trace.answered(5.3)
    axis.note(5.62)
    trace.synthesised()
    (told,) = trace.close(5.65)
    assert told == Latency(
        t=5.65,
        last_voiced=4.5,
        soft_end=4.65,
        transcript=4.9,
        commit=5.0,
        decision=5.02,
        first_token=5.3,
        first_synthesis=5.62,
        first_sample=5.65,
    )


def test_what_did_not_happen_is_null_and_a_trace_is_told_once(axis: Axis) -> None:
    trace = Trace(turn(), axis)
    trace.decided()
    (told,) = trace.close()
    assert (told.first_token, told.first_synthesis, told.first_sample) == (None, None, None)
    assert told.t == told.decision
    assert list(trace.close(6.0)) == []


def test_only_the_first_utterance_is_a_measure_of_the_turn(axis: Axis) -> None:
    trace = Trace(turn(), axis)
    assert not trace.claimed
    assert trace.claim() is trace
    assert trace.claim() is None
