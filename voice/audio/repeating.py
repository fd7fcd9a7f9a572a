"""A thread that does the same again and again, and does not die unnoticed.

An error in one round must not make the assistant deaf or mute: it is logged and the next round is
tried. When round after round fails, whoever owns the thread has to know.
"""

import logging
import threading
from collections.abc import Callable

log = logging.getLogger(__name__)

HOPELESS = 100
"""Rounds in a row that fail before the thread gives up."""


class Repeating:
    """Calls `do` every `period_s` seconds until `closing` is set."""

    def __init__(
        self, name: str, do: Callable[[], None], period_s: float, closing: threading.Event
    ) -> None:
        self._do = do
        self._period_s = period_s
        self._closing = closing
        self.error: Exception | None = None
        """What failed again and again; the thread has ended."""
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    @property
    def name(self) -> str:
        """Of the thread."""
        return self._thread.name

    def join(self) -> None:
        """Wait for the end."""
        self._thread.join()

    def _run(self) -> None:
        failed = 0
        while not self._closing.wait(self._period_s):
            try:
                self._do()
                failed = 0
            except Exception as error:
                failed += 1
                if failed == 1:
                    log.exception("error in the thread %s, which goes on", self.name)
                if failed == HOPELESS:
                    self.error = error
                    return
