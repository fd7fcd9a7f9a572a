"""Where to begin: the protocol for what was said when nothing is running yet.

Rules over findings come first: they alone decide on life threats. Among the protocols that a rule
allows, or among all when none fits, the classifier chooses; when it is not sure, one short
question goes back.
"""

import re
from collections.abc import Iterable

import msgspec

from voice.dialogue import words
from voice.dialogue.doubt import EASING
from voice.dialogue.match import Matcher
from voice.dialogue.protocol import Protocol
from voice.dialogue.triage import rules
from voice.dialogue.triage.classifier import Score
from voice.dialogue.triage.exemplars import ASK, NOTHING
from voice.dialogue.triage.findings import Findings, statements
from voice.dialogue.triage.learned import Learned
from voice.dialogue.triage.rules import ANYTHING as ANYTHING

LIKE_A_TRIGGER = 0.9
LIKE_A_PROCEDURE = 0.9
CERTAIN = 0.3
"""Score from which a protocol begins without a rule that calls for it."""
AHEAD = 0.1
"""By how much the first has to lead, when it is not certain."""
NOT_NOTHING = 0.12
NEARLY = 0.6
"""Share of the best score that it has to have."""
PLAINLY = 0.4
"""Score from which something is taken for chatter."""
CLEARLY = 0.35
CLEARLY_AHEAD = 0.2
"""Score, and its lead over the running protocol, from which another takes over."""
CAUSE = 0.25
"""Score from which one of the protocols that a rule allows is taken instead of the rule's own."""

UNRESPONSIVE = frozenset(("unresponsive", "collapsed"))
_URGENCY = ("critical", "urgent", "minor")
_PROCEDURE = re.compile(
    r"\b(?:how (?:do|can|should|would|to)|what (?:do|should|can) (?:i|we|you) do|teach me|show me|"
    r"explain|tell me|walk me through|guide me|talk me through|help me|i (?:need|want) to|"
    r"we (?:need|have) to|can you|what is the way)\b"
)


class Opening(msgspec.Struct, frozen=True):
    """A protocol to begin, and the facts that were said with it."""

    slug: str
    facts: tuple[str, ...] = ()


class Vague(msgspec.Struct, frozen=True):
    """An emergency that could be several things: the question to ask back."""

    question: str
    facts: tuple[str, ...] = ()


class Openings:
    """Finds the protocol to begin. Immutable; safe in any thread."""

    def __init__(self, protocols: Iterable[Protocol], findings: Findings, learned: Learned) -> None:
        protocols = tuple(protocols)
        self._findings = findings
        self._learned = learned
        self._rank = {p.id: _URGENCY.index(p.urgency) for p in protocols}
        self._triggers = Matcher((p.id, text) for p in protocols for text in p.triggers)
        self._procedures = Matcher((p.id, text) for p in protocols for text in p.procedures)

    def find(self, text: str) -> Opening | Vague | None:
        """The opening that the text is, or None when it is no emergency."""
        found = self._findings.read(text)
        if "elsewhere" in found or not words.tokens(text):
            return None
        scores = self._learned.scores(text)
        rule = rules.first(found)
        if rule is None and (slug := self._procedure(text)):
            return Opening(slug)
        if rule is not None:
            return Opening(_allowed(rule, scores) or rule.slug, found)
        return self._classified(text, found, scores)

    def chatter(self, text: str) -> bool:
        """Whether the text is plainly about something else than an emergency."""
        best = self._learned.scores(text)[0]
        return best.topic == NOTHING and best.score >= PLAINLY

    def overtakes(self, text: str, running: str) -> Opening | None:
        """Another and no less urgent protocol that the text clearly tells of."""
        found = self._findings.read(text)
        if "elsewhere" in found or is_question(text) or (found and EASING.issuperset(found)):
            return None
        scores = self._learned.scores(text)
        best = scores[0]
        if best.topic == running or best.topic not in self._rank:
            return None
        if self._rank[best.topic] > self._rank.get(running, 0) or best.score < CLEARLY:
            return None
        known = max(_score(scores, running), _score(scores, NOTHING))
        return Opening(best.topic, found) if best.score - known >= CLEARLY_AHEAD else None

    def _classified(
        self, text: str, found: tuple[str, ...], scores: list[Score]
    ) -> Opening | Vague | None:
        if not UNRESPONSIVE.intersection(found):
            scores = [score for score in scores if score.topic != "unresponsive-breathing"]
        best, second = scores[0], scores[1]
        if found and EASING.issuperset(found) and (best.score < CERTAIN or ASK in best.topic):
            return None
        if is_question(text) and not statements(text):
            asked = self._triggers.best(text, LIKE_A_TRIGGER)
            return Opening(asked.key, found) if asked else None
        alarm = "emergency" in found
        if best.topic == NOTHING:
            return Opening(ANYTHING, found) if alarm and _score(scores, NOTHING) < 0.3 else None
        if best.topic.startswith(ASK):
            return Vague(best.topic.removeprefix(ASK), found)
        certain = best.score >= CERTAIN and best.score - _score(scores, NOTHING) >= NOT_NOTHING
        if certain or (best.score >= 0.2 and best.score - second.score >= AHEAD):
            return Opening(best.topic, found)
        if alarm:
            return Opening(best.topic if best.score >= CERTAIN else ANYTHING, found)
        asks = [s for s in scores[:4] if s.topic.startswith(ASK)]
        if _score(scores, NOTHING) >= 0.2:
            return None
        return Vague(asks[0].topic.removeprefix(ASK) if asks else "awake", found)

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
            rule = rules.first(self._findings.read(plain[asked.end() :], supposing=True))
            return rule.slug if rule else None
        return None


def _allowed(rule: rules.Rule, scores: list[Score]) -> str | None:
    """The best protocol that the rule allows, if it is a likely one and not far from the best."""
    best = next((score for score in scores if score.topic in rule.allows), None)
    likely = max(CAUSE, NEARLY * scores[0].score)
    return best.topic if best and best.score >= likely else None


def _score(scores: Iterable[Score], topic: str) -> float:
    return next((score.score for score in scores if score.topic == topic), 0.0)


_ASKING = re.compile(
    r"^(?:(?:so|and|but|okay|ok|um|uh|oh|hey|please|well|then|also|quick question|wait) )*(?:"
    r"what(?! an? )|how|why|when|where|which|who|"
    r"(?:should|shall|can|could|do|does|did|is|are|was|would|will|may|must|has|have|am|might) "
    r"(?:not )?"
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
