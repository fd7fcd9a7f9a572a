"""One thread and its inbox of calls: whoever runs there owns its state without locks."""

import logging
import queue
import threading
from collections.abc import Callable
from functools import partial
from typing import ParamSpec

log = logging.getLogger(__name__)

P = ParamSpec("P")


class Inbox:
    """Calls made from anywhere and run one after the other on a thread of their own."""

    def __init__(self, name: str) -> None:
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._ended = False

    @property
    def empty(self) -> bool:
        """Whether no call waits."""
        return self._calls.empty()

    def start(self) -> None:
        """Begin to run calls."""
        self._thread.start()

    def put(self, call: Callable[[], None]) -> None:
        """Have a call made on the thread, after those before it."""
        self._calls.put(call)

    def poster(self, call: Callable[P, None]) -> Callable[P, None]:
        """The same call, but made on the thread: it returns at once."""

        def post(*args: P.args, **kwargs: P.kwargs) -> None:
            self._calls.put(partial(call, *args, **kwargs))

        return post

    def settle(self) -> None:
        """Return when all calls put before this one have been made, or the thread has ended."""
        done = threading.Event()
        self._calls.put(done.set)
        while not done.wait(0.5) and self._thread.is_alive():
            pass

    def close(self, timeout_s: float) -> None:
        """Make the calls that wait, then end the thread; one that never began makes none."""
        self._calls.put(self._end)
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _end(self) -> None:
        self._ended = True

    def _run(self) -> None:
        while not self._ended:
            call = self._calls.get()
            try:
                call()
            except Exception:
                # A fault in one step must not leave a rescuer alone; the next step may work.
                log.exception("error on the %s thread", self._thread.name)
