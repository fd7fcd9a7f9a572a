"""When a worker counts as lost and when it is started again. Pure: every time is a parameter."""

PING_S = 0.3
SILENCE_S = 1.2
"""A loaded worker whose reader thread says nothing for so long is taken for hung."""
QUIET_S = 0.6
STEADY_S = 10.0
"""After so long in service a worker's earlier deaths no longer count."""
RETRY_S = (0.0, 0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Wait before the n-th start in a row."""


class Heartbeat:
    """Judges the silence of one worker process."""

    def __init__(self, now: float, load_timeout_s: float) -> None:
        self._load_until = now + load_timeout_s
        self._loaded = False
        self._heard = now
        self._pinged = now
        self._looked = now

    def loaded(self, now: float) -> None:
        """Note that the engine is ready: from now on silence counts."""
        self._loaded = True
        self._heard = self._looked = now

    def heard(self, now: float) -> None:
        """Note a sign of life."""
        self._heard = now

    def ping_due(self, now: float) -> bool:
        """Whether to send a ping now."""
        if now < self._pinged + PING_S:
            return False
        self._pinged = now
        return True

    def quiet(self, now: float) -> bool:
        """Whether answers are overdue, which is no proof yet on a busy machine."""
        return now > self._heard + QUIET_S

    def verdict(self, now: float) -> str:
        """Why the worker must go, or nothing."""
        if now - self._looked > QUIET_S:
            self._heard = now  # it was us who did not run; the answers lie unread
        self._looked = now
        if not self._loaded:  # imports may keep the reader thread from answering
            return "" if now < self._load_until else "loading takes too long"
        return "" if now < self._heard + SILENCE_S else "no sign of life"

    def due(self) -> float:
        """When to look again."""
        return self._pinged + PING_S


class BackOff:
    """Counts deaths in a row: the first restart is at once, later ones wait."""

    def __init__(self) -> None:
        self._deaths = 0
        self._ready_at: float | None = None

    def ready(self, now: float) -> None:
        """Note that the worker is in service."""
        self._ready_at = now

    def died(self, now: float) -> float:
        """Give the time of the next start."""
        if self._ready_at is not None and now - self._ready_at >= STEADY_S:
            self._deaths = 0
        self._ready_at = None
        wait = RETRY_S[min(self._deaths, len(RETRY_S) - 1)]
        self._deaths += 1
        return now + wait

    def refused(self, now: float) -> float:
        """Give the time of the next start after an engine that cannot be loaded as it is."""
        self._deaths = len(RETRY_S)
        self._ready_at = None
        return now + RETRY_S[-1]
