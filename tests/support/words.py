"""Word error rate with what recognisers write differently made equal."""

import re
from collections.abc import Iterable

from rapidfuzz.distance import Levenshtein

_ONES = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SAME = {"mr": "mister", "mrs": "missus", "dr": "doctor", "etc": "etcetera", "ok": "okay"}


def words(text: str) -> list[str]:
    """Give the spoken words of a text: lower case, no punctuation, numbers spelled out."""
    text = re.sub(r"\d+", lambda m: f" {_number(int(m[0]))} ", text.lower())
    found = re.findall(r"[a-z']+", text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    return [_SAME.get(word.strip("'"), word.strip("'")) for word in found if word.strip("'")]


def _number(n: int) -> str:
    if n < 20:
        return _ONES[n]
    if n < 100:
        return f"{_TENS[n // 10 - 2]} {_ONES[n % 10] if n % 10 else ''}"
    if n < 1000:
        return f"{_ONES[n // 100]} hundred {_number(n % 100) if n % 100 else ''}"
    return " ".join(_ONES[int(digit)] for digit in str(n))


def word_error_rate(pairs: Iterable[tuple[str, str]]) -> float:
    """Give errors a word of the truth over (truth, heard) pairs."""
    errors = total = 0
    for truth, heard in pairs:
        reference = words(truth)
        errors += Levenshtein.distance(reference, words(heard))
        total += len(reference)
    return errors / max(total, 1)
