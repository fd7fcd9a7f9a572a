"""Where to begin: the protocol for what was said when nothing is running yet.

Rules over findings come first: they alone decide on life threats. Among the protocols that a rule
allows, or among all when none fits, the classifier chooses; when it is not sure, one short
question goes back.
"""

import re
from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from voice.dialogue import words
from voice.dialogue.doubt import EASING
from voice.dialogue.protocol import Protocol
from voice.dialogue.questions import is_question
from voice.dialogue.triage import rules
from voice.dialogue.triage.asked_for import AskedFor
from voice.dialogue.triage.asserted import asserted
from voice.dialogue.triage.certainty import PLAINLY, SURELY, certain, of_family, refined, share
from voice.dialogue.triage.exemplars import ASK, NOTHING
from voice.dialogue.triage.findings import BY_THE_WAY, ELSEWHERE, Findings, statements
from voice.dialogue.triage.minilm import MiniLm
from voice.dialogue.triage.rules import LIFE_THREATS
from voice.dialogue.triage.topics import Score, Topics

SURE = 0.55
"""How likely a topic has to be for its protocol to begin."""
CHATTER, PERHAPS = 0.45, 0.3
"""How likely it has to be that nothing is the matter for nothing to begin, or how unlikely all else
where it is likelier; the second also for the name of an emergency to be asked about."""
DOUBT = 0.05
"""How likely it has to be that nothing is the matter for a likely topic not to begin but to be
asked about."""
FIGURATIVE = 0.2
"""The same where a rule knows what was told."""
MEANT = 0.3
"""How likely it has to be, by the few words that tell it, that what a rule is for is told."""
CLEARLY, NEARLY, ONE_MORE = 0.9, 0.28, 0.6
"""How likely another emergency has to be to take over from the one that runs, and how like what is
told of it the words; how likely to be that of one more casualty."""
_CORRECTED = re.compile(
    r"\b(?:not (?:\w+ ){1,4}(?:it|that|this|she|he) (?:is|was)|no wait|i (?:mean|meant)|actually)\b"
)
"""That what was told before is taken back: "it wasn't hot water, it was the descaler"."""
_TOOL = "aed"
"""The protocol of a machine, which is no emergency of its own."""
_ASLEEP = "unresponsive-breathing"
"""What "breathing and awake" has many words in common with."""
_SILENT = frozenset(("unresponsive",))
_OF_OTHER_THINGS = (_SILENT, *(frozenset((n,)) for n in ("gasping", "choking", "heavy-bleeding")))
"""What rules need that may be told in words that mean other things as well."""
_YOUNG = frozenset(("child", "infant"))
_LOOKED_AT = 6
_FITS = 0.003
"""How likely a question has to be for it to be asked, and not whether they are awake."""
_URGENCY = ("critical", "urgent", "minor")


class Near(NamedTuple):
    """How like it has to be to what people tell of an emergency."""

    begin: float
    """For a protocol to begin."""
    begin_long: float
    """The same after a long speech."""
    ask: float
    """To be asked about."""


