"""Sentence vectors by all-MiniLM-L6-v2, without torch: its layers run in the ONNX runtime.

A sentence of 25 tokens takes about 5 ms on two cores.
"""

import copy
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from voice.dialogue.memo import remembered
from voice.dialogue.triage.bert_layer import Layer
from voice.safetensors import Array
from voice.safetensors import read as read_safetensors

DIMENSIONS = 384
LONGEST = 96
"""Tokens; what follows is cut off."""
_LAYERS = 6
_EPSILON = np.float32(1e-12)
_BATCH_TOKENS = 1024


class MiniLm:
    """Turns sentences into unit vectors. Immutable; safe in any thread."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        self.fingerprint = "plain"
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)
        self._file = folder / "model.safetensors"
        weights = self.weights()
        self._words = weights["embeddings.word_embeddings.weight"]
        kind = weights["embeddings.token_type_embeddings.weight"][0]
        self._positions = weights["embeddings.position_embeddings.weight"] + kind
        self._norm = _pair(weights, "embeddings.LayerNorm")
        self._layers = [Layer(weights, index) for index in range(_LAYERS)]
        self._remember()

    def weights(self) -> dict[str, Array]:
        """All arrays of the model. Nothing here keeps them: each layer has its own once opened."""
        return read_safetensors(self._file)

    def adapted(self, adapter: Mapping[str, Array]) -> "MiniLm":
        """The same with low-rank changes: for a weight `name` arrays `name.A` and `name.B`.

        Layers that are not changed are shared. Raises KeyError or ValueError for what is no
        adapter of this model.
        """
        names = {name.removesuffix(".A") for name in adapter if name.endswith(".A")}
        weights = self.weights()
        for name in names:
            down, up = (adapter[f"{name}.{part}"].astype(np.float32) for part in "AB")
            weights[f"{name}.weight"] = weights[f"{name}.weight"] + up @ down
        changed = {int(name.split(".")[2]) for name in names}
        other = copy.copy(self)
        digest = hashlib.sha256()
        for name in sorted(adapter):
            digest.update(np.ascontiguousarray(adapter[name]).tobytes())
        other.fingerprint = digest.hexdigest()[:12]
        other._layers = [
            Layer(weights, index) if index in changed else layer
            for index, layer in enumerate(self._layers)
        ]
        other._remember()
        return other

    def _remember(self) -> None:
        self.vector = remembered(1024)(lambda text: self.embed([text])[0])
        """That of one text, which is remembered: float32 [384]."""

    def embed(self, texts: Sequence[str]) -> Array:
        """Unit vectors, one row a text: float32 [texts, 384]."""
        encoded = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        vectors = np.zeros((len(texts), DIMENSIONS), np.float32)
        for rows in _batches([len(ids) for ids in encoded]):
            vectors[rows] = self._forward([encoded[row] for row in rows])
        return vectors

    def hidden(self, texts: Sequence[str], layers: int) -> list[Array]:
        """What comes out of the first layers for each text: float32 [tokens, 384]."""
        encoded = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        found: dict[int, Array] = {}
        for rows in _batches([len(ids) for ids in encoded]):
            states = self._through([encoded[row] for row in rows], self._layers[:layers])
            found.update(zip(rows, states, strict=True))
        return [found[row] for row in range(len(encoded))]

    def _through(self, sentences: Sequence[Sequence[int]], layers: Sequence[Layer]) -> Array:
        """One batch of sentences of equal length through some layers, from the first on."""
        ids = np.array(sentences)
        hidden = self._words[ids] + self._positions[: ids.shape[1]]
        hidden = _normalised(hidden, self._norm)
        for layer in layers:
            hidden = layer(hidden)
        return hidden

    def _forward(self, sentences: Sequence[Sequence[int]]) -> Array:
        hidden = self._through(sentences, self._layers)
        pooled: Array = hidden.mean(axis=1, dtype=np.float32)
        pooled /= np.sqrt((pooled * pooled).sum(axis=1, keepdims=True))
        return pooled


def _batches(lengths: Sequence[int]) -> Iterable[list[int]]:
    """Rows of equal length together, so that nothing has to be padded."""
    by_length: dict[int, list[int]] = {}
    for row, length in enumerate(lengths):
        by_length.setdefault(length, []).append(row)
    for length, rows in by_length.items():
        size = max(1, _BATCH_TOKENS // length)
        for start in range(0, len(rows), size):
            yield rows[start : start + size]


def _pair(weights: dict[str, Array], name: str) -> tuple[Array, Array]:
    return weights[f"{name}.weight"], weights[f"{name}.bias"]


def _normalised(x: Array, pair: tuple[Array, Array]) -> Array:
    centred = x - x.mean(axis=-1, keepdims=True)
    spread = np.sqrt((centred * centred).mean(axis=-1, keepdims=True) + _EPSILON)
    result: Array = centred / spread * pair[0] + pair[1]
    return result
