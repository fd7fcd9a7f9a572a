"""Which topic an utterance is about: by a trained head on sentence vectors and by words.

Without the embedding words alone decide.

An adapter (models/adapters, made by models/train/triage.py from content/<language>/heard) changes
the upper layers of the sentence embedding and holds one direction for each topic. There may be
several: they were trained from different beginnings, err differently, and their mean counts.
"""

import contextlib
import typing
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec
import numpy as np

from voice.config import ROOT, Settings
from voice.dialogue import keep, words
from voice.dialogue.memo import remembered
from voice.dialogue.protocol import Protocol
from voice.dialogue.triage import embedding, exemplars, features, sparse
from voice.dialogue.triage.exemplars import Exemplar
from voice.dialogue.triage.features import lexical, lexical_of
from voice.dialogue.triage.minilm import MiniLm
from voice.dialogue.triage.sparse import SparseIndex, indexed
from voice.safetensors import Array

ADAPTERS = ROOT / "models" / "adapters"
_SHARPNESS = 12.0
"""How fast the share of a topic grows with the likeness of its nearest line, by words alone."""
_MEANING, _WORDS = 1.2, 8.0
"""The same for the trained direction of a topic (which has a sharpness of its own), and for the
words of its nearest line beside that: the embedding knows what is meant, words know names and
things that it has hardly seen. Chosen on the part of the evaluation set that is read."""
_NOTHING = 0.2
"""How much likelier it is from the start that nothing is the matter: there is more such talk in a
day than among the lines of the training."""


class Score(msgspec.Struct, frozen=True):
    """How likely a topic is, 0 to 1; all together make 1."""

    topic: str
    score: float
    near: float = 0.0
    """How like it is to what people say of the topic, -1 to 1. The topics share the certainty among
    themselves whatever is said; what is about none of them is near to none."""


class Topics(typing.Protocol):
    """Scores topics. Immutable; safe in any thread."""

    names: tuple[str, ...]
    encoder: MiniLm | None
    """The sentence embedding by which topics are told apart."""

    def scores(self, text: str) -> list[Score]:
        """Every topic, the likeliest first."""


class Lines:
    """How like a text is to the nearest line of each topic, by words alone. Immutable."""

    def __init__(
        self, lines: Sequence[Exemplar], names: Sequence[str], folder: Path | None = None
    ) -> None:
        """The lines of other topics than those named are left out; `folder` keeps the index."""
        number = {name: n for n, name in enumerate(names)}
        kept = [(number[topic], line) for topic, line in lines if topic in number]
        self._topics = len(names)
        self._topic_of = np.array([n for n, _ in kept])
        self._index = SparseIndex(_index([line for _, line in kept], folder))

    def nearest(self, text: str) -> Array:
        """0 to 1 for each topic: float32 [topics]."""
        found = np.zeros(self._topics, np.float32)
        np.maximum.at(found, self._topic_of, self._index.likeness(lexical(text)))
        return found


class Adapter:
    """One trained view of the topics. Immutable; safe in any thread."""

    def __init__(self, base: MiniLm, file: Path) -> None:
        """Raises OSError, ValueError or KeyError for a file that is no adapter."""
        with np.load(file) as adapter:
            arrays = {name: adapter[name] for name in adapter.files}
        self.names: tuple[str, ...] = tuple(arrays.pop("topics").tolist())
        self._head: Array = arrays.pop("head").astype(np.float32)
        self.sharpness = float(np.linalg.norm(self._head[0]))
        self.encoder = base.adapted(arrays)

    def meaning(self, text: str) -> Array:
        """The cosine to each topic's direction times the sharpness: float32 [topics]."""
        found: Array = self._head @ self.encoder.vector(text)
        return found


class TrainedTopics:
    """By adapted sentence embeddings, and by the words of the nearest line of each topic."""

    def __init__(
        self, adapters: Sequence[Adapter], lines: Sequence[Exemplar], folder: Path | None = None
    ) -> None:
        """The first adapter is the one that phrasings are told apart by; `folder` keeps what takes
        time to work out. Raises ValueError for none, or where they know different topics.
        """
        if not adapters:
            raise ValueError("there is no adapter")
        self._adapters = tuple(adapters)
        self.names = self._adapters[0].names
        if any(adapter.names != self.names for adapter in self._adapters):
            raise ValueError("the adapters were trained on different topics")
        nothing = [exemplars.public(name) == exemplars.NOTHING for name in self.names]
        self._prior: Array = _NOTHING * np.array(nothing, np.float32)
        self._lines = Lines(lines, self.names, folder)
        self.encoder: MiniLm | None = self._adapters[0].encoder
        self._known = remembered(4096)(self._scores)

    def scores(self, text: str) -> list[Score]:
        """Every topic, the likeliest first."""
        return self._known(text)

    def _scores(self, text: str) -> list[Score]:
        found = [(adapter.meaning(text), adapter.sharpness) for adapter in self._adapters]
        meaning = np.mean([meaning for meaning, _ in found], axis=0)
        near = np.mean([meaning / sharpness for meaning, sharpness in found], axis=0)
        logits = _MEANING * meaning + _WORDS * self._lines.nearest(text) + self._prior
        return _ranked(self.names, logits, near)


class WordTopics:
    """By the words of the nearest line of each topic: where there is no sentence embedding."""

    def __init__(self, lines: Sequence[Exemplar]) -> None:
        self.names = tuple(dict.fromkeys(exemplars.public(topic) for topic, _ in lines))
        self.encoder: MiniLm | None = None
        self._lines = Lines([(exemplars.public(t), line) for t, line in lines], self.names)

    def scores(self, text: str) -> list[Score]:
        """Every topic, the likeliest first."""
        nearest = self._lines.nearest(text)
        return _ranked(self.names, _SHARPNESS * nearest, nearest)


def find(settings: Settings, heard: Path, protocols: Iterable[Protocol]) -> Topics:
    """The trained topics of the settings' language, or words alone where they are not to be had.

    `heard` is the folder of the lines that tell of each topic.
    """
    base = embedding.find(settings)
    files = ADAPTERS.glob(f"triage-{settings.content.language}*.npz")
    lines = exemplars.complete(exemplars.load(heard), protocols)
    if base is not None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            adapters = [Adapter(base, file) for file in sorted(files, key=lambda file: file.stem)]
            return TrainedTopics(adapters, lines, settings.cache_dir() / "triage")
    return WordTopics(lines)


def _index(lines: Sequence[str], folder: Path | None) -> keep.Arrays:
    """The words of the lines: kept as long as neither they nor the code that reads them change."""
    if folder is None:
        return indexed(lexical_of(lines))
    code = (Path(module.__file__ or "").read_bytes() for module in (words, features, sparse))
    file = folder / f"heard-{keep.digest((*code, *lines))}.npz"
    if (known := keep.read(file, sparse.ARRAYS)) is None:
        known = indexed(lexical_of(lines))
        keep.write(file, known)
    return known


def _ranked(names: Sequence[str], logits: Array, near: Array) -> list[Score]:
    """The shares of all topics; what is no emergency in any way is one of them."""
    share = np.exp(logits - logits.max())
    share /= share.sum()
    found: dict[str, Score] = {}
    for name, part, like in zip(names, share.tolist(), near.tolist(), strict=True):
        topic = exemplars.public(name)
        other = found.get(topic, Score(topic, 0.0, like))
        found[topic] = Score(topic, other.score + part, max(other.near, like))
    return sorted(found.values(), key=lambda score: -score.score)
