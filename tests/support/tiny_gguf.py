"""Writes tiny random GGUF files: models of Gemma-3n and Llama that the native loader accepts, and
adapters.

Random weights prove loading, streaming, cancelling and adapters; they say nothing about answers.
"""

from pathlib import Path

import gguf
import numpy as np

EMBEDDING, HEADS, HEAD, FEED_FORWARD = 64, 2, 32, 64
LAYERS = 22
"""More than 20: from there on, a Gemma-3n layer reuses the keys and values of an earlier one."""
ALTUP, ALTUP_WIDTH, LAUREL_RANK = 4, 256, 64
CONTEXT = 512
CHAT_TEMPLATE = (
    "{{ bos_token }}{% for message in messages %}"
    "{{ '<start_of_turn>' + (message['role'] if message['role'] != 'assistant' else 'model')"
    " + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)

Pieces = list[tuple[str, float, gguf.TokenType]]
Weights = dict[str, np.ndarray]


def _pieces() -> Pieces:
    """A SentencePiece vocabulary: control tokens, all bytes, letters and some words."""
    control = [(name, 0.0, gguf.TokenType.CONTROL) for name in ("<pad>", "<eos>", "<bos>")]
    pieces: Pieces = [*control, ("<unk>", 0.0, gguf.TokenType.UNKNOWN)]
    pieces += [(f"<0x{byte:02X}>", 0.0, gguf.TokenType.BYTE) for byte in range(256)]
    pieces += [(name, 0.0, gguf.TokenType.CONTROL) for name in ("<start_of_turn>", "<end_of_turn>")]
    words = ["▁press", "▁hard", "▁water", "▁the", "▁burn", "▁cool", "ing", "er", "▁chest"]
    letters = ["▁", *(chr(code) for code in range(33, 127)), "é", "°"]
    pieces += [
        (piece, -float(rank), gguf.TokenType.NORMAL) for rank, piece in enumerate(words + letters)
    ]
    return pieces


VOCABULARY = _pieces()


def _shapes() -> dict[str, tuple[int, ...]]:
    """Shape by tensor name, slowest dimension first as numpy has it."""
    width, vocabulary = EMBEDDING, len(VOCABULARY)
    shapes: dict[str, tuple[int, ...]] = {
        "token_embd.weight": (vocabulary, width),
        "output_norm.weight": (width,),
        "altup_proj.weight": (ALTUP - 1, width, width),
        "altup_unembd_proj.weight": (ALTUP - 1, width, width),
        "per_layer_token_embd.weight": (vocabulary, ALTUP_WIDTH * LAYERS),
        "per_layer_model_proj.weight": (ALTUP_WIDTH * LAYERS, width),
        "per_layer_proj_norm.weight": (ALTUP_WIDTH,),
    }
    for layer in range(LAYERS):
        shapes |= {f"blk.{layer}.{name}.weight": shape for name, shape in _layer_shapes().items()}
    return shapes


def _layer_shapes() -> dict[str, tuple[int, ...]]:
    width, attention = EMBEDDING, HEADS * HEAD
    return {
        "attn_norm": (width,),
        "attn_q": (attention, width),
        "attn_k": (HEAD, width),
        "attn_v": (HEAD, width),
        "attn_output": (width, attention),
        "attn_q_norm": (HEAD,),
        "attn_k_norm": (HEAD,),
        "post_attention_norm": (width,),
        "ffn_norm": (width,),
        "ffn_gate": (FEED_FORWARD, width),
        "ffn_up": (FEED_FORWARD, width),
        "ffn_down": (width, FEED_FORWARD),
        "post_ffw_norm": (width,),
        "inp_gate": (ALTUP_WIDTH, width),
        "proj": (width, ALTUP_WIDTH),
        "post_norm": (width,),
        "altup_correct_coef": (ALTUP, ALTUP),
        "altup_correct_scale": (width,),
        "altup_predict_coef": (ALTUP * ALTUP, ALTUP),
        "altup_router": (ALTUP, width),
        "altup_router_norm": (width,),
        "laurel_l": (LAUREL_RANK, width),
        "laurel_r": (width, LAUREL_RANK),
        "laurel_post_norm": (width,),
    }


def _random(shape: tuple[int, ...], generator: np.random.Generator) -> np.ndarray:
    if len(shape) == 1:
        return np.ones(shape, np.float32)
    return generator.normal(0, shape[-1] ** -0.5, shape).astype(np.float32)


def write_model(
    path: Path,
    architecture: str = "gemma3n",
    chat: bool = True,
    context: int = CONTEXT,
    changes: Weights | None = None,
) -> Path:
    """Write a Gemma-3n model of random weights, 8 MB; `chat=False` leaves out all about turns.

    `changes` are added to weights by name; then all stay float32, so that little gets lost.
    """
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("model")
    writer.add_name("tiny random")
    writer.add_context_length(context)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_key_length(HEAD)
    writer.add_value_length(HEAD)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10_000.0)
    writer.add_sliding_window(32)
    _add_vocabulary(writer, chat)
    _add_weights(writer, _shapes(), changes)
    return _finish(writer, path)


