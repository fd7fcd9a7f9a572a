"""Which of some keys a text is most like: regularised least squares over likeness to known lines.

Likeness in meaning (sentence vectors) and in words is added. The weights of the known lines are
solved for in closed form, so there is nothing random and nothing to train; without sentence
vectors the words decide alone, a little worse.
"""

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from voice.dialogue import words
from voice.dialogue.triage.features import lexical
from voice.dialogue.triage.sparse import SparseIndex, indexed

Array = NDArray[np.float32]

_NEAR = 3.0
"""How fast likeness falls with the distance of two sentence vectors."""
_REGULARISATION = 0.2
_TURNED = np.float32(0.5)
"""What likeness counts when only one of two texts is negated: vectors hardly tell "not"."""


class Features(msgspec.Struct, frozen=True):
    """What is compared of a text."""

    words: Mapping[str, float]
    vector: NDArray[np.floating] | None
    negated: bool
    """Whether it says that something is not so."""


def features(text: str, vector: NDArray[np.floating] | None) -> Features:
    """What is compared of this text."""
    return Features(lexical(text), vector, words.negated(words.tokens(text)))


class Likeness:
    """Scores keys, given by their numbers. Immutable once built; safe in any thread."""

    def __init__(self, keys: Sequence[int], lines: Sequence[Features]) -> None:
        self._words = SparseIndex(indexed([line.words for line in lines]))
        vectors = [line.vector for line in lines if line.vector is not None]
        self.vectors = np.array(vectors, np.float32) if len(vectors) == len(keys) else None
        """Those of the lines, float32 [lines, 384]; None where one has none."""
        self._negated = np.array([line.negated for line in lines])
        self._weights = self._solve(np.array(keys))

    def scores(self, said: Features) -> Array:
        """How much every key fits, about 0 to 1: float32 [keys]."""
        likeness = self._words.likeness(said.words)
        if self.vectors is not None and said.vector is not None:
            likeness += _meaning(self.vectors @ said.vector)
        likeness *= self._agree(said.negated)
        found: Array = likeness @ self._weights
        return found

    def _agree(self, negated: bool | NDArray[np.bool_]) -> Array:
        agree: Array = np.where(self._negated == negated, np.float32(1.0), _TURNED)
        return agree

    def _solve(self, keys: NDArray[np.int64]) -> Array:
        gram = self._words.gram()
        if self.vectors is not None:
            gram += _meaning(self.vectors @ self.vectors.T)
        gram *= self._agree(self._negated[:, np.newaxis])
        gram[np.diag_indices_from(gram)] += _REGULARISATION
        wanted = np.zeros((len(keys), keys.max() + 1), np.float32)
        wanted[np.arange(len(keys)), keys] = 1.0
        solved: Array = np.linalg.solve(gram, wanted).astype(np.float32)
        return solved


def _meaning(cosines: Array) -> Array:
    likeness: Array = np.exp(_NEAR * (cosines - 1.0))
    return likeness
