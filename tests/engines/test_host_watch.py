"""When a worker counts as lost, and how long until the next start."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.engines.watch import PING_S, RETRY_S, SILENCE_S, STEADY_S, BackOff, Heartbeat

pytestmark = pytest.mark.alone


def watched(seconds: float, answers_until: float) -> tuple[Heartbeat, str]:
    """A worker, ready at 0, that answers until a time and is looked at every 0.1 s."""
    heart = Heartbeat(0.0, 60.0)
    heart.loaded(0.0)
    verdict = ""
    for tick in range(1, int(seconds * 10) + 1):
        now = tick / 10
        if now <= answers_until:
            heart.heard(now)
        verdict = verdict or heart.verdict(now)
    return heart, verdict


def test_a_worker_that_answers_is_left_alone():
    assert watched(30.0, 30.0)[1] == ""


def test_a_silent_worker_is_lost_soon():
    assert watched(5.0 + SILENCE_S + 0.1, 5.0)[1] == "no sign of life"
    assert watched(5.0 + SILENCE_S - 0.2, 5.0)[1] == ""


def test_a_host_that_slept_does_not_blame_the_worker():
    heart, _ = watched(5.0, 5.0)
    assert heart.verdict(60.0) == ""
    assert heart.verdict(60.2) == ""


def test_silence_does_not_count_while_loading_but_the_load_time_does():
    heart = Heartbeat(0.0, 60.0)
    assert heart.verdict(59.0) == ""
    assert heart.verdict(60.0) == "loading takes too long"


def test_a_worker_is_quiet_well_before_it_counts_as_lost():
    heart, _ = watched(5.0, 5.0)
    assert not heart.quiet(5.0 + 1.5 * PING_S)
    assert heart.quiet(5.0 + SILENCE_S - PING_S)


def test_pings_go_out_at_their_interval():
    heart = Heartbeat(0.0, 60.0)
    assert heart.ping_due(10.0)
    assert not heart.ping_due(10.0 + PING_S / 2)
    assert heart.ping_due(10.0 + PING_S)


def test_the_first_restart_is_at_once_and_repeated_deaths_wait_longer():
    back_off = BackOff()
    waits = [back_off.died(0.0) for _ in range(len(RETRY_S) + 3)]
    assert waits[0] == 0.0
    assert waits == sorted(waits)
    assert waits[-1] == RETRY_S[-1]


def test_steady_service_forgets_earlier_deaths():
    back_off = BackOff()
    for _ in range(5):
        back_off.died(0.0)
    back_off.ready(100.0)
    assert back_off.died(100.0 + STEADY_S) == 100.0 + STEADY_S


def test_a_worker_that_dies_right_after_each_start_is_not_started_ever_faster():
    back_off = BackOff()
    now, waits = 0.0, []
    for _ in range(6):
        back_off.ready(now)
        waits.append(back_off.died(now + 1.0) - now - 1.0)
        now += 1.0 + waits[-1]
    assert waits == list(RETRY_S[:6])


@given(st.floats(0, 1e6))
def test_an_engine_that_cannot_be_loaded_is_tried_again_only_slowly(now):
    assert BackOff().refused(now) == now + RETRY_S[-1]
