"""Doses: an amount of a drug has its unit, and a guideline that somebody has read."""

import re
from collections.abc import Iterator

from voice.dialogue.checks.subject import Found, Subject

_DRUG = re.compile(
    r"\b(aspirin|ibuprofen|paracetamol|acetaminophen|naloxone|adrenaline|epinephrine|glucose)\b"
    r"|\{(aspirin_dose|adrenaline|paracetamol|heart_spray|reliever)\}"
    r"|\b(chew|swallow|inject|spray|dose|tablets?)\b",
    re.IGNORECASE,
)
_AMOUNT = re.compile(r"\b(hundred|thousand|point|milligrams?|micrograms?)\b", re.IGNORECASE)
"""Words that occur in strengths; small counts ("one more puff") are no doses."""
_UNIT = re.compile(
    r"\b(milligrams?|micrograms?|grams?|millilitres?|teaspoons?|kilograms?|minutes?|hours?)\b",
    re.IGNORECASE,
)


def units(subject: Subject) -> Iterator[Found]:
    """Every strength has its unit, in every region."""
    for path, line in subject.lines():
        if not _DRUG.search(line):
            continue
        for said in subject.in_regions(line):
            if _AMOUNT.search(said) and not _UNIT.search(said):
                yield path, f"a dose without its unit: {said}"
                break


def read_sources(subject: Subject) -> Iterator[Found]:
    """A protocol that names a strength follows a guideline that was read, not remembered."""
    if any(source.basis != "memory" for source in subject.protocol.sources):
        return
    for path, line in subject.lines():
        if any(_DRUG.search(line) and _AMOUNT.search(s) for s in subject.in_regions(line)):
            yield path, f"a dose needs a source that was read, not only remembered: {line}"
