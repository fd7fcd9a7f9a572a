"""Whether words may have been misheard in a way that matters: low confidence, a lost negation."""

from voice.dialogue import words
from voice.dialogue.interface import Utterance

EASING_CONFIDENCE = 0.6
"""A lost "not" leaves a sentence that is heard with middling confidence."""
SCANT_CONFIDENCE = 0.7
"""In noise "carry on" is heard as "can I be wrong", which few words make more certain."""
UNKNOWN_CONFIDENCE = 0.75
"""Below this a question that nothing is known about is likelier another one, misheard."""
_SAME = 0.6
"""Share of common meaning-bearing words from which two readings are of the same sentence."""


EASING = frozenset(
    ("awake", "breathing", "cleared", "can-cough", "bleeding-stopped", "no-bleeding")
)
"""Findings that make an emergency less urgent."""
_SENTENCE = 3
"""Words; a bare "yes" has no negation to lose."""


def doubtful(utterance: Utterance, min_confidence: float) -> bool:
    """Whether the recogniser was unsure, or its readings disagree about a negation."""
    return utterance.confidence < min_confidence or _disagrees(utterance)


def strange(utterance: Utterance) -> bool:
    """Whether the words are too unsure to be believed where nothing is known about them."""
    return utterance.confidence < UNKNOWN_CONFIDENCE


def uncertain(utterance: Utterance) -> bool:
    """Whether the words are too unsure for news that would make things less urgent."""
    return len(words.tokens(utterance.text)) >= _SENTENCE and faint(utterance)


def faint(utterance: Utterance) -> bool:
    """Whether the words are too unsure to be taken for a remark about something."""
    return utterance.confidence < EASING_CONFIDENCE or _disagrees(utterance)


def remains(utterance: Utterance) -> bool:
    """Whether what seems to ask something may be what noise left of other words."""
    few = not words.telling(utterance.text)
    return utterance.confidence < (SCANT_CONFIDENCE if few else EASING_CONFIDENCE)


def _disagrees(utterance: Utterance) -> bool:
    said = words.negated(words.tokens(utterance.text))
    return any(
        words.negated(words.tokens(other)) != said and _alike(utterance.text, other)
        for other in utterance.alternatives
    )


def _alike(one: str, other: str) -> bool:
    first, second = set(words.content(one)), set(words.content(other))
    together = first | second
    return not together or len(first & second) / len(together) >= _SAME
