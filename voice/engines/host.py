"""Parent side of a worker process: queues requests, watches the worker, starts it again.

One thread a host owns all of its state; everything else posts calls into that thread's inbox.
Results and state changes are delivered from there, so they come in order and under no lock.
"""

import contextlib
import itertools
import logging
import queue
import threading
import time
from collections.abc import Callable

import msgspec

from voice.engines import interfaces as m
from voice.engines import wire
from voice.engines.process import Child, WorkerSpec
from voice.engines.request_book import Delivery, Pending, RequestBook, failure
from voice.engines.watch import BackOff, Heartbeat
from voice.events import EngineState

__all__ = ["WorkerHost", "WorkerSpec"]

log = logging.getLogger(__name__)

OnState = Callable[[EngineState, int | None, str], None]
_CLOSE_S = 1.0
_IDLE_S = 5.0


class WorkerHost:
    """One supervised worker; implements `interfaces.Engine`."""

    def __init__(self, spec: WorkerSpec, on_state: OnState) -> None:
        self.name = spec.name
        self.info: dict[str, float | int | str] = {}
        """What the worker says it loaded; filled when it is ready."""
        self.detail = ""
        """What is known about the last change of state, such as why the worker failed."""
        self._spec = spec
        self._on_state = on_state
        self._state: EngineState = "stopped"
        self._settled = threading.Event()
        self._ids = itertools.count(1)
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"{spec.name}-host", daemon=True)
        self._lock = threading.Lock()
        self._in_flight = 0
        self._closing = False
        # From here on: touched by the host's thread only.
        self._book = RequestBook(spec.unwind_s)
        self._backoff = BackOff()
        self._child: Child | None = None
        self._heartbeat: Heartbeat | None = None
        self._start_at: float | None = None

    @property
    def state(self) -> EngineState:
        """Whether requests are served now; while `loading` they are queued."""
        return self._state

    @property
    def busy(self) -> bool:
        """Whether a request that somebody waits for has not given all of its results yet."""
        return self._in_flight > 0

    @property
    def pid(self) -> int | None:
        """Process id of the worker, or None while there is none."""
        child = self._child
        return child.pid if child else None

    def start(self) -> None:
        """Start the worker and return at once; `on_state` or `wait` tell how it went."""
        self._state = "loading"
        self._post(self._spawn)
        self._thread.start()

    def wait(self, timeout_s: float) -> EngineState:
        """Wait until the engine is ready, has failed or is stopped, and give its state."""
        self._settled.wait(timeout_s)
        return self._state

    def submit(self, request: m.Request, on_result: m.OnResult) -> int:
        """Queue a request and give its id; a request to a dead engine fails at once."""
        number = next(self._ids)
        request = msgspec.structs.replace(request, id=number)
        pending = Pending(request, on_result, time.monotonic() + request.deadline_s)
        with self._lock:
            self._in_flight += not request.background
            refused = self._closing or not self._thread.is_alive()
            if not refused:
                self._post(lambda: self._take(pending))
        if refused:
            self._deliver([failure(pending, "died", "the engine is stopped")])
        return number

    def cancel(self, before: int) -> None:
        """Drop every request submitted so far whose generation is lower than `before`."""
        self._post(lambda: self._cancel(before))

    def close(self) -> None:
        """End the worker; requests in flight fail. May be called again and in any state."""
        with self._lock:
            self._closing = True
        self._post(lambda: None)
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join(_CLOSE_S)
            child = self._child
            if child is not None:  # a callback blocks the host's thread
                child.kill()

    # --- the host's thread -----------------------------------------------------------------

    def _post(self, call: Callable[[], None]) -> None:
        self._inbox.put(call)

    def _run(self) -> None:
        while not self._closing:
            try:
                with contextlib.suppress(queue.Empty):
                    self._inbox.get(timeout=self._patience())()
                self._look(time.monotonic())
            except Exception:
                log.exception("%s: error in the worker's host", self.name)
                self._lost("error in the host", self._backoff.died(time.monotonic()))
        self._end()

    def _patience(self) -> float:
        times = [self._book.due(), self._start_at]
        times.append(self._heartbeat.due() if self._heartbeat else None)
        due = min((t for t in times if t is not None), default=None)
        return _IDLE_S if due is None else min(max(due - time.monotonic(), 0.0), _IDLE_S)

    def _look(self, now: float) -> None:
        """Do what has become due."""
        if self._start_at is not None and now >= self._start_at:
            self._spawn()
        late = self._book.expire(now)
        self._deliver(late)
        self._unwind(late)
        if self._child is None or self._heartbeat is None:
            return
        verdict = self._heartbeat.verdict(now)
        if self._heartbeat.quiet(now) and self._child.stopped():
            verdict = "stopped by a signal"
        elif self._book.hung(now):
            verdict = "hung: did not come back from a dropped request"
        if verdict:
            self._child.kill()
            self._lost(verdict, self._backoff.died(now))
        elif self._heartbeat.ping_due(now):
            self._child.send(wire.Ping(serial=0))
        self._send_next()

    def _spawn(self) -> None:
        now = time.monotonic()
        self._start_at = None
        if self._closing:
            return
        try:
            self._child = Child(self._spec, self._frame_arrived, self._child_ended)
        except OSError as error:
            self._lost(f"cannot start the worker: {error}", self._backoff.died(now))
            return
        self._heartbeat = Heartbeat(now, self._spec.load_timeout_s)
        self._become(self._state, self._child.pid)

    def _frame_arrived(self, child: Child, message: wire.FromWorker) -> None:
        self._post(lambda: self._on_frame(child, message))

    def _child_ended(self, child: Child) -> None:
        self._post(lambda: self._on_end(child))

    def _on_frame(self, child: Child, message: wire.FromWorker) -> None:
        now = time.monotonic()
        if child is not self._child or self._heartbeat is None:
            return
        self._heartbeat.heard(now)
        if isinstance(message, wire.Ready):
            self._heartbeat.loaded(now)
            self._backoff.ready(now)
            self.info = message.info
            self._become("ready", child.pid)
        elif isinstance(message, wire.LoadFailed):
            self._lost(message.detail, self._backoff.refused(now), "failed")
        elif not isinstance(message, wire.Pong):
            self._deliver(self._book.received(message))
        self._send_next()

    def _on_end(self, child: Child) -> None:
        if child is self._child:
            self._lost("", self._backoff.died(time.monotonic()))

    def _lost(self, why: str, start_at: float, state: EngineState = "restarting") -> None:
        """The worker is gone or must go: tell everybody and plan the next start."""
        if self._state == "failed":
            state = "failed"
        self._state = state  # before the pid goes: nobody may see a ready engine without a process
        child, self._child = self._child, None
        self._heartbeat = None
        self._start_at = start_at
        detail = why
        if child is not None:
            if why:
                child.kill()
            detail = "\n".join(filter(None, (why, child.reap())))
        self._become(state, child.pid if child else None, detail)
        self._deliver(self._book.fail_all(detail))

    def _take(self, pending: Pending) -> None:
        if self._state in ("loading", "ready"):
            self._book.add(pending)
            self._send_next()
        else:
            self._deliver([failure(pending, "died", f"the engine is {self._state}")])

    def _send_next(self) -> None:
        if self._state == "ready" and self._child is not None:
            request = self._book.next()
            if request is not None:
                self._child.send(request)  # type: ignore[arg-type]

    def _cancel(self, before: int) -> None:
        dropped = self._book.cancel(before, time.monotonic())
        self._deliver(dropped)
        self._unwind(dropped)

    def _unwind(self, dropped: list[Delivery]) -> None:
        """Have the worker leave the requests that were just dropped."""
        if dropped and self._book.dropped() and self._child is not None:
            before = max(d.result.generation for d in dropped) + 1
            self._child.send(wire.Cancel(before=before))

    def _deliver(self, deliveries: list[Delivery]) -> None:
        for delivery in deliveries:
            try:
                delivery.on_result(delivery.result)
            except Exception:
                log.exception("%s: error in a result's receiver", self.name)
            if delivery.terminal and not delivery.background:
                with self._lock:
                    self._in_flight -= 1

    def _become(self, state: EngineState, pid: int | None, detail: str = "") -> None:
        self._state, self.detail = state, detail
        if state in ("ready", "failed", "stopped"):
            self._settled.set()
        else:
            self._settled.clear()
        try:
            self._on_state(state, pid, detail)
        except Exception:
            log.exception("%s: error in a state's receiver", self.name)

    def _end(self) -> None:
        child, self._child = self._child, None
        if child is not None:
            child.kill()
            child.reap()
        with contextlib.suppress(queue.Empty):
            while True:  # requests that came in before the door was shut
                self._inbox.get_nowait()()
        self._deliver(self._book.fail_all("the engine is stopped"))
        self._become("stopped", None)
