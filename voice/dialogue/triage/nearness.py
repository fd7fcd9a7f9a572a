"""Which expected phrasing comes closest in meaning to what was said, by sentence vectors."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Generic, TypeVar

import numpy as np

from voice.dialogue import words
from voice.dialogue.match import Match
from voice.dialogue.triage.learned import Vectors as Vectors

Key = TypeVar("Key")

_TURNED = 0.6
"""What a phrasing counts whose negations do not match: vectors hardly tell "not" from its lack."""


class Nearest(Generic[Key]):
    """Finds the nearest of some phrasings. Immutable once built; safe in any thread."""

    def __init__(self, phrases: Iterable[tuple[Key, str]], vectors: Vectors) -> None:
        found = tuple(phrases)
        self._keys: Sequence[Key] = [key for key, _ in found]
        self._negated = np.array([_negated(text) for _, text in found])
        self._known = vectors
        rows = [vectors.of[text] for _, text in found if text in vectors.of]
        self._vectors = np.array(rows, np.float32) if found and len(rows) == len(found) else None
        self.ranked = lru_cache(maxsize=256)(self._ranked)
        """One match a key, the best first; empty without sentence vectors."""

    def _ranked(self, text: str) -> list[Match[Key]]:
        vector = self._known.embed(text)
        if vector is None or self._vectors is None:
            return []
        scores = self._vectors @ vector
        scores = np.where(self._negated == _negated(text), scores, _TURNED * scores)
        best: dict[int, Match[Key]] = {}
        for row in np.argsort(-scores):
            key = self._keys[row]
            best.setdefault(id(key), Match(key, float(scores[row])))
        return list(best.values())

    def clear(self, text: str, near: float, ahead: float) -> Match[Key] | None:
        """The nearest, if it is near and leads every other key."""
        found = self.ranked(text)
        if not found or found[0].score < near:
            return None
        rival = found[1].score if len(found) > 1 else 0.0
        return found[0] if found[0].score - rival >= ahead else None


def _negated(text: str) -> bool:
    return words.negated(words.tokens(text))
