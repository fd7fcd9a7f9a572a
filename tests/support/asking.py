"""Somebody who asks a worker host and keeps what comes back."""

import threading
import time
from collections.abc import Callable

from voice.engines.host import WorkerHost
from voice.engines.interfaces import Done, Failed, Request, Result, Transcript
from voice.events import EngineState

PATIENCE_S = 30.0
"""Upper bound for anything that must happen; far beyond what it takes on a busy machine."""
TERMINAL = (Transcript, Done, Failed)


class Answer:
    """The results of one request, in order."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self._begun = threading.Event()
        self._ended = threading.Event()

    def __call__(self, result: Result) -> None:
        self.results.append(result)
        self._begun.set()
        if isinstance(result, TERMINAL):
            self._ended.set()

    def end(self) -> Result:
        """Wait for the terminal result and give it."""
        assert self._ended.wait(PATIENCE_S), f"no terminal result, only {self.results}"
        return next(r for r in self.results if isinstance(r, TERMINAL))

    def begun(self) -> "Answer":
        """Wait until the worker is at it: its first result has come."""
        assert self._begun.wait(PATIENCE_S)
        return self

    def failure(self) -> Failed:
        end = self.end()
        assert isinstance(end, Failed), end
        return end

    @property
    def terminals(self) -> int:
        return sum(isinstance(r, TERMINAL) for r in self.results)


class States:
    """The state changes of a host, in order."""

    def __init__(self) -> None:
        self.seen: list[tuple[EngineState, int | None, str]] = []

    def __call__(self, state: EngineState, pid: int | None, detail: str) -> None:
        self.seen.append((state, pid, detail))

    @property
    def names(self) -> list[EngineState]:
        return [state for state, _, _ in self.seen]


def ask(host: WorkerHost, request: Request) -> Answer:
    answer = Answer()
    host.submit(request, answer)
    return answer


def until(condition: Callable[[], object], what: str = "condition") -> None:
    """Wait for something that must become true."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, f"{what} never came true"
        time.sleep(0.01)
