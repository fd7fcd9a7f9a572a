"""Makes a GGUF adapter of a LoRA in PEFT format, for exactly the model that it will be used with.

Names are mapped by gguf-py's tables. What llama.cpp would load and then not apply is refused: an
adapter that works in part is not the one that was trained.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np

from voice import safetensors
from voice.engines import gguf_file
from voice.engines.gguf_file import GgufFile
from voice.errors import MissingError, UserError
from voice.safetensors import Array

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"

_PROJECTIONS = frozenset(
    ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")
)
APPLIED: Mapping[str, frozenset[str]] = {
    "gemma3": _PROJECTIONS,
    "gemma3n": _PROJECTIONS | {"inp_gate", "proj", "laurel_l", "laurel_r"},
    "llama": _PROJECTIONS,
}
"""By architecture, the tensors of a layer on which llama.cpp applies an adapter in full.

Not among them, in gemma3n: everything of AltUp, which is computed without looking for an adapter.
"""
_INTERLEAVED = ("attn_q", "attn_k")
"""In `llama`, rows of these stand in another order in GGUF than in PEFT; see `_interleave`."""

_LORA = re.compile(r"(?:base_model\.model\.)?(?P<module>.+)\.lora_(?P<half>[AB])(?:\.\w+)?\.weight")
_OTHER_SENSES = re.compile(r"(?:^|\.)(?:vision|audio|embed_vision|embed_audio|multi_modal)\w*\.")
_LAYER = re.compile(r"layers\.\d+\..+")


class Pair(NamedTuple):
    """The two halves for one weight: the change is scale · b @ a."""

    a: Array
    """[rank, columns]"""
    b: Array
    """[rows, rank]"""


class Config(msgspec.Struct, frozen=True):
    """What we need of adapter_config.json."""

    peft_type: str
    r: int
    lora_alpha: float
    base_model_name_or_path: str | None = None
    rank_pattern: dict[str, int] | None = None
    alpha_pattern: dict[str, float] | None = None
    bias: str = "none"
    use_dora: bool = False
    use_rslora: bool = False
    fan_in_fan_out: bool | None = False
    modules_to_save: list[str] | None = None

    def scale(self, module: str) -> float:
        """By what PEFT multiplies b @ a of this module."""
        rank = _matching(self.rank_pattern, module, self.r)
        alpha = _matching(self.alpha_pattern, module, self.lora_alpha)
        return float(alpha / (rank**0.5 if self.use_rslora else rank))


class Converted(msgspec.Struct, frozen=True):
    """What has been written."""

    weights: int
    """How many weights of the model it changes."""
    rank: int
    alpha: float
    architecture: str
    left_out: int
    """Halves for images and sound, which this program does not use."""


def convert(folder: Path, base: Path, output: Path) -> Converted:
    """Write `output`, complete or not at all; raises MissingError or UserError in one line."""
    if output.suffix != ".gguf" or output.exists():
        raise UserError(f"{output}: name a new file that ends in .gguf")
    config = _config(folder / CONFIG)
    model = gguf_file.read(base)
    gguf_file.check_model(model)
    if model.architecture not in APPLIED:
        known = ", ".join(APPLIED)
        raise UserError(f"{base} is {model.architecture}; adapters are converted for {known}")
    pairs, left_out = _pairs(safetensors.read(folder / WEIGHTS), folder)
    tensors = _mapped(pairs, config, model, folder)
    partial = output.with_name(output.name + ".partial")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        _write(partial, tensors, config, model, folder.resolve().name)
        gguf_file.check_adapter(gguf_file.read(partial), model)
        with partial.open("rb") as written:
            os.fsync(written.fileno())
        partial.replace(output)
    except OSError as error:
        raise UserError(f"cannot write {output}: {error.strerror or error}") from None
    finally:
        partial.unlink(missing_ok=True)
    return Converted(len(tensors), config.r, config.lora_alpha, model.architecture, left_out)


def _config(file: Path) -> Config:
    try:
        config = msgspec.json.decode(file.read_bytes(), type=Config)
    except FileNotFoundError:
        raise MissingError(f"{file} does not exist: give the folder of a PEFT adapter") from None
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{file} is no configuration of a PEFT adapter: {error}") from None
    wrong = [
        (config.peft_type != "LORA", f"it is of type {config.peft_type}, not LORA"),
        (config.use_dora, "it was trained with DoRA"),
        (config.bias != "none", "it changes biases"),
        (bool(config.fan_in_fan_out), "its weights are transposed (fan_in_fan_out)"),
        (bool(config.modules_to_save), "it replaces whole modules (modules_to_save)"),
        (config.r < 1 or config.lora_alpha <= 0, "its rank or alpha is not positive"),
    ]
    if reasons := [reason for is_so, reason in wrong if is_so]:
        raise UserError(f"{file.parent} cannot become a GGUF adapter: {'; '.join(reasons)}")
    return config


def _pairs(weights: Mapping[str, Array], folder: Path) -> tuple[dict[str, Pair], int]:
    """The halves by the name of their module, and how many are for images and sound."""
    halves: dict[str, dict[str, Array]] = {}
    left_out = 0
    for name, values in weights.items():
        found = _LORA.fullmatch(name)
        if found is None:
            raise UserError(f"{folder}: {name} is no half of a LoRA weight; nothing can apply it")
        if _OTHER_SENSES.search(found["module"]):
            left_out += 1
        else:
            halves.setdefault(found["module"], {})[found["half"]] = values
    if not halves:
        raise UserError(f"{folder / WEIGHTS} holds no LoRA weights for text")
    if lone := next((module for module, pair in halves.items() if len(pair) < 2), None):
        raise UserError(f"{folder}: {lone} lacks one half")
    return {module: Pair(pair["A"], pair["B"]) for module, pair in halves.items()}, left_out


def _mapped(
    pairs: Mapping[str, Pair], config: Config, model: GgufFile, folder: Path
) -> dict[str, Pair]:
    """The pairs under the names of the model's tensors, scaled and ordered as llama.cpp wants."""
    mapped: dict[str, Pair] = {}
    ignored: list[str] = []
    names = _names(model)
    for module, pair in pairs.items():
        layer = _LAYER.search(module)
        tensor = names.get_name(f"model.{layer[0]}") if layer else None
        part = tensor.rpartition(".")[2] if tensor else ""
        if tensor is None or part not in APPLIED[model.architecture]:
            ignored.append(module)
            continue
        _check(module, pair, f"{tensor}.weight", config, model)
        if f"{tensor}.weight" in mapped:
            raise UserError(f"{folder}: two modules change {tensor}.weight")
        mapped[f"{tensor}.weight"] = Pair(pair.a, _rows(part, pair, module, config, model))
    if ignored:
        raise UserError(
            f"{folder} changes {len(ignored)} weights to which llama.cpp applies no adapter in"
            f" {model.architecture} ({_shortly(ignored)}): it would work in part only;"
            " train it without them"
        )
    return mapped


