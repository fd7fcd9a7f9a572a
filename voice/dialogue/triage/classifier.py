"""Which topic an utterance is about: regularised least squares over likeness to known lines.

Three kinds of likeness are summed: of sentence vectors, of words, and of concepts. The weights of
the known lines are solved for once, in closed form, so there is nothing random and nothing to
train; without sentence vectors words and concepts decide alone, a little worse.
"""

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from voice.dialogue.triage.exemplars import Exemplar
from voice.dialogue.triage.similarity import SparseIndex

Array = NDArray[np.float32]

_NEAR = 3.0
"""How fast likeness falls with the distance of two sentence vectors."""
_CONCEPTS_WITH_MEANING = 0.7
_WORDS = 1.0
_CONCEPTS = 0.15
_REGULARISATION = 0.2
_TURNED = np.float32(0.7)
"""What likeness counts when only one of two texts is negated: vectors hardly tell "not"."""


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    def embed(self, texts: Sequence[str]) -> Array:
        """One row a text."""


class Score(msgspec.Struct, frozen=True):
    """How well a topic fits, about 0 to 1."""

    topic: str
    score: float


class Features(msgspec.Struct, frozen=True):
    """What is compared of a text."""

    words: Mapping[str, float]
    concepts: Mapping[str, float]
    vector: Array | None = None
    negated: bool = False
    """Whether it says that something is not so; texts that differ in this are less alike."""


class Classifier:
    """Scores topics. Immutable once built; safe in any thread."""

    def __init__(
        self,
        topics: Sequence[str],
        features: Sequence[Features],
        weights: Array | None = None,
    ) -> None:
        self.names = tuple(dict.fromkeys(topics))
        self._words = SparseIndex([item.words for item in features])
        self._concepts = SparseIndex([item.concepts for item in features])
        vectors = [item.vector for item in features if item.vector is not None]
        self._vectors = np.array(vectors, np.float32) if len(vectors) == len(topics) else None
        self._negated = np.array([item.negated for item in features])
        self.weights = self._solve(topics) if weights is None else weights

    def scores(self, said: Features) -> list[Score]:
        """Every topic, the best first."""
        near = None
        if self._vectors is not None and said.vector is not None:
            near = self._vectors @ said.vector
        likeness = _combined(
            near, self._words.likeness(said.words), self._concepts.likeness(said.concepts)
        )
        found = (likeness * self._agree(said.negated)) @ self.weights
        return [Score(self.names[i], float(found[i])) for i in np.argsort(-found)]

    def _agree(self, negated: bool | NDArray[np.bool_]) -> Array:
        agree: Array = np.where(self._negated == negated, np.float32(1.0), _TURNED)
        return agree

    def _solve(self, topics: Sequence[str]) -> Array:
        near = None if self._vectors is None else self._vectors @ self._vectors.T
        gram = _combined(near, self._words.gram(), self._concepts.gram())
        gram *= self._agree(self._negated[:, np.newaxis])
        gram[np.diag_indices_from(gram)] += _REGULARISATION
        wanted = np.zeros((len(topics), len(self.names)), np.float32)
        column = {name: index for index, name in enumerate(self.names)}
        for row, topic in enumerate(topics):
            wanted[row, column[topic]] = 1.0
        solved: Array = np.linalg.solve(gram, wanted).astype(np.float32)
        return solved


def topics_of(exemplars: Sequence[Exemplar]) -> list[str]:
    """The topic of each line."""
    return [topic for topic, _ in exemplars]


def _combined(near: Array | None, by_words: Array, by_concepts: Array) -> Array:
    by_concepts = np.clip(by_concepts, 0.0, 1.0)
    total: Array = _WORDS * by_words + _CONCEPTS * by_concepts * by_concepts
    if near is not None:
        meaning = np.exp(_NEAR * (near - 1.0))
        total = total + meaning * (1.0 + _CONCEPTS_WITH_MEANING * by_concepts)
    return total.astype(np.float32)
