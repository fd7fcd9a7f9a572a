"""Named timers on the audio clock."""


class Timers:
    """At most one timer a name; time is whatever the caller says it is."""

    def __init__(self, due: dict[str, float] | None = None) -> None:
        self._due = due or {}

    def copy(self) -> "Timers":
        """The same timers, independent of these."""
        return Timers(dict(self._due))

    def set(self, name: str, due: float) -> None:
        """(Re)start a timer that runs out at time `due` (s)."""
        self._due[name] = due

    def cancel(self, name: str) -> None:
        """Forget a timer; no error when there is none."""
        self._due.pop(name, None)

    def pop_due(self, now: float) -> list[str]:
        """The names that ran out by `now`, earliest first; they are forgotten."""
        names = sorted((n for n, due in self._due.items() if due <= now), key=self._due.__getitem__)
        for name in names:
            del self._due[name]
        return names
