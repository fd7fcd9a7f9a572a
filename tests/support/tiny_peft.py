"""Writes small LoRA adapters in PEFT format: adapter_config.json and adapter_model.safetensors."""

import json
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

RANK, ALPHA = 4, 8
LANGUAGE = "base_model.model.model.language_model."
"""How the weights' names begin that Gemma-3n's multimodal class gives to PEFT."""


def halves(
    modules: Mapping[str, tuple[int, int]], rank: int = RANK, seed: int = 5
) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Random (A, B) by module; `modules` has (rows, columns) of each weight."""
    generator = np.random.default_rng(seed)
    return {
        name: (
            generator.normal(0, columns**-0.5, (rank, columns)).astype(np.float32),
            generator.normal(0, 1, (rows, rank)).astype(np.float32),
        )
        for name, (rows, columns) in modules.items()
    }


def write_peft(
    folder: Path,
    pairs: Mapping[str, tuple[np.ndarray, np.ndarray]],
    prefix: str = LANGUAGE,
    dtype: str = "F32",
    **config: Any,
) -> Path:
    """Write the adapter of these pairs; `config` overrides what its configuration says."""
    folder.mkdir(parents=True, exist_ok=True)
    settings = {
        "peft_type": "LORA",
        "base_model_name_or_path": "unsloth/gemma-3n-E4B-it",
        "r": RANK,
        "lora_alpha": ALPHA,
        "bias": "none",
        "target_modules": ["q_proj"],
        "use_dora": False,
    }
    (folder / "adapter_config.json").write_text(json.dumps(settings | config))
    tensors = {
        f"{prefix}{module}.lora_{half}.weight": values
        for module, pair in pairs.items()
        for half, values in zip("AB", pair, strict=True)
    }
    write_safetensors(folder / "adapter_model.safetensors", tensors, dtype)
    return folder


def write_safetensors(file: Path, tensors: Mapping[str, np.ndarray], dtype: str = "F32") -> Path:
    """Write a safetensors file with all tensors of one type."""
    header: dict[str, Any] = {"__metadata__": {"format": "pt"}}
    data = b""
    for name, values in tensors.items():
        raw = _encoded(values, dtype)
        header[name] = {
            "dtype": dtype,
            "shape": list(values.shape),
            "data_offsets": [len(data), len(data) + len(raw)],
        }
        data += raw
    text = json.dumps(header).encode()
    file.write_bytes(struct.pack("<Q", len(text)) + text + data)
    return file


def _encoded(values: np.ndarray, dtype: str) -> bytes:
    if dtype == "F16":
        return values.astype("<f2").tobytes()
    if dtype == "BF16":
        return (values.astype("<f4").view("<u4") >> 16).astype("<u2").tobytes()
    return values.astype("<f4").tobytes()
