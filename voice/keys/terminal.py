"""Commands by single keys of the terminal that `run` was typed in."""

import os
import select
import termios
import threading
import tty
from collections.abc import Callable

LETTERS = {
    " ": "next",
    "\n": "next",
    "r": "repeat",
    "b": "back",
    "s": "stop",
    "p": "pause",
    "y": "yes",
    "n": "no",
    "+": "louder",
    "-": "quieter",
}
HINT = "keys: space next, r repeat, b back, s stop, p pause, y yes, n no, + louder, - quieter"
_POLL_S = 0.2


class Terminal:
    """Reads keys on a thread of its own; the terminal echoes nothing meanwhile. Ctrl-C works."""

    def __init__(self, file: int, press: Callable[[str], None]) -> None:
        """`file` is the descriptor of a terminal; `press` is called on the thread."""
        self._file = file
        self._press = press
        self._before = termios.tcgetattr(file)
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="terminal", daemon=True)

    def start(self) -> None:
        """Begin to read keys."""
        self._thread.start()

    def close(self) -> None:
        """Stop, and leave the terminal as it was."""
        self._closing.set()
        self._thread.join()
        if self._ours():
            termios.tcsetattr(self._file, termios.TCSANOW, self._before)

    def _run(self) -> None:
        while not self._closing.is_set():
            if not self._ours():
                self._closing.wait(_POLL_S)
                continue
            self._take_keys()
            ready, _, _ = select.select([self._file], [], [], _POLL_S)
            if ready and not self._read():
                return

    def _read(self) -> bool:
        """Act on what was typed; False when the terminal is gone."""
        try:
            typed = os.read(self._file, 64)
        except OSError:
            return False
        for letter in typed.decode("ascii", "ignore").replace("\r", "\n").lower():
            if command := LETTERS.get(letter):
                self._press(command)
        return bool(typed)

    def _take_keys(self) -> None:
        """Have keys come one by one; a shell may have changed that while we were stopped."""
        if termios.tcgetattr(self._file)[tty.LFLAG] & termios.ICANON:
            tty.setcbreak(self._file, termios.TCSANOW)

    def _ours(self) -> bool:
        """Whether we run in the foreground: touching the terminal from behind would stop us."""
        try:
            return os.tcgetpgrp(self._file) == os.getpgrp()
        except OSError:
            return True  # it controls no jobs
