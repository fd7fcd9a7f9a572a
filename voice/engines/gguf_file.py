"""What a GGUF file says about itself, checked before a native loader may crash on it.

The reader of the `gguf` package takes 14 s on a vocabulary of 262,144 pieces and believes every
length in the file; this one skips arrays and stays inside the file. Types and block sizes are
those of the package.
"""

import mmap
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from voice.errors import MissingError, UserError

Scalar = int | float | bool | str
Template = Literal["completion", "gemma-chat"]

_SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
_STRING, _ARRAY = 8, 9
_VERSIONS = (2, 3)
_ALIGNMENT = 32
_MAX_DIMENSIONS = 4


class GgufFile(msgspec.Struct, frozen=True):
    """Header of one complete GGUF file."""

    path: Path
    metadata: Mapping[str, Scalar]
    """Scalars and strings; an array is its length."""
    tensors: Mapping[str, tuple[int, ...]]
    """Shape by name, fastest dimension first."""

    @property
    def kind(self) -> str:
        """`model`, `adapter`, …; files without the field are models."""
        return str(self.metadata.get("general.type", "model"))

    @property
    def architecture(self) -> str:
        """Name of the network's architecture, such as `gemma3n`."""
        return str(self.metadata.get("general.architecture", "unknown"))


class _DamagedError(Exception):
    """The bytes are no header of a GGUF file."""


class _Cursor:
    """Reads forward through the header; leaving the file raises struct.error."""

    def __init__(self, data: mmap.mmap) -> None:
        self._data = data
        self.offset = 0

    def number(self, code: str) -> int | float | bool:
        value: int | float | bool = struct.unpack_from("<" + code, self._data, self.offset)[0]
        self.offset += struct.calcsize("<" + code)
        return value

    def count(self, code: str = "Q") -> int:
        return int(self.number(code))

    def string(self) -> str:
        size = self.count()
        start = self.skip(size)
        return self._data[start : start + size].decode("utf-8", "replace")

    def skip(self, size: int) -> int:
        start, self.offset = self.offset, self.offset + size
        if self.offset > len(self._data):
            raise struct.error("end of file")
        return start

    def value(self) -> Scalar:
        kind = self.count("I")
        if kind == _STRING:
            return self.string()
        if kind == _ARRAY:
            return self._skip_array()
        return self.number(_scalar(kind))

    def _skip_array(self) -> int:
        kind, length = self.count("I"), self.count()
        if kind != _STRING:
            self.skip(length * struct.calcsize("<" + _scalar(kind)))
            return length
        unpack, data, offset = struct.Struct("<Q").unpack_from, self._data, self.offset
        for _ in range(length):  # a quarter of a million pieces: keep the loop bare
            offset += 8 + unpack(data, offset)[0]
        self.offset = offset
        return length


def _scalar(kind: int) -> str:
    if kind not in _SCALARS:
        raise _DamagedError(f"unknown value type {kind}")
    return _SCALARS[kind]


def read(path: Path) -> GgufFile:
    """Read the header and check that all tensors lie inside the file."""
    try:
        with path.open("rb") as stream, mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as m:
            return _parse(path, m)
    except FileNotFoundError:
        raise MissingError(f"{path} does not exist; see `rescue-voice models list`") from None
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    except (struct.error, ValueError):  # mmap refuses an empty file with a ValueError
        raise MissingError(f"{path} is incomplete; fetch or copy it again") from None
    except _DamagedError as error:
        raise UserError(f"{path} is not a usable GGUF file: {error}") from None


