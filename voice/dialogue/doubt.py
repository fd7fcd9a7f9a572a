"""Whether words may have been misheard in a way that matters: low confidence, a lost negation."""

from voice.dialogue import words
from voice.dialogue.interface import Utterance

EASING_CONFIDENCE = 0.6
"""A lost "not" leaves a sentence that is heard with middling confidence."""
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


def uncertain(utterance: Utterance) -> bool:
    """Whether the words are too unsure for news that would make things less urgent."""
    return len(words.tokens(utterance.text)) >= _SENTENCE and faint(utterance)


def faint(utterance: Utterance) -> bool:
    """Whether the words are too unsure to be taken for a remark about something."""
    return utterance.confidence < EASING_CONFIDENCE or _disagrees(utterance)


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
