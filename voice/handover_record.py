"""Writes what the dialogue keeps for the crew, once it can no longer be undone.

A turn whose speech goes on within about a second is undone and taken anew; its entries are in no
file by then, because nothing is written before that window has closed. Used by the loop's thread.
"""

from collections.abc import Callable

from voice.dialogue.log import Log
from voice.events import Handover, HandoverDeleted


class HandoverRecord:
    """Knows what has been written of the dialogue's log, and writes what came since."""

    def __init__(self, write: Callable[[Handover | HandoverDeleted], None]) -> None:
        self._write = write
        self._written = Log()

    def settle(self, log: Log) -> None:
        """Write what is new in a log that stands from now on."""
        if log is self._written:
            return
        if log.deleted_at is not None and log.deleted_at != self._written.deleted_at:
            self._write(HandoverDeleted(t=log.deleted_at))
        for entry in log.entries:
            if entry.number > self._written.count:
                detail = f"{entry.detail} {entry.clock}".strip()
                self._write(
                    Handover(
                        t=entry.t,
                        what=entry.what,
                        detail=detail,
                        protocol=entry.protocol,
                        casualty=entry.casualty,
                    )
                )
        self._written = log
