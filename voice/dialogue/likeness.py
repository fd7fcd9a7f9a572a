"""Which of some keys a text is most like: regularised least squares over likeness to known lines.

Likeness in meaning (sentence vectors) and in words is added. The weights of the known lines are
solved for in closed form, so there is nothing random and nothing to train; without sentence
vectors the words decide alone, a little worse.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from voice.dialogue import words
from voice.dialogue.triage.features import lexical
from voice.dialogue.triage.sparse import SparseIndex, indexed
from voice.dialogue.vectors import Vectors

Array = NDArray[np.float32]

_NEAR = 3.0
"""How fast likeness falls with the distance of two sentence vectors."""
_REGULARISATION = 0.2
_TURNED = np.float32(0.5)
"""What likeness counts when only one of two texts is negated: vectors hardly tell "not"."""


class Likeness:
    """Scores keys, given by their numbers. Immutable once built; safe in any thread."""

    def __init__(self, keys: Sequence[int], lines: Sequence[str], vectors: Vectors) -> None:
        """A key for each line."""
        self._words = SparseIndex(indexed([lexical(line) for line in lines]), alike=True)
        self._vectors, self._rows = vectors, vectors.rows(lines)
        self._negated = np.array([_negated(line) for line in lines])
        self._weights = self._solve(np.array(keys))

    def cosines(self, vector: Array | None) -> Array | None:
        """Of the angle between a text's vector and that of every line: float32 [lines]."""
        if vector is None or self._rows is None:
            return None
        found: Array = self._vectors.at(self._rows) @ vector
        return found

    def scores(self, text: str, cosines: Array | None) -> Array:
        """How much every key fits, about 0 to 1: float32 [keys]; `cosines`: those of the text."""
        likeness = self._words.likeness(lexical(text))
        if cosines is not None:
            likeness += _meaning(cosines)
        likeness *= self._agree(_negated(text))
        found: Array = likeness @ self._weights
        return found

    def _agree(self, negated: bool | NDArray[np.bool_]) -> Array:
        agree: Array = np.where(self._negated == negated, np.float32(1.0), _TURNED)
        return agree

    def _solve(self, keys: NDArray[np.int64]) -> Array:
        gram = self._words.gram()
        if self._rows is not None:
            vectors = self._vectors.at(self._rows)
            gram += _meaning(vectors @ vectors.T)
        gram *= self._agree(self._negated[:, np.newaxis])
        gram[np.diag_indices_from(gram)] += _REGULARISATION
        wanted = np.zeros((len(keys), keys.max() + 1), np.float32)
        wanted[np.arange(len(keys)), keys] = 1.0
        solved: Array = np.linalg.solve(gram, wanted).astype(np.float32)
        return solved


def _negated(text: str) -> bool:
    """Whether it says that something is not so."""
    return words.negated(words.tokens(text))


def _meaning(cosines: Array) -> Array:
    likeness: Array = np.exp(_NEAR * (cosines - 1.0))
    return likeness
