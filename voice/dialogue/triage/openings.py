"""Where to begin: the protocol for what was said when nothing is running yet.

Rules over findings come first, likeness to the protocols' triggers second; an emergency that
neither recognises begins with the primary check.
"""

import re
from collections.abc import Iterable

import msgspec

from voice.dialogue import words
from voice.dialogue.match import Matcher
from voice.dialogue.protocol import Protocol
from voice.dialogue.triage.findings import Findings

LIKE_A_TRIGGER = 0.74
LIKE_A_PROCEDURE = 0.9
ANYTHING = "primary-check"

_PROCEDURE = re.compile(
    r"\b(?:how (?:do|can|should|would|to)|what (?:do|should|can) (?:i|we|you) do|teach me|show me|"
    r"explain|tell me|walk me through|guide me|talk me through|help me|i (?:need|want) to|"
    r"we (?:need|have) to|can you|what is the way)\b"
)


class Opening(msgspec.Struct, frozen=True):
    """A protocol to begin, and the facts that were said with it."""

    slug: str
    facts: tuple[str, ...] = ()


class Rule(msgspec.Struct, frozen=True):
    """Findings that together call for a protocol."""

    needs: frozenset[str]
    slug: str
    without: frozenset[str] = frozenset()


def _rule(needs: str, slug: str, without: str = "") -> Rule:
    return Rule(frozenset(needs.split()), slug, frozenset(without.split()))


RULES = (
    _rule("choking unresponsive", "cpr-adult"),
    _rule("choking", "choking-adult", "cleared"),
    _rule("cannot-speak cyanosis", "choking-adult", "unresponsive collapsed"),
    _rule("not-breathing awake", "breathing-trouble"),
    _rule("not-breathing", "cpr-adult"),
    _rule("gasping unresponsive", "cpr-adult"),
    _rule("gasping collapsed", "cpr-adult"),
    _rule("heavy-bleeding", "severe-bleeding"),
    _rule("bleeding", "severe-bleeding"),
    _rule("unresponsive", "primary-check"),
    _rule("gasping", "primary-check"),
    _rule("cannot-breathe", "breathing-trouble"),
    _rule("collapsed", "primary-check"),
)
"""The first that fits holds."""


class Openings:
    """Finds the protocol to begin. Immutable; safe in any thread."""

    def __init__(self, protocols: Iterable[Protocol], findings: Findings) -> None:
        protocols = tuple(protocols)
        self._findings = findings
        self._triggers = Matcher((p.id, text) for p in protocols for text in p.triggers)
        self._procedures = Matcher((p.id, text) for p in protocols for text in p.procedures)

    def find(self, text: str) -> Opening | None:
        """The opening that the text is, or None when it is no emergency."""
        found = self._findings.read(text)
        if "elsewhere" in found:
            return None
        if slug := _by_rule(found):
            return Opening(slug, found)
        if slug := self._procedure(text):
            return Opening(slug)
        if is_question(text) and not found:
            return None
        if match := self._triggers.best(text, LIKE_A_TRIGGER):
            return Opening(match.key, found)
        return Opening(ANYTHING, found) if "emergency" in found else None

    def _procedure(self, text: str) -> str | None:
        """The protocol whose whole procedure is asked for, as in 'how do I do C P R'."""
        plain = words.normalise(text)
        asked = _PROCEDURE.search(plain)
        if not asked:
            return None
        named = self._procedures.best(plain[asked.end() :], LIKE_A_PROCEDURE)
        if named:
            return named.key
        if asked[0].startswith("what"):
            return _by_rule(self._findings.read(plain[asked.end() :], supposing=True))
        return None


def _by_rule(found: Iterable[str]) -> str | None:
    held = frozenset(found)
    return next((r.slug for r in RULES if r.needs <= held and not r.without & held), None)


_ASKING = re.compile(
    r"^(?:(?:so|and|but|okay|ok|um|uh|oh|hey|please|well|then|also|quick question|wait) )*(?:"
    r"what(?! an? )|how|why|when|where|which|who|"
    r"(?:should|shall|can|could|do|does|did|is|are|was|would|will|may|must|has|have|am|might) "
    r"(?:i|he|she|they|it|we|you|this|that|the|a|there|my|his|her|their|someone|somebody|"
    r"anyone|any|water|food|these|those|me|him|them))\b"
)
_ASKED_INSIDE = re.compile(
    r"\b(?:what if|how (?:do|can|should) i|(?:should|can|do|may|must|shall) i|"
    r"(?:should|can|may) we)\b"
)


def is_question(text: str) -> bool:
    """Whether the words ask something, with or without a question mark."""
    plain = words.normalise(text)
    return (
        text.rstrip().endswith("?")
        or bool(_ASKING.match(plain))
        or bool(_ASKED_INSIDE.search(plain))
    )
