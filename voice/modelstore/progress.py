"""What a long fetch or copy shows: a line that grows on a terminal, one line a file elsewhere."""

import sys
from collections.abc import Iterable, Iterator
from typing import TextIO

from voice.modelstore.files import megabytes

SHOWN = 1_000_000
"""Bytes; smaller files are copied without a word."""


class Progress:
    """Writes to standard error, so that standard output stays clean for results."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._live = self._stream.isatty()
        self._label = ""

    @property
    def live(self) -> bool:
        """Whether somebody watches."""
        return self._live

    def note(self, text: str) -> None:
        """Show one line."""
        print(text, file=self._stream, flush=True)

    def begin(self, label: str) -> None:
        """Start a piece of work."""
        self._label = label
        self.update(0)

    def update(self, done: int) -> None:
        """Show how many bytes of the current piece are done."""
        if self._live:
            print(f"\r\033[K  {self._label}  {megabytes(done)}", end="", file=self._stream)
            self._stream.flush()

    def end(self, done: int) -> None:
        """Close the current piece."""
        before = "\r\033[K" if self._live else ""
        self.note(f"{before}  {self._label}  {megabytes(done)}")

    def follow(self, data: Iterable[bytes], label: str) -> Iterator[bytes]:
        """Pass blocks on and show how many bytes have gone by."""
        self.begin(label)
        done = 0
        for block in data:
            done += len(block)
            self.update(done)
            yield block
        self.end(done)
