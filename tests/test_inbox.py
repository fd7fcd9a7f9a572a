"""One thread runs what others post, in order, whatever goes wrong."""

import logging
import threading

import pytest

from voice.inbox import Inbox


def test_calls_run_in_order_on_one_thread_that_is_not_the_callers() -> None:
    inbox, seen = Inbox("test"), []
    note = inbox.poster(lambda n: seen.append((n, threading.current_thread().name)))
    inbox.start()
    for n in range(100):
        note(n)
    inbox.settle()
    inbox.close(1.0)
    assert seen == [(n, "test") for n in range(100)]


def test_a_call_that_fails_is_logged_and_the_next_one_runs(
    caplog: pytest.LogCaptureFixture,
) -> None:
    inbox, seen = Inbox("test"), []
    inbox.start()
    with caplog.at_level(logging.ERROR):
        inbox.put(lambda: [][0])
        inbox.put(lambda: seen.append("next"))
        inbox.settle()
    inbox.close(1.0)
    assert seen == ["next"]
    assert "IndexError" in caplog.text


def test_close_makes_the_calls_that_wait_and_settle_never_hangs_after_it() -> None:
    inbox, seen = Inbox("test"), []
    inbox.put(lambda: seen.append("waiting"))
    inbox.start()
    inbox.close(1.0)
    inbox.settle()
    assert seen == ["waiting"]


def test_an_inbox_that_never_began_can_be_closed() -> None:
    inbox, seen = Inbox("test"), []
    inbox.put(lambda: seen.append("waiting"))
    inbox.close(1.0)
    assert seen == []
