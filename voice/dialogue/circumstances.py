"""Who it is about and who is there: what is told on the way and says nothing of how they are."""

import re

from voice.dialogue import words
from voice.dialogue.triage.findings import Findings, statements

PRESENCE = frozenset(("alone", "helper", "no-phone"))
"""Commands that state a finding: the running protocol reacts to them."""
CIRCUMSTANCES = PRESENCE | {"adult", "child", "infant", "pregnant", "self"}
_BESIDE = frozenset(("old", "little", "small", "young", "only", "year"))
"""Stems that say no more than the age they stand beside."""

_PERSON = "person|casualty|victim|man|woman|guy|child"
_RELATION = (
    "sister|brother|mother|father|mum|mom|dad|friend|mate|wife|husband|partner|son|daughter|"
    "boyfriend|girlfriend|grandad|grandma|nan|uncle|aunt|cousin|neighbour|colleague|boss|teacher|"
    "driver|passenger|rider|waiter|waitress|cook|worker|customer|helper|rescuer|boy|girl|lad|lady|"
    "bloke|kid|toddler|twin|baby"
)
_ANOTHER = re.compile(
    r"(?<!into )(?<!started )(?<!starting )(?<!having )(?<!had )"  # another fit
    rf"\b(another (one|{_PERSON})|(second|other) ({_PERSON}|{_RELATION}|patient)|"
    rf"(her|his|my|our|their|the|a) ({_PERSON}|{_RELATION}) (is|has) (\w+ ){{1,6}}?(as well|too))\b"
    r"(?! (much|many|far|tight|hot|cold|fast|slow|weak|tired|late|old|young|big|small|long|hard))"
)
_FURTHER = re.compile(
    r"\b(there (is|are)|here is|(i|we) (can |have )?(see|found|have|got)) (now |also )?"
    rf"(another|a second|one more) (one|(?P<person>{_PERSON}|patient))\b"
)


def nothing_else(text: str, facts: tuple[str, ...], findings: Findings) -> bool:
    """Whether circumstances are all that was told: 'it's a little girl', 'she's six'."""
    if not facts or not CIRCUMSTANCES.issuperset(facts):
        return False
    return _BESIDE.issuperset(words.content(findings.beyond(text)))


def another(text: str) -> bool:
    """Whether a further casualty may be meant; it may be another breath or pill as well."""
    return bool(_ANOTHER.search(words.normalise(text)))


def of_the_other(text: str) -> str:
    """What is told of the further casualty, without the words that there is one."""
    told = [clause for clause in statements(text) if not _FURTHER.fullmatch(clause)]
    return ", ".join(told) or text


def further(text: str, *, person: bool = False) -> bool:
    """Whether the text tells that there is one more, and not what is wrong.

    `person`: and names a person; "another one" may be a wound or a pill.
    """
    found = _FURTHER.search(words.normalise(text))
    return found is not None and (not person or found["person"] is not None)