SPOKEN_TO = Near(begin=0.18, begin_long=0.18, ask=0.14)
OVERHEARD = Near(begin=0.2, begin_long=0.3, ask=0.2)
AMID_TALK = Near(begin=0.3, begin_long=0.3, ask=0.2)
"""What was said to us, what may be anybody's talk, and what is said amid such talk: where nothing
is found that a rule knows, who goes on and on rather reads, tells or discusses something."""
_NO_MATTER = BY_THE_WAY | EASING
"""Findings of words that tell of nothing that is the matter: "mum", "last week", "he is fine"."""
_LONG = 20
"""Words."""
_A_WORD = 2
"""Words of a clause that may be a scrap of other talk: "straw, ice, no breath"."""
_TELLING = 8
"""Words of a question that may tell what has happened besides."""
AWAKE = "awake"
"""The question back where no other fits."""


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

    def __init__(self, protocols: Iterable[Protocol], findings: Findings, topics: Topics) -> None:
        protocols = tuple(protocols)
        self._findings = findings
        self._topics = topics
        self._rank = {p.id: _URGENCY.index(p.urgency) for p in protocols}
        self._asked = AskedFor(protocols, findings)

    @property
    def encoder(self) -> MiniLm | None:
        """The sentence embedding in use, if there is one."""
        return self._topics.encoder

    def find(self, text: str, sure: float = SURE, near: Near = SPOKEN_TO) -> Opening | Vague | None:
        """The opening that the text is, or None when it is no emergency.

        `sure`: how likely a topic has to be where no rule decides; `near`: how like what people
        tell of emergencies.
        """
        found = self._findings.read(text)
        if not words.tokens(text):
            return None
        scores = self._topics.scores(asserted(text))
        if ELSEWHERE in found and not self._here_and_now(text, scores):
            return None
        rule = rules.first(found)
        if rule is None and (slug := self._asked.procedure(text)):
            return Opening(slug)
        if rule is not None and (begun := self._by_rule(text, rule, found, scores)):
            return begun
        return self._classified(text, found, scores, sure, near)

    def _by_rule(
        self, text: str, rule: rules.Rule, found: tuple[str, ...], scores: list[Score]
    ) -> Opening | Vague | None:
        """What a rule begins, or asks where its words may be a figure of speech: "her heart stopped
        as he bowed". Those of a threat to life count by themselves, whatever else is talked about,
        and are never passed over; but a word or two amid mere talk are asked about, too.
        """
        threats = rule.needs & LIFE_THREATS
        told = [c for c in statements(text) if threats.intersection(self._findings.read(c))]
        nothing = share(scores, NOTHING)
        for clause in told:
            nothing = min(nothing, share(self._topics.scores(clause), NOTHING))
        if nothing < FIGURATIVE and not (threats and _amid_talk(text, told, scores)):
            return self._otherwise(text, rule, found, scores) or Opening(
                refined(rule, found, scores), found
            )
        if threats:
            return Vague(AWAKE, found)
        return _vague(scores, found) if nothing < PLAINLY else None

    def _otherwise(
        self, text: str, rule: rules.Rule, found: tuple[str, ...], scores: list[Score]
    ) -> Opening | Vague | None:
        """What is told instead where the words of a rule mean other things: "it keeps spurting
        steam, his arm is scalded". Another topic is all but certain then, and the few words do not
        tell of what the rule is for. That somebody does not respond is asked about all the same.
        """
        best = scores[0]
        if rule.needs not in _OF_OTHER_THINGS or not certain(best) or best.topic in rule.allows:
            return None
        for place in self._findings.around(text, rule.needs):
            meant = (score for score in self._topics.scores(place) if score.topic in rule.allows)
            if sum(score.score for score in meant) >= MEANT:
                return None
        return Vague(AWAKE, found) if rule.needs == _SILENT else Opening(best.topic, found)

    def _here_and_now(self, text: str, scores: list[Score]) -> bool:
        """Whether it happens here after all, though a film or another time is spoken of."""
        threat = LIFE_THREATS & self._findings.here(text)
        return bool(threat) or (scores[0].topic in self._rank and scores[0].score >= PLAINLY)

    def chatter(self, text: str, certainty: float = PLAINLY) -> bool:
        """Whether the text is plainly about something else than an emergency."""
        best = self._topics.scores(text)[0]
        return best.topic == NOTHING and best.score >= certainty

    def perhaps(self, text: str) -> bool:
        """Whether the text may be about first aid at all."""
        return self._topics.scores(text)[0].topic != NOTHING

    def about(self, text: str) -> str | None:
        """The topic that the text is likely about, whether or not it tells of an emergency; that of
        an adult where no age is told.
        """
        found = self._findings.read(text, supposing=True)
        age = found if _YOUNG.intersection(found) else ("adult",)
        best = of_family(self._topics.scores(text), age)
        return best.topic if best.topic in self._rank and best.score >= SURE else None

    def overtakes(self, text: str, running: str) -> Opening | None:
        """Another and no less urgent protocol that the text clearly tells of."""
        found = self._findings.read(text)
        if ELSEWHERE in found or is_question(text) or (found and EASING.issuperset(found)):
            return None
        best = of_family(self._topics.scores(asserted(text)), found)
        plainly = best.score >= CLEARLY and best.near >= NEARLY
        corrected = best.score >= ONE_MORE and _CORRECTED.search(words.normalise(text))
        if best.topic in (running, _TOOL) or best.topic not in self._rank:
            return None
        if not plainly and not corrected:
            return None
        if self._rank[best.topic] > self._rank.get(running, len(_URGENCY)):
            return None
        return Opening(best.topic, found)

    def critical(self, slug: str) -> bool:
        """Whether the protocol is about a threat to life."""
        return self._rank.get(slug) == 0

    def _classified(
        self, text: str, found: tuple[str, ...], scores: list[Score], sure: float, near: Near
    ) -> Opening | Vague | None:
        """What the classifier makes of a text that meets no rule."""
        if is_question(text) and not statements(text):
            return self._asked_for(text, found, scores)
        topics = [score for score in scores if score.topic != NOTHING]
        best, nothing = of_family(topics, found), share(scores, NOTHING)
        if self._good_news(text) and (best.score < PLAINLY or best.topic == _ASLEEP):
            return None
        if "emergency" in found and nothing < PLAINLY:
            known = best.topic in self._rank and best.score >= sure and nothing < PERHAPS
            return Opening(best.topic, found) if known else _vague(topics, found)
        if nothing >= CHATTER or (nothing > best.score and best.score < PERHAPS):
            return None
        nearest = _nearest(scores)
        telling = not _NO_MATTER.issuperset(found)
        if nearest < (min(near.ask, SPOKEN_TO.ask) if telling else near.ask):
            return None
        enough = near.begin_long if len(words.tokens(text)) > _LONG else near.begin
        begins = nearest >= enough and best.score >= sure and nothing < DOUBT
        if begins and best.topic in self._rank:
            return Opening(best.topic, found)
        return _vague(topics, found)

    def _asked_for(
        self, text: str, found: tuple[str, ...], scores: list[Score]
    ) -> Opening | Vague | None:
        """What a question plainly is about: "how do you get a tick out", "can you come quick"."""
        if slug := self._asked.emergency(text):
            return Opening(slug, found)
        best = scores[0]
        if best.topic.startswith(ASK):
            return _vague(scores, found) if best.score >= SURE else None
        told = best.topic in self._rank and len(words.tokens(text)) >= _TELLING
        plain = told and best.score >= SURELY and best.near >= NEARLY
        return Opening(best.topic, found) if plain else None

    def _good_news(self, text: str) -> bool:
        """Whether all that is said makes things less urgent."""
        told = [self._findings.read(clause) for clause in statements(text)]
        return bool(told) and all(found and EASING.issuperset(found) for found in told)


def _amid_talk(text: str, told: list[str], scores: list[Score]) -> bool:
    """Whether all that is said taken together is about something else, or much of nothing known.

    `told`: the clauses that tell of a threat. "He is not breathing" is one whatever it comes with.
    """
    if share(scores, NOTHING) >= PLAINLY and all(len(clause.split()) <= _A_WORD for clause in told):
        return True
    return _nearest(scores) < SPOKEN_TO.ask and len(words.tokens(text)) > _LONG


def _nearest(scores: list[Score]) -> float:
    """How near the words are to what people tell of any emergency."""
    return max(score.near for score in scores if score.topic != NOTHING)


def _vague(topics: list[Score], found: tuple[str, ...]) -> Vague:
    """The question that fits the best topics, or whether they are awake and breathing."""
    likely = (score.topic for score in topics[:_LOOKED_AT] if score.score >= _FITS)
    asks = (topic for topic in likely if topic.startswith(ASK))
    return Vague(next(asks, ASK + AWAKE).removeprefix(ASK), found)
