"""Gemma 3 in PyTorch, with the weights of a GGUF file as they are at run time, and a LoRA on it.

Only what training the adapter for answers needs: prompts share a fixed prefix, whose keys and
values are worked out once, and logits are computed for the tokens of the answers alone (the
vocabulary of 262,144 tokens costs more than all layers together).
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import gguf
import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from voice.engines.gguf_peft import CONFIG, WEIGHTS

WINDOW = 512
"""Tokens that a layer with a sliding window sees. Longer sequences are not trained here."""
EVERY_GLOBAL = 6
LOCAL_BASE = 10000.0
MODULES = {
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
"""The weights that the adapter changes: their names in GGUF and in PEFT."""

Past = list[tuple[Tensor, Tensor]]
"""Keys and values of the prefix, by layer."""


class Adapted(nn.Module):
    """A linear layer that stays as it is plus a low-rank change."""

    def __init__(self, weight: Tensor, rank: int, alpha: float) -> None:
        super().__init__()
        self.register_buffer("weight", weight.bfloat16())
        self.down = nn.Parameter(torch.randn(rank, weight.shape[1]) / weight.shape[1] ** 0.5)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], rank))
        self.scale = alpha / rank

    def forward(self, x: Tensor) -> Tensor:
        """See nn.Module."""
        change = functional.linear(functional.linear(x, self.down), self.up)
        return functional.linear(x.bfloat16(), self.weight).float() + self.scale * change


class Layer(nn.Module):
    """One layer; it takes and gives [batch, tokens, width]."""

    def __init__(self, model: "GgufWeights", index: int, rank: int, alpha: float) -> None:
        super().__init__()
        self.parts = nn.ModuleDict(
            {part: Adapted(model.get(f"blk.{index}.{part}"), rank, alpha) for part in MODULES}
        )
        norms = ("attn", "attn_q", "attn_k", "post_attention", "ffn", "post_ffw")
        self.norms = {name: model.get(f"blk.{index}.{name}_norm") for name in norms}
        is_global = index % EVERY_GLOBAL == EVERY_GLOBAL - 1
        self.base = model.number("rope.freq_base") if is_global else LOCAL_BASE
        self.head = int(model.number("attention.key_length"))
        self.epsilon = model.number("attention.layer_norm_rms_epsilon")

    def forward(
        self, x: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Also give the keys and values of `x`."""
        attended, new = self._attend(self._norm(x, "attn"), past)
        x = x + self._norm(self.parts["attn_output"](attended), "post_attention")
        inner = self._norm(x, "ffn")
        gate = functional.gelu(self.parts["ffn_gate"](inner), approximate="tanh")
        changed = self.parts["ffn_down"](gate * self.parts["ffn_up"](inner))
        return x + self._norm(changed, "post_ffw"), new

    def _attend(
        self, x: Tensor, past: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        batch, length, _ = x.shape
        start = past[0].shape[2] if past else 0

        def heads(part: str) -> Tensor:
            return self.parts[part](x).view(batch, length, -1, self.head).transpose(1, 2)

        query = self._rotate(self._norm(heads("attn_q"), "attn_q"), start)
        key = self._rotate(self._norm(heads("attn_k"), "attn_k"), start)
        value = heads("attn_v")
        new = (key, value)
        if past:
            key = torch.cat((past[0].expand(batch, -1, -1, -1), key), 2)
            value = torch.cat((past[1].expand(batch, -1, -1, -1), value), 2)
        seen = torch.ones(length, start + length, dtype=torch.bool).tril(start)
        mixed = functional.scaled_dot_product_attention(
            query, key, value, attn_mask=seen, enable_gqa=True
        )
        return mixed.transpose(1, 2).reshape(batch, length, -1), new

    def _rotate(self, x: Tensor, start: int) -> Tensor:
        """Rotary positions: the first half of a head is turned with the second."""
        half = self.head // 2
        speeds = self.base ** (-torch.arange(half) / half)
        angles = torch.arange(start, start + x.shape[2])[:, None] * speeds
        first, second = x.chunk(2, -1)
        cos, sin = angles.cos(), angles.sin()
        return torch.cat((first * cos - second * sin, second * cos + first * sin), -1)

    def _norm(self, x: Tensor, name: str) -> Tensor:
        weight = self.norms[name]
        return functional.rms_norm(x, weight.shape, weight, self.epsilon)


class GgufWeights:
    """The tensors of a GGUF file, dequantised."""

    def __init__(self, file: Path) -> None:
        self._reader = gguf.GGUFReader(file)
        self._tensors = {tensor.name: tensor for tensor in self._reader.tensors}

    def get(self, name: str) -> Tensor:
        """One tensor by its name without ".weight"."""
        tensor = self._tensors[f"{name}.weight"]
        return torch.from_numpy(gguf.dequantize(tensor.data, tensor.tensor_type).copy())

    def number(self, name: str) -> float:
        """One of the architecture's figures."""
        return float(self._reader.fields[f"gemma3.{name}"].contents())


class Network(nn.Module):
    """The whole model; only the halves of the LoRA are parameters."""

    def __init__(self, file: Path, rank: int, alpha: float) -> None:
        super().__init__()
        model = GgufWeights(file)
        self.rank, self.alpha, self.base = rank, alpha, file.stem
        self.embedding = model.get("token_embd").bfloat16()
        count = int(model.number("block_count"))
        self.layers = nn.ModuleList(Layer(model, index, rank, alpha) for index in range(count))
        self.norm = model.get("output_norm")
        self.epsilon = model.number("attention.layer_norm_rms_epsilon")

    def prefix(self, tokens: Sequence[int]) -> Past:
        """Keys and values of the prefix; nothing is learned through them."""
        with torch.no_grad():
            return self._run(torch.tensor([tokens]), None)[1]

    def hidden(self, tokens: Tensor, past: Past) -> Tensor:
        """What the last layer gives for [batch, tokens] after the prefix, normalised."""
        if past[0][0].shape[2] + tokens.shape[1] > WINDOW:
            raise ValueError(f"more than {WINDOW} tokens: the sliding window would matter")
        x, _ = self._run(tokens, past)
        return functional.rms_norm(x, self.norm.shape, self.norm, self.epsilon)

    def logits(self, hidden: Tensor, tokens: Tensor | None = None) -> Tensor:
        """Logits of these tokens, or all, for [positions, width]."""
        embedding = self.embedding if tokens is None else self.embedding[tokens]
        return functional.linear(hidden.bfloat16(), embedding).float()

    def _run(self, tokens: Tensor, past: Past | None) -> tuple[Tensor, Past]:
        x = self.embedding[tokens].float() * self.embedding.shape[1] ** 0.5
        kept: Past = []
        for index, layer in enumerate(self.layers):
            x, new = layer(x, past[index] if past else None)
            kept.append(new)
        return x, kept

    def save(self, folder: Path) -> None:
        """The LoRA in PEFT format, which `models convert-adapter` makes a GGUF adapter of."""
        folder.mkdir(parents=True, exist_ok=True)
        config = {
            "peft_type": "LORA",
            "r": self.rank,
            "lora_alpha": self.alpha,
            "base_model_name_or_path": self.base,
            "target_modules": [name.rpartition(".")[2] for name in MODULES.values()],
        }
        (folder / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
        _write_safetensors(folder / WEIGHTS, dict(self._halves()))

    def _halves(self) -> Iterator[tuple[str, np.ndarray]]:
        for index, layer in enumerate(self.layers):
            for part, module in MODULES.items():
                name = f"base_model.model.model.layers.{index}.{module}"
                adapted = layer.parts[part]
                yield f"{name}.lora_A.weight", adapted.down.detach().numpy()
                yield f"{name}.lora_B.weight", adapted.up.detach().numpy()


def _write_safetensors(file: Path, tensors: dict[str, np.ndarray]) -> None:
    header: dict[str, object] = {}
    blocks: list[bytes] = []
    offset = 0
    for name, values in tensors.items():
        block = values.astype("<f4").tobytes()
        end = offset + len(block)
        header[name] = {"dtype": "F32", "shape": list(values.shape), "data_offsets": [offset, end]}
        blocks.append(block)
        offset = end
    head = json.dumps(header).encode()
    file.write_bytes(len(head).to_bytes(8, "little") + head + b"".join(blocks))
