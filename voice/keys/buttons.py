"""Keys of input devices: the kernel's event files, which foot pedals and headsets have as well.

`evdev` on the package registry comes as source only, and all that is needed of it is one struct.
"""

import errno
import glob
import os
import select
import struct
import threading
import time
from collections.abc import Callable, Mapping

_EVENT = struct.Struct("llHHi")
"""struct input_event: seconds, microseconds, type, code, value."""
_EV_KEY, _PRESSED = 1, 1
_POLL_S = 0.2
_SCAN_S = 2.0
"""Devices that are plugged in later are found within this time."""
_READ_AT_ONCE = 64

Say = Callable[[str], None]


class Buttons:
    """Reads every input device of a pattern on a thread of its own."""

    def __init__(
        self, pattern: str, commands: Mapping[int, str], press: Callable[[str], None], remark: Say
    ) -> None:
        """`commands`: what the key of a code does. `press` is called on the thread with a command's
        name, `remark` with a line for people when something is wrong.
        """
        self._pattern = pattern
        self._commands = commands
        self._press = press
        self._remark = remark
        self._remarked: set[str] = set()
        self._open: dict[str, _Device] = {}
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="buttons", daemon=True)

    def start(self) -> None:
        """Begin to read; devices that are missing or refused are remarked on."""
        self._thread.start()

    def close(self) -> None:
        """Stop and close the devices."""
        self._closing.set()
        self._thread.join()

    def _run(self) -> None:
        scan_at = time.monotonic()
        while not self._closing.is_set():
            if time.monotonic() >= scan_at:
                self._scan()
                scan_at = time.monotonic() + _SCAN_S
            if self._open:
                self._read()
            else:
                self._closing.wait(_POLL_S)
        for path in list(self._open):
            self._drop(path)

    def _scan(self) -> None:
        refused = []
        for path in sorted(glob.glob(self._pattern)):
            if path not in self._open:
                try:
                    self._open[path] = _Device(path)
                except PermissionError:
                    refused.append(path)
                except OSError:
                    pass  # it has just gone
        if refused and not self._open:
            self._once(
                f"keys: no permission to read {refused[0]}; for the right to it: "
                "sudo usermod -aG input $USER, then log in again"
            )
        elif not self._open:
            self._once(f"keys: there is no input device {self._pattern}; waiting for one")

    def _once(self, line: str) -> None:
        if line not in self._remarked:
            self._remarked.add(line)
            self._remark(line)

    def _read(self) -> None:
        files = {device.file: path for path, device in self._open.items()}
        ready, _, _ = select.select(list(files), [], [], _POLL_S)
        for file in ready:
            path = files[file]
            codes = self._open[path].pressed()
            if codes is None:
                self._drop(path)
                continue
            for code in codes:
                if command := self._commands.get(code):
                    self._press(command)

    def _drop(self, path: str) -> None:
        self._open.pop(path).close()


class _Device:
    """One event file."""

    def __init__(self, path: str) -> None:
        self.file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        self._rest = b""

    def pressed(self) -> list[int] | None:
        """Give the codes of the keys pressed since; None when the device is gone."""
        try:
            data = os.read(self.file, _EVENT.size * _READ_AT_ONCE)
        except OSError as error:
            return [] if error.errno in (errno.EAGAIN, errno.EINTR) else None
        if not data:
            return None
        data = self._rest + data
        whole = len(data) // _EVENT.size * _EVENT.size
        self._rest = data[whole:]
        return [
            code
            for _, _, kind, code, value in _EVENT.iter_unpack(data[:whole])
            if kind == _EV_KEY and value == _PRESSED  # no release, no repetition
        ]

    def close(self) -> None:
        os.close(self.file)
