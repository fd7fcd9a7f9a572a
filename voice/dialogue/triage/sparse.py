"""Sparse likeness: which stored texts share weighted features with a new one."""

import sys
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from voice.dialogue.keep import Arrays

Array = NDArray[np.float32]
ARRAYS = ("size", "features", "idf", "ends", "rows", "weights")
"""The names of what `indexed` gives."""


def indexed(texts: Sequence[Mapping[str, float]]) -> Arrays:
    """What a SparseIndex is made of: the features and, for each, the texts that have it."""
    number: dict[str, int] = {}
    lengths = [len(text) for text in texts]
    names = (name for text in texts for name in text)
    column = np.fromiter((number.setdefault(n, len(number)) for n in names), np.int32)
    row = np.repeat(np.arange(len(texts), dtype=np.int32), lengths)
    weight = np.fromiter((w for text in texts for w in text.values()), np.float64)
    counts = np.bincount(column, minlength=len(number))
    idf = np.log(1 + len(texts) / np.maximum(counts, 1))
    weight *= idf[column]
    weight /= np.sqrt(np.bincount(row, weight * weight, minlength=len(texts)))[row]
    order = np.argsort(column, kind="stable")
    return {
        "size": np.array(len(texts)),
        "features": np.frombuffer("\n".join(number).encode(), np.uint8),
        "idf": idf,
        "ends": np.cumsum(counts),
        "rows": row[order],
        "weights": weight[order].astype(np.float32),
    }


class SparseIndex:
    """Cosine of idf-weighted features against stored texts. Immutable; safe in any thread."""

    def __init__(self, arrays: Arrays, *, alike: bool = False) -> None:
        """Take what `indexed` gives. `alike`: one of many indexes of much the same features, which
        then keep each feature's name once among them."""
        self.size = int(arrays["size"])
        names = arrays["features"].tobytes().decode().split("\n")
        names = list(map(sys.intern, names)) if alike else names
        self._number = {name: n for n, name in enumerate(names)}
        self._idf, self._ends = arrays["idf"], arrays["ends"]
        self._rows, self._weights = arrays["rows"], arrays["weights"]

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
        """Cosine of every stored text with every other: float32 [size, size].

        A feature of one text alone, as most are, counts on the diagonal only.
        """
        counts = np.diff(self._ends, prepend=0)
        shared = np.repeat(counts > 1, counts)
        column = np.repeat(np.cumsum(counts > 1) - 1, counts)
        dense = np.zeros((self.size, int((counts > 1).sum())), np.float32)
        dense[self._rows[shared], column[shared]] = self._weights[shared]
        found: Array = dense @ dense.T
        np.fill_diagonal(found, np.bincount(self._rows, self._weights**2, self.size))
        return found

    def _column(self, column: int) -> tuple[NDArray[np.int32], Array]:
        """The texts that have a feature, and how much it counts there."""
        end = self._ends[column]
        start = self._ends[column - 1] if column else 0
        return self._rows[start:end], self._weights[start:end]