def _names(model: GgufFile) -> Any:
    """gguf-py's map from names of modules to names of tensors."""
    import gguf

    architecture = gguf.MODEL_ARCH[model.architecture.upper()]
    blocks = int(model.metadata.get(f"{model.architecture}.block_count", 0))
    return gguf.get_tensor_name_map(architecture, blocks)


def _check(module: str, pair: Pair, tensor: str, config: Config, model: GgufFile) -> None:
    """Refuse what the model has no such weight for."""
    base = model.tensors.get(tensor)
    (rank, columns), (rows, same) = _shape(module, pair.a), _shape(module, pair.b)
    if rank != same:
        raise UserError(f"{module}: its halves are of rank {rank} and {same}")
    if base != (columns, rows):
        has = "has no such weight" if base is None else f"has {base[1]} by {base[0]}"
        raise UserError(
            f"{module} is for a weight of {rows} by {columns}, {model.path.name} {has}:"
            f" the adapter was trained on {config.base_model_name_or_path or 'another model'}"
        )
    if not (np.isfinite(pair.a).all() and np.isfinite(pair.b).all()):
        raise UserError(f"{module} holds values that are no numbers; the adapter is damaged")


def _shape(module: str, half: Array) -> tuple[int, int]:
    if half.ndim != 2:
        raise UserError(f"{module} has a half with {half.ndim} dimensions; only matrices are known")
    return half.shape[0], half.shape[1]


def _rows(part: str, pair: Pair, module: str, config: Config, model: GgufFile) -> Array:
    """`b` in the model's order of rows, and multiplied so that alpha / rank gives PEFT's scale."""
    b = pair.b
    if model.architecture == "llama" and part in _INTERLEAVED:
        b = _interleave(b, int(model.metadata.get("llama.rope.dimension_count", 0)), module)
    return np.ascontiguousarray(
        b * np.float32(config.scale(module) * b.shape[1] / config.lora_alpha)
    )


def _interleave(b: Array, head: int, module: str) -> Array:
    """Rotary positions: PEFT turns row i with row i + head/2, llama.cpp row 2i with row 2i + 1."""
    rows, rank = b.shape
    if head < 2 or head % 2 or rows % head:
        raise UserError(f"{module}: {rows} rows do not divide into heads of {head}")
    return b.reshape(rows // head, 2, head // 2, rank).swapaxes(1, 2).reshape(rows, rank)


def _write(
    path: Path, tensors: Mapping[str, Pair], config: Config, model: GgufFile, name: str
) -> None:
    import gguf

    writer = gguf.GGUFWriter(path, model.architecture)
    try:
        writer.add_type(gguf.GGUFType.ADAPTER)
        writer.add_string(gguf.Keys.Adapter.TYPE, "lora")
        writer.add_float32(gguf.Keys.Adapter.LORA_ALPHA, config.lora_alpha)
        writer.add_name(name)
        if config.base_model_name_or_path:
            writer.add_base_model_count(1)
            writer.add_base_model_name(0, config.base_model_name_or_path)
        for tensor, pair in sorted(tensors.items()):
            writer.add_tensor(f"{tensor}.lora_a", np.ascontiguousarray(pair.a))
            writer.add_tensor(f"{tensor}.lora_b", pair.b)
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
    finally:
        writer.close()


def _matching(pattern: Mapping[str, float] | None, module: str, otherwise: float) -> float:
    """The value whose key is the end of the module's name, as PEFT looks it up."""
    for key, value in (pattern or {}).items():
        if re.fullmatch(rf"(?:.*\.)?(?:{key})", module):
            return value
    return otherwise


def _shortly(names: Iterable[str]) -> str:
    kinds = list(dict.fromkeys(re.sub(r".*layers\.\d+\.", "", name) for name in names))
    return ", ".join(kinds[:4]) + (", …" if len(kinds) > 4 else "")
