"""Timers by name on a clock that the caller owns."""

from voice.timers import Timers


def test_timers_run_out_once_and_earliest_first() -> None:
    timers = Timers()
    timers.set("late", 3.0)
    timers.set("early", 1.0)
    assert timers.pop_due(0.5) == []
    assert timers.pop_due(3.0) == ["early", "late"]
    assert timers.pop_due(9.0) == []


def test_setting_again_restarts_and_cancelling_forgets() -> None:
    timers = Timers()
    timers.set("step", 1.0)
    timers.set("step", 5.0)
    assert timers.pop_due(2.0) == []
    timers.cancel("step")
    timers.cancel("never set")
    assert timers.pop_due(9.0) == []


def test_a_copy_is_independent() -> None:
    timers = Timers()
    timers.set("step", 1.0)
    copy = timers.copy()
    timers.cancel("step")
    assert copy.pop_due(1.0) == ["step"]
