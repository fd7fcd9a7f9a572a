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
from voice.dialogue.triage.findings import ELSEWHERE, Findings, statements
from voice.dialogue.triage.learned import Learned
from voice.dialogue.triage.rules import ANYTHING as ANYTHING

LIKE_A_TRIGGER = 0.9
LIKE_A_PROCEDURE = 0.9
SURE, SURE_OF_NOBODY = 0.22, 0.4
"""Scores from which a protocol begins: where a person is spoken of, and where nobody is."""
AHEAD, AHEAD_OF_NOTHING = 0.05, 0.12
"""By how much it has to lead the next protocol, and chatter."""
PERHAPS = 0.15
"""Score below which nothing in particular is recognised."""
CAUSE = 0.25
"""Score from which one of the protocols that a rule allows is taken instead of the rule's own."""
CAUSE_OF_AGE = 0.5
"""The same for protocols of an age that nobody mentioned."""
NEARLY = 0.6
"""Share of the best score that it has to have."""
LIKELY_NOTHING = 0.3
PLAINLY = 0.4
"""Score from which something is taken for chatter."""
CLEARLY = 0.35
CLEARLY_AHEAD = 0.2
"""Score, and its lead over the running protocol, from which another takes over."""
LIFE_THREATS = frozenset(("not-breathing", "gasping", "unresponsive"))
"""What no mention of a film or of last year elsewhere in the sentence explains away."""
UNRESPONSIVE = frozenset(("unresponsive", "collapsed"))
_BY_AGE = ("cpr", "choking")
"""What the names of protocols for one emergency at different ages begin with."""
_LOOKED_AT = 6
_PERSON = re.compile(
    r"\b(he|she|him|her|his|they|them|their|i|me|my|we|us|our|someone|somebody|everyone|everybody|"
    r"people|person|baby|infant|toddler|child|kids?|boy|girl|man|woman|guy|lady|lad|mum|mom|dad|"
    r"son|daughter|wife|husband|friend|mate|gran|nan|grandad|patient|driver|brother|sister|one)\b"
)
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
        self.learned = learned
        self._rank = {p.id: _URGENCY.index(p.urgency) for p in protocols}
        self._triggers = Matcher((p.id, text) for p in protocols for text in p.triggers)
        self._procedures = Matcher((p.id, text) for p in protocols for text in p.procedures)

    def find(self, text: str) -> Opening | Vague | None:
        """The opening that the text is, or None when it is no emergency."""
        found = self._findings.read(text)
        if not words.tokens(text):
            return None
        if ELSEWHERE in found and not LIFE_THREATS & self._findings.here(text):
            return None
        scores = self.learned.scores(_asserted(text))
        rule = rules.first(found)
        if rule is None and (slug := self._procedure(text)):
            return Opening(slug)
        if rule is not None:
            return Opening(_allowed(rule, scores) or rule.slug, found)
        return self._classified(text, found, scores)

    def chatter(self, text: str) -> bool:
        """Whether the text is plainly about something else than an emergency."""
        best = self.learned.scores(text)[0]
        return best.topic == NOTHING and best.score >= PLAINLY

    def overtakes(self, text: str, running: str) -> Opening | None:
        """Another and no less urgent protocol that the text clearly tells of."""
        found = self._findings.read(text)
        if ELSEWHERE in found or is_question(text) or (found and EASING.issuperset(found)):
            return None
        scores = self.learned.scores(_asserted(text))
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
        """What the classifier makes of a text that meets no rule."""
        if is_question(text) and not statements(text):
            asked = self._triggers.best(text, LIKE_A_TRIGGER)
            return Opening(asked.key, found) if asked else None
        nothing = _score(scores, NOTHING)
        topics = [score for score in scores if _possible(score.topic, found)]
        best, second = topics[0], _rival(topics)
        if best.score < PERHAPS and not found:
            return None
        easy = bool(found) and EASING.issuperset(found) and best.score < SURE_OF_NOBODY
        if best.topic.startswith(ASK):
            return None if easy or nothing > best.score else _vague(topics, found)
        sure = SURE if _PERSON.search(words.normalise(text)) else SURE_OF_NOBODY
        leads = best.score - second.score >= AHEAD
        if best.score >= sure and leads and best.score - nothing >= AHEAD_OF_NOTHING:
            return Opening(best.topic, found)
        if nothing >= LIKELY_NOTHING and best.score - nothing < AHEAD_OF_NOTHING:
            return None
        if "emergency" in found:
            return Opening(best.topic if best.score >= CAUSE else ANYTHING, found)
        return None if easy else _vague(topics, found)

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


