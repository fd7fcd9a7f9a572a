"""Sparse likeness: which stored texts share weighted features with a new one."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float32]


class SparseIndex:
    """Cosine of idf-weighted features against stored texts. Immutable; safe in any thread."""

    def __init__(self, texts: Sequence[Mapping[str, float]]) -> None:
        self.size = len(texts)
        self._number: dict[str, int] = {}
        lengths = [len(text) for text in texts]
        names = (name for text in texts for name in text)
        number = self._number
        column = np.fromiter((number.setdefault(n, len(number)) for n in names), np.int32)
        row = np.repeat(np.arange(self.size, dtype=np.int32), lengths)
        weight = np.fromiter((w for text in texts for w in text.values()), np.float64)
        counts = np.bincount(column, minlength=len(number))
        self._idf = np.log(1 + self.size / np.maximum(counts, 1))
        weight *= self._idf[column]
        weight /= np.sqrt(np.bincount(row, weight * weight, minlength=self.size))[row]
        order = np.argsort(column, kind="stable")
        self._rows, self._weights = row[order], weight[order].astype(np.float32)
        self._ends = np.cumsum(counts)

    def likeness(self, text: Mapping[str, float]) -> Array:
        """Cosine with every stored text: float32 [size]."""
        found = np.zeros(self.size, np.float32)
        known = [(self._number[name], w) for name, w in text.items() if name in self._number]
        weights = np.array([w * self._idf[column] for column, w in known])
        length = float(np.sqrt(np.sum(weights * weights))) or 1.0
        for (column, _), weight in zip(known, weights / length, strict=True):
            rows, stored = self._column(column)
            found[rows] += np.float32(weight) * stored
        return found

    def gram(self) -> Array:
        """Cosine of every stored text with every other: float32 [size, size]."""
        found = np.zeros((self.size, self.size), np.float32)
        for column in range(len(self._number)):
            rows, weights = self._column(column)
            found[np.ix_(rows, rows)] += np.outer(weights, weights)
        return found

    def _column(self, column: int) -> tuple[NDArray[np.int32], Array]:
        """The texts that have a feature, and how much it counts there."""
        end = self._ends[column]
        start = self._ends[column - 1] if column else 0
        return self._rows[start:end], self._weights[start:end]
