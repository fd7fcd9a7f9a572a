"""An engine, and the one that takes its place while the machine is too slow for it."""

import time
from collections.abc import Callable

from voice.engines.interfaces import Engine, Failed, OnResult, Request, Result
from voice.events import EngineState

Took = Callable[[float, bool], None]
"""Called with the seconds that a request took, and whether it was served, on a host's thread."""


class Understudied:
    """An engine whose requests another one serves while `relieved`; implements `Engine`."""

    def __init__(self, engine: Engine, understudy: Engine, took: Took) -> None:
        self.relieved = False
        self.name = engine.name
        self.info = engine.info
        self._engine = engine
        self._understudy = understudy
        self._took = took

    @property
    def state(self) -> EngineState:
        """Whether requests are served now."""
        return self._serving.state

    @property
    def busy(self) -> bool:
        """Whether a request is in flight."""
        return self._engine.busy or self._understudy.busy

    def submit(self, request: Request, on_result: OnResult) -> int:
        """Queue a request with whoever serves now."""
        asked = time.monotonic()

        def received(result: Result) -> None:
            self._took(time.monotonic() - asked, not isinstance(result, Failed))
            on_result(result)

        return self._serving.submit(request, received)

    def cancel(self, before: int) -> None:
        """Drop every request whose generation is lower than `before`."""
        self._engine.cancel(before)
        if self.relieved:
            self._understudy.cancel(before)

    def close(self) -> None:
        """The engines are others' to end."""

    @property
    def _serving(self) -> Engine:
        ready = self.relieved and self._understudy.state == "ready"
        return self._understudy if ready else self._engine
