"""Arrays that were worked out once and are kept on disk: of each kind the newest file alone.

A file is told by a digest of all that it was made from, so what is out of date is not found; one
that is damaged is as none, and a folder that cannot be written to keeps nothing.
"""

import contextlib
import hashlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]


def digest(parts: Iterable[str | bytes]) -> str:
    """A short name for what something is made from; the order counts."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part.encode() if isinstance(part, str) else part)
        found.update(b"\0")
    return found.hexdigest()[:12]


def read(file: Path, names: Iterable[str]) -> Arrays | None:
    """The arrays of these names, or None where the file does not have them all."""
    try:
        with file.open("rb") as stream, np.load(stream) as stored:
            return {name: stored[name] for name in names}
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None


def write(file: Path, arrays: Arrays) -> None:
    """Write beside and move into place; others of the kind (the name up to its dash) go."""
    partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as stream:
            np.savez(stream, **dict[str, Any](arrays))
        os.replace(partial, file)
        for other in file.parent.glob(f"{file.stem.partition('-')[0]}-*.npz"):
            if other != file:
                other.unlink()
    except OSError:
        with contextlib.suppress(OSError):
            partial.unlink()
