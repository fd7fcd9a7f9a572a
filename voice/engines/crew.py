"""The running workers of one assistant."""

import threading
import time
from collections.abc import Callable

from voice.engines.host import WorkerHost
from voice.engines.roster import Roster
from voice.events import EngineState

OnCrew = Callable[[str, EngineState, int | None, str], None]
"""Called with an engine's name, state, process id and a detail, from that host's thread."""


class Crew:
    """One host a worker; all start at once and load side by side."""

    def __init__(self, roster: Roster, on_state: OnCrew) -> None:
        def host_of(name: str) -> Callable[[EngineState, int | None, str], None]:
            return lambda state, pid, detail: on_state(name, state, pid, detail)

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
