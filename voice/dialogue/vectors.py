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

    table: NDArray[np.float16]
    """One row a line, as they are kept on disk: there are 66,000. Whoever compares with some of
    them keeps the numbers of their rows.
    """
    row: Mapping[str, int]
    embed: Callable[[str], Array | None]

    def rows(self, lines: Iterable[str]) -> NDArray[np.int32] | None:
        """The rows of these lines, or None where one of them has none."""
        found = [self.row.get(line, -1) for line in lines]
        return None if -1 in found else np.array(found, np.int32)

    def at(self, rows: NDArray[np.int32]) -> Array:
        """The vectors in these rows: float32 [rows, 384]."""
        return self.table[rows].astype(np.float32)


def none() -> Vectors:
    """What there is without a sentence embedding."""
    return Vectors(np.zeros((0, 0), np.float16), {}, lambda text: None)


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
    table = np.array([known[name] for name in names], np.float16)
    return Vectors(table, {line: n for n, line in enumerate(lines)}, embedder.vector)


def _embedded(embedder: Embedder, lines: list[str]) -> NDArray[np.float16]:
    """All cores work at it: the ONNX runtime lets go of the interpreter while it multiplies."""
    parts = [lines[start : start + _PART] for start in range(0, len(lines), _PART)]
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return np.concatenate(list(pool.map(embedder.embed, parts))).astype(np.float16)
