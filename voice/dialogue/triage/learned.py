"""The classifier ready to use: built from content once, then read from disk until content changes.

Sentence vectors are kept line by line, so that a changed line costs one sentence, not all.
"""

import hashlib
import io
import os
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from voice.dialogue.triage.classifier import Classifier, Embedder, Features, Score, topics_of
from voice.dialogue.triage.exemplars import Exemplar
from voice.dialogue.triage.features import Concepts, lexical

Array = NDArray[np.float32]

_KEPT = 4
_FORMAT = "2"
"""Changed when the features or the file change, so that older files are not used."""


class Vectors(msgspec.Struct, frozen=True):
    """Sentence vectors of some lines, and how to get that of any other text."""

    of: dict[str, Array]
    embed: Callable[[str], Array | None]


class Learned:
    """From text to scored topics. Immutable; safe in any thread."""

    def __init__(
        self,
        exemplars: Sequence[Exemplar],
        concepts: Concepts,
        embedder: Embedder | None = None,
        keep: Path | None = None,
    ) -> None:
        """`keep`: a folder for what was worked out; None keeps nothing."""
        self._concepts = concepts
        self._embedder = embedder
        self._keep = keep
        self._vector = lru_cache(maxsize=256)(self._embed)
        lines = [line for _, line in exemplars]
        vectors = _vectors(lines, embedder, keep, "vectors.npz") if embedder else None
        stored = _read_words(lines, concepts, keep)
        features = [
            Features(by_words, by_concepts, None if vectors is None else vectors[row])
            for row, (by_words, by_concepts) in enumerate(stored)
        ]
        key = _key(exemplars, stored, embedder is not None)
        self._classifier = _classifier(topics_of(exemplars), features, key, keep)
        self.scores = lru_cache(maxsize=4096)(self._scores)
        """Every topic for a text, the best first."""

    def vectors(self, lines: Iterable[str]) -> Vectors:
        """Sentence vectors of all further lines, kept on disk as well; none without embedding."""
        lines = tuple(lines)
        if self._embedder is None or not lines:
            return Vectors({}, self._vector)
        found = _vectors(lines, self._embedder, self._keep, "phrasings.npz")
        return Vectors(dict(zip(lines, found, strict=True)), self._vector)

    def _scores(self, text: str) -> list[Score]:
        features = Features(lexical(text), self._concepts.read(text), self._vector(text))
        return self._classifier.scores(features)

    def _embed(self, text: str) -> Array | None:
        return None if self._embedder is None else self._embedder.embed([text])[0]


def _classifier(
    topics: list[str], features: list[Features], key: str, keep: Path | None
) -> Classifier:
    file = keep / f"weights-{key}.npy" if keep else None
    weights = _load(file)
    found = Classifier(topics, features, weights)
    if file and weights is None:
        _write(file, _bytes(lambda stream: np.save(stream, found.weights)))
        _tidy(file)
    return found


def _vectors(lines: Sequence[str], embedder: Embedder, keep: Path | None, name: str) -> Array:
    """One row a line; only lines that were never seen are worked out."""
    names = np.array([_digest(line) for line in lines])
    file = keep / name if keep else None
    known: dict[str, Array] = {}
    if file and file.is_file():
        try:
            with np.load(file) as stored:
                known = dict(zip(stored["names"].tolist(), stored["vectors"], strict=True))
        except (OSError, ValueError, KeyError):
            known = {}
    new = {name: line for name, line in zip(names, lines, strict=True) if name not in known}
    if new:
        found = embedder.embed(list(new.values())).astype(np.float16)
        known.update(zip(new, found, strict=True))
        if file:
            kept = np.array([known[name] for name in names], np.float16)
            _write(file, _bytes(lambda stream: np.savez(stream, names=names, vectors=kept)))
    return np.array([known[name] for name in names], np.float32)


def _read_words(
    lines: Sequence[str], concepts: Concepts, keep: Path | None
) -> list[tuple[dict[str, float], dict[str, float]]]:
    """Words and concepts of every line; reading them takes a while, so they are kept as well."""
    key = _digest("\n".join((_FORMAT, concepts.fingerprint, *lines)))
    file = keep / f"words-{key}.msgpack" if keep else None
    shape = list[tuple[dict[str, float], dict[str, float]]]
    if file:
        try:
            return msgspec.msgpack.decode(file.read_bytes(), type=shape)
        except (OSError, msgspec.DecodeError):
            pass
    found = [(lexical(line), concepts.read(line)) for line in lines]
    if file:
        _write(file, msgspec.msgpack.encode(found))
        _tidy(file)
    return found


def _key(exemplars: Sequence[Exemplar], stored: object, embedded: bool) -> str:
    text = msgspec.msgpack.encode((_FORMAT, exemplars, stored, embedded))
    return hashlib.sha256(text).hexdigest()[:16]


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _bytes(save: Callable[[io.BytesIO], None]) -> bytes:
    stream = io.BytesIO()
    save(stream)
    return stream.getvalue()


def _load(file: Path | None) -> Array | None:
    try:
        return None if file is None else np.load(file)
    except (OSError, ValueError):
        return None


def _write(file: Path, data: bytes) -> None:
    """Write beside and move into place; a folder that cannot be written to keeps nothing."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
        partial.write_bytes(data)
        os.replace(partial, file)
    except OSError:
        pass


def _tidy(newest: Path) -> None:
    """Remove what earlier content left, save the last few."""
    found = newest.parent.glob(newest.name.partition("-")[0] + "-*")
    by_age = sorted(found, key=lambda file: file.stat().st_mtime, reverse=True)
    for file in by_age[_KEPT:]:
        file.unlink(missing_ok=True)
