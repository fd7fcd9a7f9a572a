"""One layer of BERT: self-attention and feed-forward, each added to its input and normalised.

The graph, which models/train/bert_layer.py writes, has no weights; each layer's are put into it.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from voice.safetensors import Array

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

GRAPH = Path(__file__).with_name("bert_layer.onnx")
_THREADS = 2
"""More gain nothing with one sentence, and Whisper needs the cores as well."""


class Layer:
    """A layer with its weights; made ready on first use. Safe in any thread."""

    def __init__(self, weights: Mapping[str, Array], index: int) -> None:
        """`weights`: those of a whole model, by their names in its file."""
        name = f"encoder.layer.{index}."
        self._weights = {n.removeprefix(name): w for n, w in weights.items() if n.startswith(name)}
        self._session: InferenceSession | None = None
        self._opening = Lock()

    def __call__(self, hidden: Array) -> Array:
        """Sentences of equal length, in and out: float32 [sentences, tokens, width]."""
        with self._opening:
            if self._session is None:
                self._session = self._opened()
                self._weights = {}  # the session has its own
        found: Array = self._session.run(None, {"hidden": hidden})[0]
        return found

    def _opened(self) -> "InferenceSession":
        import onnxruntime as ort

        options = ort.SessionOptions()
        options.intra_op_num_threads = min(_THREADS, os.cpu_count() or 1)
        # Threads that wait for work in a loop would take it from those of the next layer.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        arrays = _arrays(self._weights)
        values = [ort.OrtValue.ortvalue_from_numpy(array) for array in arrays.values()]
        options.add_external_initializers(list(arrays), values)
        return ort.InferenceSession(GRAPH.read_bytes(), options)


def _arrays(weights: Mapping[str, Array]) -> dict[str, Array]:
    """The graph's initializers. A matrix of the file has the outputs as its rows."""
    attention = [f"attention.self.{part}" for part in ("query", "key", "value")]
    found = {
        "attention.weight": np.concatenate([weights[f"{name}.weight"] for name in attention]).T,
        "attention.bias": np.concatenate([weights[f"{name}.bias"] for name in attention]),
    }
    for ours, name in (
        ("mix", "attention.output.dense"),
        ("up", "intermediate.dense"),
        ("down", "output.dense"),
    ):
        found[f"{ours}.weight"] = weights[f"{name}.weight"].T
        found[f"{ours}.bias"] = weights[f"{name}.bias"]
    for ours, name in (("mixed_norm", "attention.output.LayerNorm"), ("norm", "output.LayerNorm")):
        found[f"{ours}.weight"] = weights[f"{name}.weight"]
        found[f"{ours}.bias"] = weights[f"{name}.bias"]
    return {name: np.ascontiguousarray(array, np.float32) for name, array in found.items()}
