"""Turns the bytes of generated tokens into text that may be shown, and finds its end."""

import codecs
from collections.abc import Iterable


class TextStream:
    """Decodes UTF-8 as it comes and holds back what may become a stop string."""

    def __init__(self, stops: Iterable[str] = ()) -> None:
        self._stops = tuple(stop for stop in stops if stop)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""
        self.stopped = False
        """A stop string has come; nothing more will."""

    def feed(self, piece: bytes, final: bool = False) -> str:
        """Take the bytes of one token and give the text that is now certain."""
        if self.stopped:
            return ""
        self._held += self._decoder.decode(piece, final)
        found = [at for stop in self._stops if (at := self._held.find(stop)) >= 0]
        self.stopped = bool(found)
        end = min(found) if found else len(self._held) - (0 if final else self._doubtful())
        text, self._held = self._held[:end], self._held[end:]
        return text

    def _doubtful(self) -> int:
        """Length of the longest tail that is the beginning of a stop string."""
        longest = max(map(len, self._stops), default=1) - 1
        tails = range(min(longest, len(self._held)), 0, -1)
        return next((n for n in tails if self._begins_stop(self._held[-n:])), 0)

    def _begins_stop(self, tail: str) -> bool:
        return any(stop.startswith(tail) for stop in self._stops)
