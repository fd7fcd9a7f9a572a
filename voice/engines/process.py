"""The handle of one worker process: start it, exchange frames with it, end it.

Three daemon threads serve the pipes, so that nobody else blocks on a worker that is stopped or
hung: a write into its full pipe ends when it is killed.
"""

import contextlib
import json
import logging
import os
import queue
import signal
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, BinaryIO, cast

import msgspec

from voice.engines import wire

log = logging.getLogger(__name__)

OFFLINE = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
"""No library in a worker may look for anything on a network."""
_STDERR_LINES = 12
_REAP_S = 0.5

OnFrame = Callable[["Child", wire.FromWorker], None]
OnEnd = Callable[["Child"], None]


class WorkerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What to start: the module with the engine's `create(options)` and its environment."""

    name: str
    module: str
    options: dict[str, Any] = {}
    env: dict[str, str] = {}
    """Laid over the environment before exec; thread counts of native libraries belong here."""
    load_timeout_s: float = 60.0
    unwind_s: float = 5.0
    """An engine that is still at a dropped request after this time is taken for hung."""


class Child:
    """One running worker. The callbacks come on its reader thread; `on_end` comes last, once.

    It must be created on a thread that outlives it: the worker is killed when that thread ends.
    """

    def __init__(self, spec: WorkerSpec, on_frame: OnFrame, on_end: OnEnd) -> None:
        self._on_frame = on_frame
        self._on_end = on_end
        self._process = subprocess.Popen(
            _command(spec),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=_environment(spec.env),
            process_group=0,  # Ctrl-C in a terminal is for the assistant, which ends its workers
        )
        self._outgoing: queue.SimpleQueue[wire.ToWorker | None] = queue.SimpleQueue()
        self._tail: deque[str] = deque(maxlen=_STDERR_LINES)
        self._threads = [
            threading.Thread(target=target, name=f"{spec.name}-{role}", daemon=True)
            for role, target in (
                ("reader", self._read),
                ("writer", self._write),
                ("stderr", self._read_stderr),
            )
        ]
        for thread in self._threads:
            thread.start()

    @property
    def pid(self) -> int:
        """The worker's process id."""
        return self._process.pid

    def send(self, message: wire.ToWorker) -> None:
        """Hand a message to the writer thread; messages to a dead worker vanish."""
        self._outgoing.put(message)

    def kill(self) -> None:
        """Send SIGKILL, which also ends a stopped process."""
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)

    def stopped(self) -> bool:
        """Whether a signal has stopped it (SIGSTOP and the like)."""
        try:
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError:  # gone, or not Linux
            return False
        return stat.rpartition(")")[2].split()[0] == "T"

    def reap(self) -> str:
        """Make sure that the worker is gone and tell how it ended, with its last words."""
        try:
            self._process.wait(_REAP_S)  # it closed its pipe: normally it is dead already
        except subprocess.TimeoutExpired:
            self.kill()
            with contextlib.suppress(subprocess.TimeoutExpired):  # deep in the kernel
                self._process.wait(_REAP_S)
        self._outgoing.put(None)
        self._threads[2].join(_REAP_S)
        lines = [_ending(self._process.returncode), *self._tail]
        return "\n".join(lines)

    def _read(self) -> None:
        pipe = cast(BinaryIO, self._process.stdout)
        try:
            while (body := wire.read_frame(pipe)) is not None:
                self._on_frame(self, wire.from_worker.decode(body))
        except (OSError, wire.WireError, msgspec.DecodeError) as error:
            self._tail.append(f"broken pipe protocol: {error}")
        finally:
            self._on_end(self)
            pipe.close()

    def _write(self) -> None:
        pipe = cast(BinaryIO, self._process.stdin)
        with contextlib.suppress(OSError):
            while (message := self._outgoing.get()) is not None:
                wire.write_frame(pipe, message)
        with contextlib.suppress(OSError):
            pipe.close()

    def _read_stderr(self) -> None:
        pipe = cast(BinaryIO, self._process.stderr)
        with pipe:
            for raw in pipe:
                line = raw.decode(errors="replace").rstrip()
                log.debug("%s: %s", self._threads[2].name, line)
                self._tail.append(line[:500])


def _command(spec: WorkerSpec) -> list[str]:
    # -P: a stray file in the current folder must not stand in for a module.
    worker = [sys.executable, "-P", "-m", "voice.engines.worker_main"]
    return [*worker, spec.module, json.dumps(spec.options), str(os.getpid())]


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    modules = os.pathsep.join(path or os.getcwd() for path in sys.path)
    return {**os.environ, "PYTHONPATH": modules, **OFFLINE, **extra}


def _ending(code: int | None) -> str:
    if code is None:
        return "does not end"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"killed by {signal.Signals(-code).name}"
    return f"ended with code {code}"
