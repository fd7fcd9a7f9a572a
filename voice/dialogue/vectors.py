"""Sentence vectors of everything a protocol expects to hear, kept on disk line by line.

A line that was changed costs one sentence, not all of them.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from voice.dialogue import keep
from voice.dialogue.triage.embedding import Embedder

Array = NDArray[np.float32]
MANY = 500
"""New lines from which the user is told that this takes a while."""
_PART = 512
"""Lines that one core works out at a time."""


class Vectors(msgspec.Struct, frozen=True):
    """Sentence vectors of some lines, and how to get that of any other text."""

    of: dict[str, Array]
    embed: Callable[[str], Array | None]


def none() -> Vectors:
    """What there is without a sentence embedding."""
    return Vectors({}, lambda text: None)


def load(lines: Iterable[str], embedder: Embedder, folder: Path) -> Vectors:
    """The vectors of all lines, from the folder's file as far as it has them; then it has them all.

    Each embedding has a file of its own, and the newest alone is kept.
    """
    lines = tuple(dict.fromkeys(lines))
    file = folder / f"phrasings-{embedder.fingerprint}.npz"
    kept = keep.read(file, ("all", "names", "vectors"))
    every = keep.digest(lines)
    if kept and kept["all"] == every:
        vectors = kept["vectors"]
    else:
        vectors = _updated(lines, kept, embedder)
        names = np.array([_name(line) for line in lines])
        keep.write(file, {"all": np.array(every), "names": names, "vectors": vectors})
    of = dict(zip(lines, vectors.astype(np.float32), strict=True))
    return Vectors(of, embedder.vector)


def _updated(
    lines: Sequence[str], kept: keep.Arrays | None, embedder: Embedder
) -> NDArray[np.float16]:
    """The vectors of all lines; only those that are not kept have to be worked out."""
    names = [_name(line) for line in lines]
    known = dict(zip(kept["names"].tolist(), kept["vectors"], strict=True)) if kept else {}
    new = {name: line for name, line in zip(names, lines, strict=True) if name not in known}
    if new:
        if len(new) >= MANY:
            print(f"reading {len(new)} phrasings once, a minute or two …", file=sys.stderr)
        known.update(zip(new, _embedded(embedder, list(new.values())), strict=True))
    return np.array([known[name] for name in names], np.float16)


def _name(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()[:16]


def _embedded(embedder: Embedder, lines: list[str]) -> NDArray[np.float16]:
    """All cores work at it: numpy lets go of the interpreter while it multiplies."""
    parts = [lines[start : start + _PART] for start in range(0, len(lines), _PART)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.concatenate(list(pool.map(embedder.embed, parts))).astype(np.float16)
