"""The running workers of one assistant."""

import threading
import time
from collections.abc import Callable

from voice.engines.host import WorkerHost
from voice.engines.roster import Roster
from voice.events import EngineState

OnCrew = Callable[[str, EngineState, int | None, str], None]
"""Called with an engine's name, state, process id and a detail, from any thread; it must only put
them into an inbox."""


class Crew:
    """One host a worker; all start at once and load side by side, before anybody looks on."""

    def __init__(self, roster: Roster) -> None:
        def host_of(name: str) -> Callable[[EngineState, int | None, str], None]:
            return lambda state, pid, detail: self._changed(name, state, pid, detail)

        self._lock = threading.Lock()
        self._latest: dict[str, tuple[EngineState, int | None, str]] = {}
        self._on_state: OnCrew | None = None
        self.hosts = {spec.name: WorkerHost(spec, host_of(spec.name)) for spec in roster.specs()}
        self.stt = self.hosts["stt"]
        self.tiny = self.hosts["tiny"]
        self.tts = self.hosts["tts"]
        self.llm = self.hosts.get("llm")

    @property
    def busy(self) -> bool:
        """Whether any request is in flight."""
        return any(host.busy for host in self.hosts.values())

    def start(self) -> None:
        """Start every worker; returns at once."""
        for host in self.hosts.values():
            host.start()

    def watch(self, on_state: OnCrew) -> None:
        """Tell how each worker is now, and from now on every change; one watcher at a time."""
        with self._lock:
            self._on_state = on_state
            for name, latest in self._latest.items():
                on_state(name, *latest)

    def wait(self, timeout_s: float, interrupted: threading.Event) -> dict[str, EngineState]:
        """Wait until every worker has loaded or failed, and give their states."""
        limit = time.monotonic() + timeout_s
        for host in self.hosts.values():
            while host.wait(0.1) not in ("ready", "failed"):
                if interrupted.is_set() or time.monotonic() > limit:
                    break
        return {name: host.state for name, host in self.hosts.items()}

    def close(self) -> None:
        """End every worker."""
        for host in self.hosts.values():
            host.close()

    def __enter__(self) -> "Crew":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _changed(self, name: str, state: EngineState, pid: int | None, detail: str) -> None:
        with self._lock:
            self._latest[name] = (state, pid, detail)
            if self._on_state:
                self._on_state(name, state, pid, detail)
