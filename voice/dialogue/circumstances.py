"""Who it is about and who is there: what is told on the way and says nothing of how they are."""

import re

from voice.dialogue import words
from voice.dialogue.triage.findings import Findings

PRESENCE = frozenset(("alone", "helper", "no-phone"))
"""Commands that state a finding: the running protocol reacts to them."""
CIRCUMSTANCES = PRESENCE | {"adult", "child", "infant", "pregnant", "self"}
_BESIDE = frozenset(("old", "little", "small", "young", "only", "year"))
"""Stems that say no more than the age they stand beside."""

_PERSON = "person|casualty|victim|man|woman|guy|child"
_ANOTHER = re.compile(rf"\b(another (one|{_PERSON})|(second|other) ({_PERSON}|patient))\b")
_FURTHER = re.compile(
    r"\b(there (is|are)|here is|i (can )?(see|found|have)|we (found|have)) (now |also )?"
    rf"(another|a second|one more) (one|{_PERSON}|patient)\b"
)


def nothing_else(text: str, facts: tuple[str, ...], findings: Findings) -> bool:
    """Whether circumstances are all that was told: 'it's a little girl', 'she's six'."""
    if not facts or not CIRCUMSTANCES.issuperset(facts):
        return False
    return _BESIDE.issuperset(words.content(findings.beyond(text)))


def another(text: str) -> bool:
    """Whether a further casualty may be meant; it may be another breath or pill as well."""
    return bool(_ANOTHER.search(words.normalise(text)))


def further(text: str) -> bool:
    """Whether the text tells that there is one more, and not what is wrong."""
    return bool(_FURTHER.search(words.normalise(text)))
