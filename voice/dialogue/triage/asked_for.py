"""Which protocol a question asks for by name: "how do I do C P R", "how do you get a tick out"."""

import re
from collections.abc import Iterable

from voice.dialogue import words
from voice.dialogue.match import Match, Matcher
from voice.dialogue.protocol import Protocol
from voice.dialogue.triage import rules
from voice.dialogue.triage.findings import Findings

_LIKE_A_TRIGGER = 0.9
_LIKE_A_PROCEDURE = 0.9
_EVERYDAY = words.wordset("talk cut lift floor car bridge roof ledge")
_PARTICLES = words.wordset("down off out")
_HOW = re.compile(
    r"\b(?:how (?:do|can|should|would|to)|what (?:do|should|can) (?:i|we|you) do|teach me|show me|"
    r"explain|tell me|walk me through|guide me|talk me through|help me|i (?:need|want) to|"
    r"we (?:need|have) to|can you|what is the (?:best |safest |right |easiest )?way)\b"
)
_Phrasing = tuple[str, str]
"""A protocol and one of its phrasings."""


class AskedFor:
    """Knows what the protocols are called. Immutable; safe in any thread."""

    def __init__(self, protocols: Iterable[Protocol], findings: Findings) -> None:
        protocols = tuple(protocols)
        self._findings = findings
        self._triggers = _matcher((p.id, text) for p in protocols for text in p.triggers)
        self._procedures = _matcher((p.id, text) for p in protocols for text in p.procedures)

    def emergency(self, text: str) -> str | None:
        """The protocol one of whose triggers the text is."""
        return _whole(self._triggers.best(text, _LIKE_A_TRIGGER), words.normalise(text))

    def procedure(self, text: str) -> str | None:
        """The protocol whose whole procedure is asked for, or what to do about its emergency."""
        plain = words.normalise(text)
        asked = _HOW.search(plain)
        if not asked:
            return None
        named = plain[asked.end() :]
        if slug := _whole(self._procedures.best(named, _LIKE_A_PROCEDURE), plain):
            return slug
        if asked[0].startswith("what"):
            rule = rules.first(self._findings.read(named, supposing=True))
            return rule.slug if rule else None
        return None


def _matcher(phrasings: Iterable[_Phrasing]) -> Matcher[_Phrasing]:
    return Matcher((phrasing, phrasing[1]) for phrasing in phrasings)


def _whole(match: Match[_Phrasing] | None, plain: str) -> str | None:
    """The protocol, if what an everyday word tells of is asked for with all that makes it: "talk
    someone down" is, "talk to someone" is not; "get him out of the car", but not "to the car".
    """
    if match is None:
        return None
    slug, phrasing = match.key
    if not _EVERYDAY.issuperset(words.content(phrasing)):
        return slug
    said = set(words.tokens(plain))
    needed = (part for part in words.tokens(phrasing) if part in _PARTICLES)
    return slug if all(part in said for part in needed) else None
