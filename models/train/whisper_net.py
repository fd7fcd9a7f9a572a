"""Whisper's network in PyTorch, on the names and numbers of CTranslate2's file, to be adapted."""

import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from voice.engines import whisper_adapter

RANK = 16
HEADS, LAYERS = 8, 6
"""Of Whisper base."""


def read(model: bytes) -> "Net":
    """The network of a model's file, nothing changed yet."""
    return Net(
        {
            v.name: torch.from_numpy(
                np.frombuffer(model[v.start : v.end], np.float16).reshape(v.shape).copy()
            )
            for v in whisper_adapter.variables(model)
            if v.kind == whisper_adapter.FLOAT16 and v.shape
        }
    )


class Adapted(nn.Module):
    """A linear layer that stays as it is plus a low-rank change."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.weight, self.bias = weight.bfloat16(), bias.bfloat16()
        self.a = nn.Parameter(torch.randn(RANK, weight.shape[1]) / weight.shape[1] ** 0.5)
        self.b = nn.Parameter(torch.zeros(weight.shape[0], RANK))

    def forward(self, x: Tensor) -> Tensor:
        """What the layer gives with its change."""
        change = functional.linear(functional.linear(x, self.a.bfloat16()), self.b.bfloat16())
        return functional.linear(x, self.weight, self.bias) + change


class Net(nn.Module):
    """Whisper on the variables of CTranslate2's file."""

    def __init__(self, weights: dict[str, Tensor]) -> None:
        super().__init__()
        self.fixed = {name: value.bfloat16() for name, value in weights.items()}
        self.names = [
            name.removesuffix("/weight")
            for name, value in weights.items()
            if "/linear_" in name and name.endswith("/weight")
        ]
        self.layers = nn.ModuleDict(
            {
                _key(name): Adapted(weights[f"{name}/weight"], weights[f"{name}/bias"])
                for name in self.names
            }
        )

    def forward(self, features: Tensor, tokens: Tensor, asked: Tensor) -> Tensor:
        """Logits [asked, vocabulary] at the places asked for [batch, tokens] of features
        [batch, bins, frames]."""
        return self._decode(self._encode(features), tokens, asked)

    def _encode(self, features: Tensor) -> Tensor:
        w = self.fixed
        x = features.bfloat16()
        for name, stride in (("encoder/conv1", 1), ("encoder/conv2", 2)):
            x = functional.gelu(
                functional.conv1d(x, w[f"{name}/weight"], w[f"{name}/bias"], stride, 1)
            )
        x = x.transpose(1, 2)
        x = x + w["encoder/position_encodings/encodings"][: x.shape[1]]
        for n in range(LAYERS):
            at = f"encoder/layer_{n}"
            x = x + self._self(f"{at}/self_attention", x, causal=False)
            x = x + self._ffn(f"{at}/ffn", x)
        return self._norm("encoder/layer_norm", x)

    def _decode(self, sound: Tensor, tokens: Tensor, asked: Tensor) -> Tensor:
        w = self.fixed
        x = functional.embedding(tokens, w["decoder/embeddings/weight"])
        x = x + w["decoder/position_encodings/encodings"][: x.shape[1]]
        for n in range(LAYERS):
            at = f"decoder/layer_{n}"
            x = x + self._self(f"{at}/self_attention", x, causal=True)
            x = x + self._cross(f"{at}/attention", x, sound)
            x = x + self._ffn(f"{at}/ffn", x)
        x = self._norm("decoder/layer_norm", x)[asked]
        return functional.linear(x, w["decoder/embeddings/weight"])

    def _self(self, at: str, x: Tensor, causal: bool) -> Tensor:
        q, k, v = self._linear(f"{at}/linear_0", self._norm(f"{at}/layer_norm", x)).chunk(3, -1)
        return self._linear(f"{at}/linear_1", _attend(q, k, v, causal))

    def _cross(self, at: str, x: Tensor, sound: Tensor) -> Tensor:
        q = self._linear(f"{at}/linear_0", self._norm(f"{at}/layer_norm", x))
        k, v = self._linear(f"{at}/linear_1", sound).chunk(2, -1)
        return self._linear(f"{at}/linear_2", _attend(q, k, v, causal=False))

    def _ffn(self, at: str, x: Tensor) -> Tensor:
        x = self._linear(f"{at}/linear_0", self._norm(f"{at}/layer_norm", x))
        return self._linear(f"{at}/linear_1", functional.gelu(x))

    def _linear(self, name: str, x: Tensor) -> Tensor:
        return self.layers[_key(name)](x)

    def _norm(self, name: str, x: Tensor) -> Tensor:
        w = self.fixed
        return functional.layer_norm(x, x.shape[-1:], w[f"{name}/gamma"], w[f"{name}/beta"])

    def adapter(self) -> dict[str, np.ndarray]:
        """What is kept: the low-rank changes by the names of their weights."""
        return {
            f"{name}/weight.{part}": getattr(self.layers[_key(name)], part).detach().half().numpy()
            for name in self.names
            for part in "ab"
        }


def _key(name: str) -> str:
    return name.replace("/", "-")


def _attend(q: Tensor, k: Tensor, v: Tensor, causal: bool) -> Tensor:
    q, k, v = (t.unflatten(-1, (HEADS, -1)).transpose(1, 2) for t in (q, k, v))
    found = functional.scaled_dot_product_attention(q, k, v, is_causal=causal)
    return found.transpose(1, 2).flatten(-2)
