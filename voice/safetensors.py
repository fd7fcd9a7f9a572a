"""Reads the floating-point tensors of a safetensors file, without torch."""

import math
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from voice.errors import MissingError, UserError

Array = NDArray[np.float32]

_TYPES = {"F32": "<f4", "F16": "<f2", "BF16": "<u2"}
_HEADER_LIMIT = 100 << 20
_METADATA = "__metadata__"


class _Entry(msgspec.Struct, frozen=True):
    dtype: str
    shape: list[int]
    data_offsets: tuple[int, int]


def read(file: Path) -> dict[str, Array]:
    """All F32, F16 and BF16 tensors by name, as float32; F32 is mapped from the file, not copied,
    each on its own: what is read of it takes memory for as long as somebody keeps that tensor.

    Tensors of other types are left out. Raises MissingError or UserError, in one line.
    """
    try:
        raw = np.memmap(file, np.uint8, mode="r")
    except FileNotFoundError:
        raise MissingError(f"{file} does not exist") from None
    except (OSError, ValueError) as error:  # an empty file cannot be mapped
        raise UserError(f"cannot read {file}: {error}") from None
    try:
        size = int(raw[:8].view("<u8")[0])
        if size > min(_HEADER_LIMIT, len(raw) - 8):
            raise ValueError("it ends inside its header")
        header = msgspec.json.decode(bytes(raw[8 : 8 + size]), type=dict[str, msgspec.Raw])
        entries = {
            name: msgspec.json.decode(entry, type=_Entry)
            for name, entry in header.items()
            if name != _METADATA
        }
        start, length = 8 + size, len(raw)
        return {
            name: _tensor(file, start, length - start, entry)
            for name, entry in entries.items()
            if entry.dtype in _TYPES
        }
    except (OSError, ValueError, IndexError, msgspec.DecodeError) as error:
        raise UserError(f"{file} is not a usable safetensors file: {error}") from None


def _tensor(file: Path, start: int, length: int, entry: _Entry) -> Array:
    """A tensor of the data that begins at `start` and is so long."""
    begin, end = entry.data_offsets
    if not 0 <= begin <= end <= length:
        raise ValueError("it ends before its last tensor")
    kind = np.dtype(_TYPES[entry.dtype])
    if min(entry.shape, default=0) < 0 or math.prod(entry.shape) * kind.itemsize != end - begin:
        raise ValueError("a tensor's shape does not fit its size")
    if begin == end:  # nothing cannot be mapped
        return np.zeros(entry.shape, np.float32)
    shape = tuple(entry.shape)
    values: NDArray[Any] = np.asarray(np.memmap(file, kind, "r", start + begin, shape))
    if entry.dtype == "BF16":  # the upper half of a float32
        return (values.astype(np.uint32) << 16).view(np.float32)
    return values.astype(np.float32, copy=False)
