"""The running log for the crew that takes over: immutable, bounded, part of the dialogue's state.

An old state holds the log as it was, so a turn that is undone leaves nothing behind in it.
"""

import msgspec

LIMIT = 200
"""Entries; a long emergency makes a few dozen."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened or was done."""

    number: int = 0
    """Counted from 1 through the whole conversation, by the log; never used twice."""
    t: float
    """When it happened, in seconds on the input's axis."""
    what: str
    """Entry of handover.yaml, or `start` and `protocol`."""
    detail: str
    """In words, without the time."""
    protocol: str | None = None
    casualty: int = 1
    clock: str = ""
    """The time of day that the rescuer gave for it, such as `at ten fifteen`."""
    essential: bool = False
    """Kept when the log is full."""
    assumed: bool = False
    """The rescuer went on from the step that says it; nobody said that it was done."""


class Log(msgspec.Struct, frozen=True):
    """What has been kept so far, the latest last."""

    entries: tuple[Entry, ...] = ()
    count: int = 0
    """How many entries were ever made."""
    deleted_at: float | None = None
    """When everything before was last deleted."""

    def add(self, entry: Entry) -> "Log":
        """The log with one more entry, whose number it gives; a full log drops an old one."""
        entry = msgspec.structs.replace(entry, number=self.count + 1)
        entries = (*self.entries, entry)
        if len(entries) > LIMIT:
            entries = _without_oldest(entries)
        return msgspec.structs.replace(self, entries=entries, count=self.count + 1)

    def deleted(self, t: float) -> "Log":
        """The log after everything in it was deleted."""
        return msgspec.structs.replace(self, entries=(), deleted_at=t)

    def of(self, casualty: int, *what: str) -> tuple[Entry, ...]:
        """The entries about a casualty, of these kinds if any are named."""
        return tuple(
            entry
            for entry in self.entries
            if entry.casualty == casualty and (not what or entry.what in what)
        )


def _without_oldest(entries: tuple[Entry, ...]) -> tuple[Entry, ...]:
    """One entry fewer: the oldest that is not essential, or else simply the oldest."""
    drop = next((i for i, entry in enumerate(entries) if not entry.essential), 0)
    return (*entries[:drop], *entries[drop + 1 :])
