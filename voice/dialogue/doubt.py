"""Whether words may have been misheard in a way that matters: low confidence, a lost negation."""

from voice.dialogue import words
from voice.dialogue.interface import Utterance

_SAME = 0.6
"""Share of common meaning-bearing words from which two readings are of the same sentence."""


def doubtful(utterance: Utterance, min_confidence: float) -> bool:
    """Whether the recogniser was unsure, or its readings disagree about a negation."""
    if utterance.confidence < min_confidence:
        return True
    said = words.negated(words.tokens(utterance.text))
    return any(
        words.negated(words.tokens(other)) != said and _alike(utterance.text, other)
        for other in utterance.alternatives
    )


def _alike(one: str, other: str) -> bool:
    first, second = set(words.content(one)), set(words.content(other))
    together = first | second
    return not together or len(first & second) / len(together) >= _SAME
