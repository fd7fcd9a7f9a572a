"""The requests of one worker host: one with the worker, the others waiting. Pure: no clock.

Every request gets exactly one terminal result. An asker is told at once when its request is
cancelled or late; the worker may need longer to come back from it, and what it still says is
dropped.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from voice.engines import interfaces as m

TERMINAL = (m.Transcript, m.Done, m.Failed)


@dataclass(frozen=True)
class Pending:
    """A request and where its results go."""

    request: m.Request
    on_result: m.OnResult
    expires: float
    """Time at which its deadline is over, in seconds of the caller's clock."""


@dataclass(frozen=True)
class Delivery:
    """A result on its way to the asker."""

    on_result: m.OnResult
    result: m.Result
    background: bool = False

    @property
    def terminal(self) -> bool:
        """Whether it is the request's last result."""
        return isinstance(self.result, TERMINAL)


class RequestBook:
    """Used by one thread; each method gives the results that are due to askers."""

    def __init__(self, unwind_s: float) -> None:
        self._unwind_s = unwind_s
        self._waiting: deque[Pending] = deque()
        self._running: Pending | None = None
        self._dropped_id: int | None = None
        """The request that the worker is still at although its asker has been answered."""
        self._hung_at = 0.0

    def add(self, pending: Pending) -> None:
        """Queue a request."""
        self._waiting.append(pending)

    def next(self) -> m.Request | None:
        """Give the request to send now, if the worker is free; the book takes it as running."""
        if self._running or self._dropped_id is not None or not self._waiting:
            return None
        self._running = self._waiting.popleft()
        return self._running.request

    def received(self, result: m.Result) -> list[Delivery]:
        """Take a result from the worker; results of dropped requests lead to nothing."""
        terminal = isinstance(result, TERMINAL)
        if terminal and result.id == self._dropped_id:
            self._dropped_id = None
        if self._running is None or result.id != self._running.request.id:
            return []
        delivery = Delivery(self._running.on_result, result, self._running.request.background)
        if terminal:
            self._running = None
        return [delivery]

    def cancel(self, before: int, now: float) -> list[Delivery]:
        """Fail all requests of a lower generation."""
        return self._drop(lambda p: p.request.generation < before, "cancelled", now)

    def expire(self, now: float) -> list[Delivery]:
        """Fail all requests whose deadline is over."""
        return self._drop(lambda p: p.expires <= now, "timeout", now)

    def fail_all(self, detail: str) -> list[Delivery]:
        """Fail everything because the worker is gone."""
        gone = [self._running] if self._running else []
        gone += self._waiting
        self._waiting.clear()
        self._running = self._dropped_id = None
        return [failure(p, "died", detail) for p in gone]

    def dropped(self) -> bool:
        """Whether the worker is at a request that nobody waits for any more."""
        return self._dropped_id is not None

    def hung(self, now: float) -> bool:
        """Whether the worker has not come back from a dropped request in time."""
        return self._dropped_id is not None and now >= self._hung_at

    def due(self) -> float | None:
        """When `expire` or `hung` should be asked next."""
        times = [p.expires for p in self._waiting]
        if self._running:
            times.append(self._running.expires)
        if self._dropped_id is not None:
            times.append(self._hung_at)
        return min(times, default=None)

    def _drop(
        self, unwanted: Callable[[Pending], bool], reason: m.FailReason, now: float
    ) -> list[Delivery]:
        out = []
        if self._running and unwanted(self._running):
            out.append(failure(self._running, reason))
            self._dropped_id = self._running.request.id
            self._hung_at = now + self._unwind_s
            self._running = None
        out += [failure(p, reason) for p in self._waiting if unwanted(p)]
        self._waiting = deque(p for p in self._waiting if not unwanted(p))
        return out


def failure(pending: Pending, reason: m.FailReason, detail: str = "") -> Delivery:
    """The delivery that ends a request without a result."""
    request = pending.request
    return Delivery(
        pending.on_result,
        m.Failed(id=request.id, generation=request.generation, reason=reason, detail=detail),
        request.background,
    )
