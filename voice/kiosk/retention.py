"""What was noted for the crew, in files, for as many days as the profile says: none is usual."""

import datetime
import logging
import os
from collections.abc import Iterator
from pathlib import Path

import msgspec

from voice.events import Handover, HandoverDeleted, LogEvent

log = logging.getLogger(__name__)

_PREFIX, _SUFFIX = "handover-", ".jsonl"
_encode = msgspec.json.Encoder().encode


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a file."""

    at: str
    """Date and time of day."""
    what: str
    detail: str
    protocol: str | None
    casualty: int


class Retention:
    """Writes the entries of one day into one file; for the loop's thread, and `purge` for any."""

    def __init__(self, folder: Path, days: int) -> None:
        """`days`: 0 writes nothing, and deletes what is there."""
        self._folder = folder
        self._days = days
        self._began: dict[Path, int] = {}
        """How long each file was before this conversation."""

    def event(self, event: LogEvent, wall: float) -> None:
        """Keep an entry that happened at `wall`, in seconds since 1970, or delete all of them."""
        if not self._days:
            return
        try:
            if isinstance(event, Handover):
                self._write(datetime.datetime.fromtimestamp(wall), event)
            elif isinstance(event, HandoverDeleted):
                for file, size in self._began.items():
                    os.truncate(file, size)
        except OSError as error:
            log.warning("the handover cannot be kept: %s", error)

    def forgotten(self) -> None:
        """The conversation is over; what is kept of it stays."""
        self._began.clear()

    def purge(self, today: datetime.date) -> None:
        """Delete what is older than it may be."""
        for file in self._files():
            day = _day(file)
            if day is not None and (not self._days or (today - day).days >= self._days):
                file.unlink(missing_ok=True)

    def _write(self, at: datetime.datetime, event: Handover) -> None:
        file = self._folder / f"{_PREFIX}{at:%Y-%m-%d}{_SUFFIX}"
        kept = Kept(
            at=f"{at:%F %T}",
            what=event.what,
            detail=event.detail,
            protocol=event.protocol,
            casualty=event.casualty,
        )
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with open(os.open(file, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600), "ab") as stream:
            self._began.setdefault(file, stream.tell())
            stream.write(_encode(kept) + b"\n")

    def _files(self) -> Iterator[Path]:
        yield from self._folder.glob(f"{_PREFIX}*{_SUFFIX}")


def _day(file: Path) -> datetime.date | None:
    try:
        text = file.name.removeprefix(_PREFIX).removesuffix(_SUFFIX)
        return datetime.date.fromisoformat(text)
    except ValueError:
        return None
