"""Sentence vectors of everything a protocol expects to hear, kept on disk line by line.

A line that was changed costs one sentence, not all of them.
"""

import hashlib
import os
import sys
from collections.abc import Callable, Iterable, Mapping
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
_MOST = 200_000
"""Lines that are kept, 150 MB; with more of them those that are not needed now go."""
_PART = 512
"""Lines that one core works out at a time."""


class Vectors(msgspec.Struct, frozen=True):
    """Sentence vectors of some lines, and how to get that of any other text."""

    of: Mapping[str, NDArray[np.floating]]
    """float16 [384] for each line: as they are kept, or 66,000 of them would take 100 MB."""
    embed: Callable[[str], Array | None]


def none() -> Vectors:
    """What there is without a sentence embedding."""
    return Vectors({}, lambda text: None)


def load(lines: Iterable[str], embedder: Embedder, folder: Path) -> Vectors:
    """The vectors of all lines, from the folder's file as far as it has them; then it has them all.

    Each embedding has a file of its own, and the newest alone is kept. It also keeps what other
    content has: whoever tries an edited copy must not cost the next start minutes.
    """
    lines = tuple(dict.fromkeys(lines))
    file = folder / f"phrasings-{embedder.fingerprint}.npz"
    names = [hashlib.sha256(line.encode()).hexdigest()[:16] for line in lines]
    kept = keep.read(file, ("names", "vectors"))
    known = dict(zip(kept["names"].tolist(), kept["vectors"], strict=True)) if kept else {}
    new = {name: line for name, line in zip(names, lines, strict=True) if name not in known}
    if new:
        if len(new) >= MANY:
            print(f"reading {len(new)} phrasings once, a minute or two …", file=sys.stderr)
        if len(known) > _MOST:
            known = {name: known[name] for name in names if name in known}
        known.update(zip(new, _embedded(embedder, list(new.values())), strict=True))
        stored = np.array(list(known.values()), np.float16)
        keep.write(file, {"names": np.array(list(known)), "vectors": stored})
    vectors = np.array([known[name] for name in names], np.float16)
    return Vectors(dict(zip(lines, vectors, strict=True)), embedder.vector)


def _embedded(embedder: Embedder, lines: list[str]) -> NDArray[np.float16]:
    """All cores work at it: the ONNX runtime lets go of the interpreter while it multiplies."""
    parts = [lines[start : start + _PART] for start in range(0, len(lines), _PART)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.concatenate(list(pool.map(embedder.embed, parts))).astype(np.float16)
