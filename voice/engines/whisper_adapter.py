"""A trained change to a Whisper model, applied to its file while it is read.

The file is CTranslate2's: a header, then each variable with its name, shape, type and numbers. An
adapter is an .npz with `NAME.a` [rank, in] and `NAME.b` [out, rank] for each weight [out, in] that
it changes; the product is added to the weight. The model's file on the disk stays as it is.
"""

import mmap
import shutil
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile

import numpy as np
from numpy.typing import NDArray

VERSION = 6
"""Of CTranslate2's file format."""
FLOAT16 = 4
"""CTranslate2's number for the type of the weights."""
MODEL = "model.bin"
"""The file of a model's folder that has the weights."""

Bytes = bytes | bytearray | mmap.mmap


class AdapterError(ValueError):
    """A file that is none, or an adapter for another model."""


@dataclass(frozen=True)
class Variable:
    """Where the numbers of one variable lie in the file."""

    name: str
    shape: tuple[int, ...]
    kind: int
    start: int
    end: int


def variables(model: Bytes) -> Iterator[Variable]:
    """Every variable of a CTranslate2 model file; raises AdapterError where it is none."""
    try:
        yield from _variables(model)
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise AdapterError(f"not a CTranslate2 model file: {error}") from None


def _variables(model: Bytes) -> Iterator[Variable]:
    (version,) = struct.unpack_from("<I", model, 0)
    if version != VERSION:
        raise AdapterError(f"CTranslate2 model format {version} instead of {VERSION}")
    _, at = _text(model, 4)
    _, count = struct.unpack_from("<II", model, at)
    at += 8
    for _ in range(count):
        name, at = _text(model, at)
        shape = struct.unpack_from(f"<{model[at]}I", model, at + 1)
        at += 1 + 4 * len(shape)
        kind, size = struct.unpack_from("<BI", model, at)
        at += 5
        yield Variable(name, shape, kind, at, at + size)
        at += size


def _text(model: Bytes, at: int) -> tuple[str, int]:
    """A name, with its length before and a zero behind it, and where it ends."""
    (size,) = struct.unpack_from("<H", model, at)
    return model[at + 2 : at + 1 + size].decode(), at + 2 + size


def adapt(
    model: bytearray | mmap.mmap, adapter: Mapping[str, NDArray[np.float16]], scale: float = 1.0
) -> None:
    """Add a share of an adapter's changes to a model's file; AdapterError where they do not fit."""
    places = {variable.name: variable for variable in variables(model)}
    for name in sorted({key.rpartition(".")[0] for key in adapter}):
        a, b = (np.asarray(adapter[f"{name}.{part}"], np.float32) for part in "ab")
        place = places.get(name)
        if place is None or place.kind != FLOAT16 or place.shape != (len(b), a.shape[1]):
            raise AdapterError(f"the adapter changes {name}, which this model does not have so")
        weight = np.frombuffer(model, np.float16, len(b) * a.shape[1], place.start)
        weight = weight.reshape(place.shape)
        # Added with 32 bits and rounded once: NumPy takes more than twice as long with 16.
        weight[:] = weight.astype(np.float32) + (scale * b) @ a


@contextmanager
def adapted_folder(folder: Path, adapter: Path, scale: float) -> Iterator[Path]:
    """A model's folder with the change in it, as long as it takes to load it.

    Its weights have no name on the disk, so that a process that is killed leaves nothing there.
    Raises OSError where there is no room for them.
    """
    with TemporaryDirectory() as made, TemporaryFile() as changed:
        for file in folder.iterdir():
            into = f"/dev/fd/{changed.fileno()}" if file.name == MODEL else file.resolve()
            Path(made, file.name).symlink_to(into)
        with (folder / MODEL).open("rb") as model:
            shutil.copyfileobj(model, changed)
        changed.flush()
        with mmap.mmap(changed.fileno(), 0) as weights, np.load(adapter) as change:
            adapt(weights, change, scale)
        yield Path(made)


def adapted_files(folder: Path, adapter: Path, scale: float) -> dict[str, bytes]:
    """The same as the contents of all its files."""
    files = {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}
    weights = bytearray(files.pop(MODEL))
    with np.load(adapter) as change:
        adapt(weights, change, scale)
    return {**files, MODEL: bytes(weights)}
