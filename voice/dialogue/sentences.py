"""Splits text that arrives in pieces into sentences, as early as each is certain."""

import re

_ABBREVIATIONS = frozenset(["dr", "mr", "mrs", "ms", "vs", "approx", "etc", "e.g", "i.e", "min"])
_BOUNDARY = re.compile(r"[.!?]+[\"')\N{RIGHT DOUBLE QUOTATION MARK}]*(?=\s)|(?<=\S)(?=\n)")
"""The end of a sentence is certain once white space follows: until then 3. may become 3.5."""
_LAST_WORD = re.compile(r"[\w.]*$")


class SentenceSplitter:
    """Cuts the same sentences whatever the pieces; joined they are the whole text."""

    def __init__(self) -> None:
        self._rest = ""

    @property
    def rest(self) -> str:
        """The beginning of a sentence that is not whole yet."""
        return self._rest

    def feed(self, piece: str) -> list[str]:
        """Take more text and give the sentences that it completes, with their leading space."""
        self._rest += piece
        found = []
        start = 0
        for boundary in _BOUNDARY.finditer(self._rest):
            if self._ends(start, boundary):
                found.append(self._rest[start : boundary.end()])
                start = boundary.end()
        self._rest = self._rest[start:]
        return found

    def end(self) -> str:
        """The text after the last sentence; the splitter is empty again."""
        rest, self._rest = self._rest, ""
        return rest

    @classmethod
    def split(cls, text: str) -> list[str]:
        """The sentences of a whole text, without white space around them."""
        splitter = cls()
        return [s for s in map(str.strip, [*splitter.feed(text), splitter.end()]) if s]

    def _ends(self, start: int, boundary: re.Match[str]) -> bool:
        before = self._rest[start : boundary.start()]
        if boundary.group().startswith("."):
            word = _LAST_WORD.search(before)
            last = word.group().lower() if word else ""
            return last not in _ABBREVIATIONS and not (len(last) == 1 and last.isalpha())
        return bool(before.strip())
