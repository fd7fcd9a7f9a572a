"""Sparse likeness: which stored texts share weighted features with a new one."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class SparseIndex:
    """Cosine of idf-weighted features against stored texts. Immutable; safe in any thread."""

    def __init__(self, texts: Sequence[Mapping[str, float]]) -> None:
        self.size = len(texts)
        counts = Counter(name for text in texts for name in text)
        self._idf = {name: math.log(1 + self.size / count) for name, count in counts.items()}
        postings: dict[str, list[tuple[int, float]]] = {name: [] for name in counts}
        for row, text in enumerate(texts):
            for name, weight in self._unit(text):
                postings[name].append((row, weight))
        self._postings = {
            name: (
                np.array([row for row, _ in found], np.int32),
                np.array([weight for _, weight in found], np.float32),
            )
            for name, found in postings.items()
        }

    def likeness(self, text: Mapping[str, float]) -> Array:
        """Cosine with every stored text: float32 [size]."""
        found = np.zeros(self.size, np.float32)
        for name, weight in self._unit(text):
            rows, weights = self._postings[name]
            found[rows] += weight * weights
        return found

    def gram(self) -> Array:
        """Cosine of every stored text with every other: float32 [size, size]."""
        found = np.zeros((self.size, self.size), np.float32)
        for rows, weights in self._postings.values():
            found[np.ix_(rows, rows)] += np.outer(weights, weights)
        return found

    def _unit(self, text: Mapping[str, float]) -> Iterable[tuple[str, float]]:
        """The known features, weighted, of length one."""
        known = [(name, w * self._idf[name]) for name, w in text.items() if name in self._idf]
        length = math.sqrt(sum(weight * weight for _, weight in known)) or 1.0
        return ((name, weight / length) for name, weight in known)
