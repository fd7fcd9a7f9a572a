"""Everyday names of things, so that "some lager" is compared as "alcohol" too."""

import re
from collections.abc import Mapping, Sequence

from voice.dialogue import words


class Everyday:
    """Knows the plain words for everyday names. Immutable; safe in any thread."""

    def __init__(self, names: Mapping[str, Sequence[str]]) -> None:
        self._plain = {words.normalise(n): plain for plain, many in names.items() for n in many}
        longest_first = sorted(self._plain, key=len, reverse=True)
        self._names = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest_first))})\b")

    def plainer(self, text: str) -> str:
        """The text with plain words for everyday names, in lower case; or as it is, without any."""
        plain = words.normalise(text)
        if not self._plain or not self._names.search(plain):
            return text
        return self._names.sub(lambda found: self._plain[found[0]], plain)
