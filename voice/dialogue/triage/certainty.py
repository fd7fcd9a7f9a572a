"""How certain a topic is, and what that makes of what a rule found.

The rule names the first action; the topics may know the cause or the age.
"""

from collections.abc import Iterable

from voice.dialogue.triage.exemplars import ASK
from voice.dialogue.triage.rules import LIFE_THREATS, Rule
from voice.dialogue.triage.topics import Score

PLAINLY, SURELY = 0.7, 0.9
"""How likely a topic has to be to be plain, or that nothing is the matter; the second for what is
said to us not even to be asked about, and for a question to begin what it tells of."""
CAUSE, CAUSE_OF_AGE = 0.4, 0.7
"""How likely one of the protocols that a rule allows has to be to take the place of the rule's
own: the second where it is for an age that nobody mentioned."""
CERTAIN, TOLD = 0.97, 0.25
"""How likely another topic has to be, and how like what is told of it the words, where those that
tell of a threat may be about other things."""
_ARREST = "cpr"
_BY_AGE = (_ARREST, "choking")
"""What the names of protocols for one emergency at different ages begin with."""
_GROWN = frozenset(("adult", "pregnant"))
_THREATS = LIFE_THREATS | {"heavy-bleeding", "severed", "choking"}


def of_family(topics: list[Score], found: tuple[str, ...]) -> Score:
    """The likeliest topic; one emergency at several ages is as likely as all of them together, and
    that of an adult where one was named.
    """
    best = topics[0]
    family = best.topic.partition("-")[0]
    if family not in _BY_AGE:
        return best
    total = sum(score.score for score in topics if score.topic.startswith(family))
    topic = f"{family}-adult" if _GROWN.intersection(found) else best.topic
    return Score(topic, total, best.near)


def refined(rule: Rule, found: tuple[str, ...], scores: list[Score]) -> str:
    """The likeliest protocol that the rule allows, if it is likely enough; else the rule's own.

    What is plain is taken even so.
    """
    if _plain(scores[0], rule):
        return scores[0].topic
    allowed = [s for s in scores if s.topic in rule.allows and s.score >= CAUSE]
    return next((s.topic for s in allowed if _of_age(s, found)), rule.slug)


def _plain(best: Score, rule: Rule) -> bool:
    """Whether it is clear what was told, whatever the rule makes of it, if no threat to life.

    Compressions are no such refinement: who "can not breathe" may be awake.
    """
    other = best.topic.startswith((ASK, _ARREST))
    return not other and best.score >= PLAINLY and not rule.needs & _THREATS


def certain(best: Score) -> bool:
    """Whether one topic is all but certain."""
    return best.score >= CERTAIN and best.near >= TOLD


def _of_age(score: Score, found: tuple[str, ...]) -> bool:
    """Whether a protocol for an age is certain enough, where nobody said how old they are."""
    if score.topic.endswith(("-child", "-infant")) and _GROWN.intersection(found):
        return False
    return score.score >= CAUSE_OF_AGE or not score.topic.endswith(("-child", "-infant", "newborn"))


def share(scores: Iterable[Score], topic: str) -> float:
    """How likely a topic is."""
    return next((score.score for score in scores if score.topic == topic), 0.0)
