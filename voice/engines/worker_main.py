"""The worker process's side: `python -m voice.engines.worker_main MODULE OPTIONS PARENT`.

The main thread loads the engine and serves requests; a reader thread takes cancels and pings
meanwhile, also while native code runs. The process ends with its parent, whatever happens.
"""

import contextlib
import ctypes
import importlib
import json
import os
import queue
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from typing import BinaryIO

from voice import heap
from voice.engines import interfaces as m
from voice.engines import wire

_PR_SET_PDEATHSIG = 1
_STEPS_BACK = 3
"""Niceness: where cores are short, the parent's sound goes first."""
_TERMINAL = (m.Transcript, m.Done, m.Failed)


class Link:
    """The worker's end of the pipes: requests in order, and which of them are cancelled."""

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        self._incoming = incoming
        self._outgoing = outgoing
        self._write_lock = threading.Lock()
        self._requests: queue.SimpleQueue[m.Request] = queue.SimpleQueue()
        self._open: dict[int, int] = {}
        """Generation of each request received and not ended."""
        self._cancelled: set[int] = set()
        self._lock = threading.Lock()

    def send(self, message: wire.FromWorker) -> None:
        """Write one frame; may be called from any thread."""
        with self._write_lock:
            wire.write_frame(self._outgoing, message)

    def read(self) -> None:
        """Serve the incoming pipe until it ends, and end the process with it."""
        try:
            while (body := wire.read_frame(self._incoming)) is not None:
                self._take(wire.to_worker.decode(body))
            os._exit(0)
        except Exception:
            traceback.print_exc()
            os._exit(1)

    def _take(self, message: wire.ToWorker) -> None:
        if isinstance(message, wire.Ping):
            self.send(wire.Pong(serial=message.serial))
        elif isinstance(message, wire.Cancel):
            with self._lock:
                for number, generation in self._open.items():
                    if generation < message.before:
                        self._cancelled.add(number)
        else:
            with self._lock:
                self._open[message.id] = message.generation
            self._requests.put(message)

    def next_request(self) -> m.Request:
        """Wait for the next request."""
        return self._requests.get()

    def is_cancelled(self, number: int) -> bool:
        """Whether a cancel for this request has come in."""
        return number in self._cancelled

    def ended(self, number: int) -> None:
        """Forget a request that has its last response."""
        with self._lock:
            self._open.pop(number, None)
            self._cancelled.discard(number)


def serve_one(worker: m.Worker, link: Link, request: m.Request) -> None:
    """Serve one request so that exactly one terminal response is sent."""
    over = False

    def emit(result: m.Result) -> None:
        nonlocal over
        if not over:
            over = isinstance(result, _TERMINAL)
            link.send(result)

    def fail(reason: m.FailReason, detail: str = "") -> None:
        emit(m.Failed(id=request.id, generation=request.generation, reason=reason, detail=detail))

    def cancelled() -> bool:
        return link.is_cancelled(request.id)

    try:
        if not cancelled():
            worker.handle(request, emit, cancelled)
    except Exception as error:
        traceback.print_exc()
        fail("error", f"{type(error).__name__}: {error}")
    if cancelled():
        fail("cancelled")
    fail("error", "the engine gave no result")
    link.ended(request.id)


def main(argv: list[str]) -> None:
    """Run the worker named on the command line until the parent is gone."""
    module, options, parent = argv
    _die_with_parent(int(parent))
    os.nice(_STEPS_BACK)  # before any thread is made: each has a priority of its own
    link = Link(*_take_pipes())
    threading.Thread(target=link.read, name="reader", daemon=True).start()
    worker = _load(link, module, json.loads(options))
    while True:
        serve_one(worker, link, link.next_request())


def _load(link: Link, module: str, options: dict[str, object]) -> m.Worker:
    try:
        create: Callable[[dict[str, object]], m.Worker] = importlib.import_module(module).create
        worker = create(options)
        info = worker.load()
    except Exception as error:
        traceback.print_exc()
        link.send(wire.LoadFailed(detail=f"{error}" or type(error).__name__))
        os._exit(1)
    heap.trim()
    link.send(wire.Ready(info=info))
    return worker


def _take_pipes() -> tuple[BinaryIO, BinaryIO]:
    """Keep the frame pipes to ourselves; what libraries print goes to stderr instead."""
    incoming, outgoing = os.dup(0), os.dup(1)
    with open(os.devnull, "rb") as nothing:
        os.dup2(nothing.fileno(), 0)
    os.dup2(2, 1)
    return os.fdopen(incoming, "rb"), os.fdopen(outgoing, "wb")


def _die_with_parent(parent: int) -> None:
    """Be killed when the parent's spawning thread ends, also if this process is stopped."""
    with contextlib.suppress(OSError, AttributeError):  # not Linux: the pipe's end must do
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