def write_llama(path: Path, changes: Weights | None = None) -> Path:
    """Write a Llama model of random weights with two layers; `changes` as in `write_model`."""
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_type("model")
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(EMBEDDING)
    writer.add_block_count(2)
    writer.add_feed_forward_length(FEED_FORWARD)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(1)
    writer.add_rope_dimension_count(HEAD)
    writer.add_layer_norm_rms_eps(1e-6)
    _add_vocabulary(writer, chat=False)
    names = ["attn_norm", "attn_q", "attn_k", "attn_v", "attn_output"]
    names += ["ffn_norm", "ffn_gate", "ffn_up", "ffn_down"]
    shapes = {name: _shapes()[name] for name in ("token_embd.weight", "output_norm.weight")}
    for layer in range(2):
        shapes |= {f"blk.{layer}.{name}.weight": _layer_shapes()[name] for name in names}
    _add_weights(writer, shapes, changes or {})
    return _finish(writer, path)


def _add_vocabulary(writer: gguf.GGUFWriter, chat: bool) -> None:
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    names = [piece for piece, _, _ in VOCABULARY]
    writer.add_token_list(names if chat else [name.replace("_of_turn", "") for name in names])
    writer.add_token_scores([score for _, score, _ in VOCABULARY])
    writer.add_token_types([kind for _, _, kind in VOCABULARY])
    writer.add_pad_token_id(0)
    writer.add_eos_token_id(1)
    writer.add_bos_token_id(2)
    writer.add_unk_token_id(3)
    writer.add_add_bos_token(True)
    writer.add_add_space_prefix(False)
    if chat:
        writer.add_chat_template(CHAT_TEMPLATE)


def _add_weights(
    writer: gguf.GGUFWriter, shapes: dict[str, tuple[int, ...]], changes: Weights | None
) -> None:
    generator = np.random.default_rng(1)
    for name, shape in shapes.items():
        values = _random(shape, generator)
        if changes is not None:
            values = (values + changes.get(name, 0)).astype(np.float32)
        elif len(shape) > 1 and min(shape) > ALTUP * ALTUP:
            values = values.astype(np.float16)
        writer.add_tensor(name, values)


def write_adapter(
    path: Path,
    architecture: str = "gemma3n",
    width: int = EMBEDDING,
    queries: int = HEADS * HEAD,
    layers: int = LAYERS,
    strength: float = 1.0,
    kind: str = "lora",
    halves: str = "ab",
    part: str = "attn_q",
) -> Path:
    """Write a rank-4 LoRA adapter on one weight of each layer; strength 0 changes nothing.

    `width` and `queries` are the columns and rows of that weight.
    """
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type("adapter")
    writer.add_string("adapter.type", kind)
    writer.add_float32("adapter.lora.alpha", 8.0)
    generator = np.random.default_rng(7)
    for layer in range(layers):
        a = generator.normal(0, 1, (4, width))
        b = strength * generator.normal(0, 1, (queries, 4))
        for half, values in (("a", a), ("b", b)):
            if half in halves:
                name = f"blk.{layer}.{part}.weight.lora_{half}"
                writer.add_tensor(name, values.astype(np.float32))
    return _finish(writer, path)


def _finish(writer: gguf.GGUFWriter, path: Path) -> Path:
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
