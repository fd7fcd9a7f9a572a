"""The worker host against real processes that behave in every bad way."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import psutil
import pytest

from tests.support.asking import Answer, States, ask, until
from voice.engines.host import WorkerHost, WorkerSpec
from voice.engines.interfaces import Done, SpeechChunk, Synthesize

pytestmark = pytest.mark.alone


def spec(**changes) -> WorkerSpec:
    return WorkerSpec(
        **{"name": "rogue", "module": "tests.support.rogue_worker", "unwind_s": 0.4, **changes}
    )


def order(text: str, generation: int = 0, deadline_s: float = 20.0) -> Synthesize:
    return Synthesize(text=text, generation=generation, deadline_s=deadline_s)


@pytest.fixture
def make_host():
    hosts = []

    def make(states=None, **changes) -> WorkerHost:
        host = WorkerHost(spec(**changes), states or States())
        hosts.append(host)
        host.start()
        return host

    yield make
    pids = [host.pid for host in hosts]
    for host in hosts:
        host.close()
    until(lambda: not any(pid and psutil.pid_exists(pid) for pid in pids), "end of the workers")


@pytest.fixture
def host(make_host):
    host = make_host()
    assert host.wait(30) == "ready"
    return host


def back_with_a_new_process(host: WorkerHost, old: int) -> None:
    until(lambda: host.state == "ready" and host.pid != old, "return of the worker")
    assert isinstance(ask(host, order("echo again")).end(), Done)


# --- service -----------------------------------------------------------------------------------


def test_background_work_makes_no_engine_busy(host):
    answer = ask(host, msgspec.structs.replace(order("poll 0.3"), background=True))
    assert not host.busy
    assert isinstance(answer.end(), Done)
    assert not host.busy
    ask(host, order("echo x")).end()
    until(lambda: not host.busy, "the end of what somebody waited for")


def test_a_request_gets_its_stream_in_order_and_one_end(host):
    answer = ask(host, order("stream 200"))
    assert isinstance(answer.end(), Done)
    chunks = [int(r.audio) for r in answer.results[1:] if isinstance(r, SpeechChunk)]
    assert chunks == list(range(200))
    until(lambda: not host.busy)


def test_large_answers_pass(host):
    answer = ask(host, order(f"allocate {20_000_000}"))
    answer.end()
    assert len(answer.results[1].audio) == 20_000_000


def test_what_a_library_prints_does_not_disturb_the_answers(host):
    answer = ask(host, order("print " + "noise " * 1000))
    assert isinstance(answer.end(), Done)
    assert isinstance(ask(host, order("echo x")).end(), Done)


def test_an_exception_fails_its_request_and_the_worker_goes_on(host):
    failure = ask(host, order("raise a bad word")).failure()
    assert (failure.reason, failure.detail) == ("error", "RuntimeError: a bad word")
    assert ask(host, order("echo x")).end().info["pid"] == host.pid


@pytest.mark.parametrize("text", ["mute", "twice"])
def test_an_engine_that_ends_a_request_wrongly_still_gives_one_terminal_result(host, text):
    answer = ask(host, order(text))
    answer.end()
    ask(host, order("echo barrier")).end()
    assert answer.terminals == 1


def test_the_environment_is_set_before_the_worker_starts(make_host):
    host = make_host(env={"OMP_NUM_THREADS": "3"})
    host.wait(30)
    assert host.info["omp"] == "3"


def test_requests_from_many_threads_each_get_one_end(host):
    answers: dict[int, Answer] = {}

    def many():
        for _ in range(25):
            answer = Answer()
            answers[host.submit(order("echo x"), answer)] = answer

    threads = [threading.Thread(target=many) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(answers) == 200
    assert all(isinstance(a.end(), Done) and a.results[-1].id == n for n, a in answers.items())


def test_a_receiver_that_raises_or_asks_again_does_not_disturb_the_host(host):
    second = Answer()

    def receiver(result):
        if isinstance(result, Done):
            host.submit(order("echo from a receiver"), second)
            raise ValueError("a receiver's mistake")

    host.submit(order("echo x"), receiver)
    assert isinstance(second.end(), Done)


# --- cancel and deadline -----------------------------------------------------------------------


def test_cancel_ends_what_runs_and_waits_below_the_generation_and_nothing_else(host):
    running, waiting = ask(host, order("poll 60", 1)).begun(), ask(host, order("echo x", 2))
    kept = ask(host, order("echo y", 3))
    host.cancel(before=3)
    assert running.failure().reason == waiting.failure().reason == "cancelled"
    assert kept.end().info["pid"] == host.pid


def test_a_result_that_comes_after_the_cancel_is_dropped(host):
    late = ask(host, order("native 0.2", 1)).begun()
    host.cancel(before=2)
    following = ask(host, order("echo x", 1))
    assert isinstance(following.end(), Done)
    assert late.failure().reason == "cancelled"
    assert late.terminals == 1


def test_a_late_request_fails_at_its_deadline_and_a_polling_engine_goes_on(host):
    late = ask(host, order("poll 60", deadline_s=0.5))
    queued = ask(host, order("echo x"))
    assert late.failure().reason == "timeout"
    assert queued.end().info["pid"] == host.pid


def test_the_deadline_counts_from_the_submission_for_waiting_requests_too(host):
    ask(host, order("poll 60", 1))
    assert ask(host, order("echo x", 2, deadline_s=0.1)).failure().reason == "timeout"
    host.cancel(before=2)


@pytest.mark.parametrize("text", ["native 600", "hold 600"])
def test_an_engine_that_does_not_come_back_from_a_cancel_is_replaced(host, text):
    pid = host.pid
    hung = ask(host, order(text)).begun()
    host.cancel(before=1)
    assert hung.failure().reason == "cancelled"
    back_with_a_new_process(host, pid)


# --- death -------------------------------------------------------------------------------------


def test_a_crash_fails_its_requests_with_the_last_words_and_the_worker_comes_back(make_host):
    states = States()
    host = make_host(states)
    host.wait(30)
    pid = host.pid
    crash, queued = ask(host, order("abort")), ask(host, order("echo x"))
    assert crash.failure().reason == queued.failure().reason == "died"
    assert "SIGABRT" in crash.failure().detail
    assert "last words" in crash.failure().detail
    back_with_a_new_process(host, pid)
    assert states.names[:2] == ["loading", "ready"]
    assert states.names[2] == "restarting"
    assert states.names[-1] == "ready"
    assert "SIGABRT" in states.seen[2][2]


@pytest.mark.parametrize("text", ["exit 3", "corrupt"])
def test_a_worker_that_leaves_or_breaks_the_protocol_is_replaced(host, text):
    pid = host.pid
    assert ask(host, order(text)).failure().reason == "died"
    back_with_a_new_process(host, pid)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_killed_or_stopped_worker_is_replaced_also_while_busy(host, number):
    pid = host.pid
    answers = [ask(host, order("poll 60")).begun(), ask(host, order("echo x"))]
    os.kill(pid, number)
    assert [a.failure().reason for a in answers] == ["died", "died"]
    back_with_a_new_process(host, pid)
    assert not psutil.pid_exists(pid)


def test_a_stopped_worker_with_a_full_pipe_blocks_nobody(host):
    pid = host.pid
    os.kill(pid, signal.SIGSTOP)
    answer = ask(host, order("echo " + "x" * 5_000_000))
    assert answer.failure().reason == "died"
    back_with_a_new_process(host, pid)


def test_while_the_worker_is_away_requests_fail_at_once(make_host, tmp_path):
    host = make_host(options={"load": "hang"}, load_timeout_s=0.5)
    until(lambda: host.state == "restarting")
    assert ask(host, order("echo x")).failure().reason == "died"


# --- loading -----------------------------------------------------------------------------------


def test_a_request_while_loading_waits_for_the_engine(make_host):
    host = make_host()
    assert isinstance(ask(host, order("echo early")).end(), Done)


def test_an_engine_that_cannot_be_loaded_fails_with_its_reason(make_host):
    states = States()
    host = make_host(states, options={"load": "refuse"})
    waiting = ask(host, order("echo x"))
    assert host.wait(30) == "failed"
    assert states.seen[-1][2].startswith("model.bin is missing")
    assert waiting.failure().reason == "died"
    assert ask(host, order("echo x")).failure().detail == "the engine is failed"


def test_a_module_that_does_not_exist_fails_with_its_name(make_host):
    states = States()
    host = make_host(states, module="no_such_engine")
    assert host.wait(30) == "failed"
    assert "no_such_engine" in states.seen[-1][2]


def test_a_crash_while_loading_is_tried_again(make_host, tmp_path):
    host = make_host(options={"load": "abort once", "marker": str(tmp_path / "tried")})
    until(lambda: host.state == "ready")
    assert isinstance(ask(host, order("echo x")).end(), Done)


def test_a_worker_that_is_stopped_while_loading_is_replaced(make_host):
    host = make_host(options={"load": "hang"})
    until(lambda: host.pid)
    pid = host.pid
    os.kill(pid, signal.SIGSTOP)
    until(lambda: host.pid not in (None, pid), "second start")


def test_loading_that_takes_too_long_is_given_up_and_begun_anew(make_host):
    states = States()
    host = make_host(states, options={"load": "hang"}, load_timeout_s=0.4)
    until(lambda: len({pid for _, pid, _ in states.seen if pid}) >= 2, "second start")
    assert "loading takes too long" in states.seen[1][2]
    assert host.state == "restarting"


# --- end ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["idle", "busy", "hung", "stopped", "loading", "refused"])
def test_close_from_any_state_ends_the_worker_and_every_request(make_host, what):
    states = States()
    load = {"loading": "hang", "refused": "refuse"}.get(what, "")
    host = make_host(states, options={"load": load})
    if what != "loading":
        host.wait(30)
    until(lambda: host.pid or what == "refused")
    pid = host.pid
    if what == "stopped":
        os.kill(pid, signal.SIGSTOP)
    text = {"busy": "poll 60", "hung": "hold 600"}.get(what, "echo x")
    answers = [ask(host, order(text)), ask(host, order("echo x"))]
    if what in ("busy", "hung"):
        answers[0].begun()
    host.close()
    assert states.names[-1] == host.state == "stopped"
    assert all(a.end() for a in answers)
    assert [a.terminals for a in answers] == [1, 1]
    assert not host.busy
    assert host.pid is None
    assert pid is None or not psutil.pid_exists(pid)


def test_close_is_harmless_before_start_twice_and_in_a_receiver(make_host):
    WorkerHost(spec(), States()).close()
    host = make_host()
    host.wait(30)
    host.submit(order("echo x"), lambda result: host.close())
    until(lambda: host.state == "stopped")
    host.close()
    assert ask(host, order("echo x")).failure().reason == "died"


def test_close_does_not_wait_for_a_receiver_that_blocks(make_host):
    host = make_host()
    host.wait(30)
    pid, release, entered = host.pid, threading.Event(), threading.Event()
    host.submit(order("stream 1"), lambda result: (entered.set(), release.wait(30)))
    entered.wait(30)
    host.close()
    until(lambda: psutil.Process(pid).status() == "zombie", "end of the worker")
    release.set()
    until(lambda: host.state == "stopped")


PARENT = """
import sys, threading, time
from voice.engines.host import WorkerHost, WorkerSpec
from voice.engines.interfaces import Synthesize
spec = WorkerSpec(name="rogue", module="tests.support.rogue_worker")
host = WorkerHost(spec, lambda *change: None)
host.start()
host.wait(30)
begun = threading.Event()
host.submit(Synthesize(text=sys.argv[1], deadline_s=600), lambda result: begun.set())
begun.wait(30)
print(host.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize("worker", ["echo idle", "poll 600", "hold 600", "stop"])
@pytest.mark.parametrize("stop_parent_first", [False, True])
def test_no_worker_outlives_its_parent(worker, stop_parent_first):
    root = str(Path(__file__).parents[2])
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, worker],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    with parent:
        pid = int(parent.stdout.readline())
        if stop_parent_first:
            parent.send_signal(signal.SIGSTOP)
        parent.kill()
    until(lambda: gone(pid), "end of the orphan")


def gone(pid: int) -> bool:
    """An orphan that nobody reaps stays as a zombie where there is no init."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