_DENIED = re.compile(
    r"\b(?:no|never had|without|not got|not see|not have|not had|not) (?:any |a |much )?"
    r"(?:blood|bleeding|asthma|allerg\w+|injur\w+|fever|temperature|pain|rash|diabet\w+|burns?|"
    r"wounds?|cuts?|swelling|drugs|alcohol)\b(?: or anything)?"
)


def _asserted(text: str) -> str:
    """The text without what it says is not there: "no blood" does not tell of bleeding."""
    plain = words.normalise(text)
    left = _DENIED.sub("", plain)
    return text if left == plain or not left.strip() else left


def _possible(topic: str, found: Iterable[str]) -> bool:
    """Whether a topic may be what a text without a rule is about."""
    if topic == "unresponsive-breathing":
        return not UNRESPONSIVE.isdisjoint(found)
    return topic != NOTHING


def _rival(topics: list[Score]) -> Score:
    """The next best topic that is not the same emergency at another age."""
    family = topics[0].topic.partition("-")[0]
    same = family in _BY_AGE
    rivals = (score for score in topics[1:] if not (same and score.topic.startswith(family)))
    return next(rivals, topics[-1])


def _vague(topics: list[Score], found: tuple[str, ...]) -> Vague:
    """The question that fits the best topics, or whether they are awake and breathing."""
    asks = (score.topic for score in topics[:_LOOKED_AT] if score.topic.startswith(ASK))
    return Vague(next(asks, ASK + "awake").removeprefix(ASK), found)


def _allowed(rule: rules.Rule, scores: list[Score]) -> str | None:
    """The best protocol that the rule allows, if it is a likely one and not far from the best.

    As likely as the rule's own, one that knows the cause is taken.
    """
    likely = max(CAUSE, NEARLY * scores[0].score)
    fit = [s for s in scores if s.topic in rule.allows and s.score >= likely and _of_age(s)]
    if len(fit) > 1 and fit[0].topic == rule.slug and fit[0].score - fit[1].score < AHEAD:
        return fit[1].topic
    return fit[0].topic if fit else None


def _of_age(score: Score) -> bool:
    """Whether a protocol for an age is certain enough, when the rule knows of no age."""
    return score.score >= CAUSE_OF_AGE or not score.topic.endswith(("-child", "-infant"))


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
# "will coke do", "does steam help"; "is bleeding" leaves out who, and states.
_JUDGED = re.compile(
    r"^(?:(?:so|and|but|or|okay|ok|um|uh|oh|hey|well|then) )*"
    r"(?:will|would|does|is|are|can|could|should) (?!not\b|\w+ing\b|\w+ed\b)(?:\w+ ){1,5}?"
    r"(?:do|okay|ok|alright|all right|safe|help|work|good|enough|better|fine|hurt|harm|any good)\b"
)
_ASKED_INSIDE = re.compile(
    r"\b(?:what if|how (?:do|can|should) i|(?:should|can|do|may|must|shall) i|"
    r"(?:should|can|may) we)\b"
)


def is_question(text: str) -> bool:
    """Whether the words ask something, with or without a question mark."""
    return (
        text.rstrip().endswith("?")
        or any(_ASKING.match(said) or _JUDGED.match(said) for said in words.clauses(text))
        or bool(_ASKED_INSIDE.search(words.normalise(text)))
    )
