"""The file that outlives a power cut: written while a protocol runs, deleted when it is over.

The loop hands over states and never waits for the disk; a thread writes the newest. Each version
replaces the one before as a whole and is on the disk before it counts.
"""

import contextlib
import logging
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from voice.dialogue.content import Content
from voice.dialogue.state import Resumed, State
from voice.kiosk import saved as s

log = logging.getLogger(__name__)

NAME = "running.json"
ALIVE_S = 2.0
"""How often it is written while nothing changes: a gap is told from the last time."""
RUSH_S = 0.2
"""States that follow each other more quickly are written together."""
SAME_PERSON_S = 600.0
"""After a longer gap it is asked who is there."""

_encode = msgspec.json.Encoder().encode


class Journal:
    """Keeps one file. `axis` gives the time now on the states' axis (s)."""

    def __init__(self, folder: Path, axis: Callable[[], float]) -> None:
        self._file = folder / NAME
        self._axis = axis
        self._state: State | None = None
        self._news = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)

    def start(self) -> None:
        """Begin to write what `note` gives."""
        self._thread.start()

    def note(self, state: State) -> None:
        """Things stand like this now; from any thread, returns at once."""
        self._state = state
        self._news.set()

    def close(self) -> None:
        """Write what is still to be written, and end."""
        self._closing.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def left(self) -> s.Saved | None:
        """What was going on when the power went, if anything was."""
        try:
            return msgspec.json.decode(self._file.read_bytes(), type=s.Saved)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.DecodeError) as error:
            log.warning("the state before the power cut cannot be read: %s", error)
            return None

    def delete(self) -> None:
        """Nothing is going on any more."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)
            _sync(self._file.parent)

    def _run(self) -> None:
        while not self._closing.is_set():
            running = self._state is not None and self._state.run is not None
            self._news.wait(ALIVE_S if running else None)
            self._news.clear()
            self._write()
            self._closing.wait(RUSH_S)
        self._write()

    def _write(self) -> None:
        state = self._state
        if state is None:
            return
        kept = s.of(state, self._axis(), time.time())
        if kept is None:
            self.delete()
            return
        try:
            replace(self._file, _encode(kept))
        except OSError as error:
            log.warning("the state for after a power cut cannot be written: %s", error)


def resumed(kept: s.Saved, content: Content, *, now: float, wall: float) -> Resumed | None:
    """How to go on from what was left; `now` on the axis is the time of day `wall`.

    A clock that is behind the file was not kept running; then nobody knows how long it was.
    """
    gap = wall - kept.at
    known = gap >= -1.0
    away = max(gap, 0.0) if known else 0.0
    state = s.restored(kept, content, now - away)
    if state is None:
        return None
    ask = known and away > SAME_PERSON_S
    return Resumed(t=now, state=state, gap_s=away if known else None, ask=ask)


def replace(file: Path, data: bytes) -> None:
    """Put data in the place of a file, so that after a cut there is the old or the new one."""
    file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    partial = file.with_suffix(".partial")
    with partial.open("wb") as stream:
        os.fchmod(stream.fileno(), 0o600)
        stream.write(data)
        stream.flush()
        os.fsync(stream.fileno())
    partial.replace(file)
    _sync(file.parent)


def _sync(folder: Path) -> None:
    """Have the folder's entries on the disk."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
