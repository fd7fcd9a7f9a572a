"""A thread that goes on after an error and says when it cannot."""

import logging
import threading
from collections.abc import Iterator

import pytest

from voice.audio.repeating import HOPELESS, Repeating

PATIENCE_S = 20.0


@pytest.fixture
def closing() -> Iterator[threading.Event]:
    event = threading.Event()
    yield event
    event.set()


def test_one_error_is_logged_and_the_next_round_is_done(
    closing: threading.Event, caplog: pytest.LogCaptureFixture
) -> None:
    rounds, done = [], threading.Event()

    def do() -> None:
        rounds.append(None)
        if len(rounds) == 2:
            raise OverflowError("no such sample")
        if len(rounds) == 4:
            done.set()

    with caplog.at_level(logging.ERROR):
        thread = Repeating("pump", do, 0.001, closing)
        assert done.wait(PATIENCE_S)
    assert thread.error is None
    assert "pump" in caplog.text
    assert "no such sample" in caplog.text


def test_errors_round_after_round_end_it_and_are_told(closing: threading.Event) -> None:
    rounds = []

    def do() -> None:
        rounds.append(None)
        raise OverflowError("no such sample")

    thread = Repeating("pump", do, 0.0001, closing)
    thread.join()
    assert isinstance(thread.error, OverflowError)
    assert len(rounds) == HOPELESS


def test_it_ends_when_it_is_told_to(closing: threading.Event) -> None:
    thread = Repeating("pump", lambda: None, 0.001, closing)
    closing.set()
    thread.join()
    assert thread.error is None