def _parse(path: Path, data: mmap.mmap) -> GgufFile:
    cursor = _Cursor(data)
    if data[:4] != b"GGUF":
        raise _DamagedError("it does not begin with the letters GGUF")
    cursor.skip(4)
    version = cursor.count("I")
    if version not in _VERSIONS:
        raise _DamagedError(f"format version {version}, this program reads {_VERSIONS}")
    tensor_count, value_count = cursor.count(), cursor.count()
    metadata = {}
    for _ in range(value_count):
        name = cursor.string()
        metadata[name] = cursor.value()
    tensors: dict[str, tuple[int, ...]] = {}
    end = 0
    for _ in range(tensor_count):
        name, shape, tensor_end = _tensor(cursor)
        tensors[name] = shape
        end = max(end, tensor_end)
    alignment = int(metadata.get("general.alignment", _ALIGNMENT)) or _ALIGNMENT
    start = -(-cursor.offset // alignment) * alignment
    if start + end > len(data):
        raise struct.error("end of file")
    return GgufFile(path, metadata, tensors)


def _tensor(cursor: _Cursor) -> tuple[str, tuple[int, ...], int]:
    """Name, shape and the end of the data, relative to the first tensor."""
    from gguf.constants import GGML_QUANT_SIZES, GGMLQuantizationType

    name, dimensions = cursor.string(), cursor.count("I")
    if dimensions > _MAX_DIMENSIONS:
        raise _DamagedError(f"tensor {name!r} has {dimensions} dimensions")
    shape = tuple(cursor.count() for _ in range(dimensions))
    kind, offset = cursor.count("I"), cursor.count()
    if kind not in list(GGMLQuantizationType):
        raise _DamagedError(f"tensor {name!r} has the unknown type {kind}")
    block, block_bytes = GGML_QUANT_SIZES[GGMLQuantizationType(kind)]
    elements = 1
    for size in shape:
        elements *= size
    return name, shape, offset + elements // block * block_bytes


def template(file: GgufFile) -> Template:
    """How a model wants to be asked: by turns if its own chat template has Gemma's markers."""
    chat = "<start_of_turn>" in str(file.metadata.get("tokenizer.chat_template", ""))
    return "gemma-chat" if chat else "completion"


def check_model(file: GgufFile) -> None:
    """Refuse what is no whole language model."""
    if file.kind != "model":
        raise UserError(f"{file.path} is of type '{file.kind}', not a whole model; set llm.model")


def check_adapter(file: GgufFile, model: GgufFile) -> None:
    """Refuse what is no LoRA adapter for exactly this model."""
    if file.kind != "adapter":
        raise UserError(
            f"{file.path} is a whole {file.architecture} model, not an adapter;"
            " give it as llm.model, or give a LoRA adapter as llm.adapter"
        )
    kind = file.metadata.get("adapter.type", "unknown")
    if kind != "lora":
        raise UserError(f"{file.path} is an adapter of type '{kind}'; only LoRA is supported")
    if file.architecture != model.architecture:
        raise UserError(
            f"{file.path} is an adapter for {file.architecture}, but the model"
            f" {model.path.name} is {model.architecture}; use the model it was trained on"
        )
    _check_shapes(file, model)


def _check_shapes(file: GgufFile, model: GgufFile) -> None:
    halves = {
        name.rpartition(".")[0] for name in file.tensors if name.endswith((".lora_a", ".lora_b"))
    }
    if not halves:
        raise UserError(f"{file.path} holds no LoRA tensors; convert the adapter again")
    for name in sorted(halves):
        a, b = file.tensors.get(f"{name}.lora_a"), file.tensors.get(f"{name}.lora_b")
        if a is None or b is None:
            raise UserError(f"{file.path}: {name} lacks one half; convert the adapter again")
        if not _fits(name, a, b, model.tensors.get(name)):
            raise UserError(
                f"{file.path}: {name} does not fit {model.path.name};"
                " use the model that the adapter was trained on"
            )


def _fits(name: str, a: tuple[int, ...], b: tuple[int, ...], base: tuple[int, ...] | None) -> bool:
    """Whether rank and both sides agree; the embedding's halves are stored the other way round."""
    if base is None or min(len(a), len(b), len(base)) < 2:
        return False
    if name == "token_embd.weight":
        return base[0] == b[1] and base[1] == a[1]
    return base[0] == a[0] and base[1] == b[1] and a[1] == b[0]
