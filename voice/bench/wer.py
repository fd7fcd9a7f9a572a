"""Word error rate, with what two recognisers merely write differently made equal."""

import re
from collections.abc import Iterable

from rapidfuzz.distance import Levenshtein

from voice.spoken import cardinal, digits

_SPELLINGS = {"mr": "mister", "mrs": "missus", "dr": "doctor", "ok": "okay", "oclock": "o clock"}


def words(text: str) -> list[str]:
    """Lower-case words without punctuation and apostrophes, numbers spelled out."""
    text = text.lower().replace("%", " percent ").replace("&", " and ")
    text = re.sub(r"['\N{RIGHT SINGLE QUOTATION MARK}]", "", text)
    text = re.sub(r"(?<=\d),(?=\d{3})", "", text)
    found = re.findall(r"[a-z]+|\d+", text)
    return [w for f in found for w in _spelled(f).split()]


def _spelled(word: str) -> str:
    if not word.isdigit():
        return _SPELLINGS.get(word, word)
    number = int(word)
    if word.startswith("0") or number > 9999:  # a code or a telephone number
        return digits(word)
    return cardinal(number).replace("-", " ")


def errors(truth: str, heard: str) -> int:
    """Words to insert, delete or replace to make what was heard the truth."""
    return Levenshtein.distance(words(truth), words(heard))


def rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Errors a word over (truth, heard) pairs, all words of all pairs weighing the same."""
    pairs = list(pairs)
    total = sum(len(words(truth)) for truth, _ in pairs)
    return sum(errors(*pair) for pair in pairs) / max(total, 1)
