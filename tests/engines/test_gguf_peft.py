"""A LoRA in PEFT format becomes a GGUF adapter that does what was trained, or is refused."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import tiny_gguf
from tests.support.tiny_gguf import ALTUP_WIDTH, EMBEDDING, FEED_FORWARD, HEAD, HEADS, LAYERS
from tests.support.tiny_peft import ALPHA, LANGUAGE, RANK, halves, write_peft
from voice.cli.main import main
from voice.engines import gguf_file, gguf_peft, gguf_worker
from voice.engines.gguf_worker import GgufWorker
from voice.engines.interfaces import Generate, Result, SetAdapter, Token
from voice.errors import MissingError, UserError

QUERIES = HEADS * HEAD
SEVEN = {
    "self_attn.q_proj": (QUERIES, EMBEDDING),
    "self_attn.k_proj": (HEAD, EMBEDDING),
    "self_attn.v_proj": (HEAD, EMBEDDING),
    "self_attn.o_proj": (EMBEDDING, QUERIES),
    "mlp.gate_proj": (FEED_FORWARD, EMBEDDING),
    "mlp.up_proj": (FEED_FORWARD, EMBEDDING),
    "mlp.down_proj": (EMBEDDING, FEED_FORWARD),
}
TENSORS = {
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
}
OWN = {
    "per_layer_input_gate": (ALTUP_WIDTH, EMBEDDING),
    "per_layer_projection": (EMBEDDING, ALTUP_WIDTH),
    "laurel.linear_left": (tiny_gguf.LAUREL_RANK, EMBEDDING),
    "laurel.linear_right": (EMBEDDING, tiny_gguf.LAUREL_RANK),
}
"""Further weights of a Gemma-3n layer to which adapters are applied."""
PLAIN = "base_model.model.model."
PROMPT = "Cool the burn with water. "

Shapes = Mapping[str, tuple[int, int]]


def in_layers(modules: Shapes, layers: range) -> dict[str, tuple[int, int]]:
    return {f"layers.{n}.{name}": shape for n in layers for name, shape in modules.items()}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_gguf.write_model(tmp_path_factory.mktemp("gguf") / "model.gguf")


def loaded(path: Path, **options: Any) -> GgufWorker:
    worker = gguf_worker.create({"model_path": str(path), "context": 512, **options})
    worker.load()
    return worker


def generate(worker: GgufWorker) -> str:
    results: list[Result] = []
    request = Generate(prefix=PROMPT, prompt="How long?", max_tokens=24)
    worker.handle(request, results.append, lambda: False)
    return "".join(result.text for result in results if isinstance(result, Token))


def logits(worker: GgufWorker) -> np.ndarray:
    return worker._decoder.logits(worker._decoder.tokenize(PROMPT, "", special=False)[0])


def convert(folder: Path, base: Path) -> Path:
    output = folder / "adapter.gguf"
    gguf_peft.convert(folder, base, output)
    return output


# --- it does what was trained --------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["F32", "F16", "BF16"])
def test_a_converted_adapter_changes_the_text_and_its_removal_restores_it(
    model: Path, tmp_path: Path, dtype: str, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = write_peft(tmp_path / "peft", halves(in_layers(SEVEN, range(LAYERS))), dtype=dtype)
    output = tmp_path / "out" / "medical.gguf"
    command = ["models", "convert-adapter", str(folder), "--base", str(model)]
    assert main([*command, "--output", str(output)]) == 0
    assert f"{7 * LAYERS} weights of model.gguf (gemma3n), rank 4" in capsys.readouterr().out
    assert [path.name for path in output.parent.iterdir()] == ["medical.gguf"]
    worker = loaded(model)
    bare = generate(worker)
    worker.handle(SetAdapter(path=str(output)), lambda _: None, lambda: False)
    assert generate(worker) != bare
    worker.handle(SetAdapter(path=""), lambda _: None, lambda: False)
    assert generate(worker) == bare


def change(pairs: Mapping[str, Any], scale: float) -> dict[str, np.ndarray]:
    """What merging the adapter adds to each tensor of the model."""
    changes = {}
    for module, (a, b) in pairs.items():
        _, layer, name = module.split(".", 2)
        changes[f"blk.{layer}.{TENSORS[name]}.weight"] = scale * (b @ a)
    return changes


@pytest.mark.parametrize(
    ("config", "scale"),
    [
        ({}, ALPHA / RANK),
        ({"use_rslora": True}, ALPHA / RANK**0.5),
        ({"alpha_pattern": {"q_proj": 2, "k_proj": 2, "[vo]_proj": 2, "mlp.*": 2}}, 2 / RANK),
    ],
)
def test_it_changes_gemma3n_as_merging_it_would(
    tmp_path: Path, config: dict[str, Any], scale: float
) -> None:
    # The last layers, among them two that compute keys and values: what the first ones change is
    # blown up by random weights until rounding alone makes a difference.
    pairs = halves(in_layers(SEVEN, range(18, LAYERS)))
    base = tiny_gguf.write_model(tmp_path / "base.gguf", changes={})
    merged = tiny_gguf.write_model(tmp_path / "merged.gguf", changes=change(pairs, scale))
    adapter = convert(write_peft(tmp_path / "peft", pairs, **config), base)
    wanted, bare = logits(loaded(merged)), logits(loaded(base))
    found = logits(loaded(base, adapter_path=str(adapter)))
    assert np.abs(found - wanted).max() < 0.01 * np.abs(bare - wanted).max()


def test_modules_of_several_ranks_keep_their_own_scale(tmp_path: Path, model: Path) -> None:
    pairs = halves({"layers.0.mlp.up_proj": (FEED_FORWARD, EMBEDDING)}, rank=2)
    pairs |= halves({"layers.1.mlp.up_proj": (FEED_FORWARD, EMBEDDING)})
    folder = write_peft(tmp_path / "peft", pairs, rank_pattern={"layers.0.mlp.up_proj": 2})
    gguf_file.check_adapter(gguf_file.read(convert(folder, model)), gguf_file.read(model))
    config = gguf_peft._config(folder / gguf_peft.CONFIG)
    assert config.scale("model.layers.0.mlp.up_proj") == ALPHA / 2
    assert config.scale("model.layers.1.mlp.up_proj") == ALPHA / RANK
    assert config.scale("model.layers.10.mlp.up_proj") == ALPHA / RANK


def rotated_pairwise(weight: np.ndarray) -> np.ndarray:
    """The rows of a Llama weight as GGUF has them, said row by row."""
    result = np.empty_like(weight)
    for head in range(0, len(weight), HEAD):
        for i in range(HEAD // 2):
            result[head + 2 * i] = weight[head + i]
            result[head + 2 * i + 1] = weight[head + HEAD // 2 + i]
    return result


def test_it_changes_llama_as_merging_it_would_rows_of_queries_and_keys_in_order(
    tmp_path: Path,
) -> None:
    pairs = halves(in_layers(SEVEN, range(2)))
    changes = change(pairs, ALPHA / RANK)
    for name in changes:
        if "attn_q" in name or "attn_k" in name:
            changes[name] = rotated_pairwise(changes[name])
    base = tiny_gguf.write_llama(tmp_path / "base.gguf")
    merged = tiny_gguf.write_llama(tmp_path / "merged.gguf", changes)
    adapter = convert(write_peft(tmp_path / "peft", pairs, prefix=PLAIN), base)
    wanted, bare = logits(loaded(merged)), logits(loaded(base))
    found = logits(loaded(base, adapter_path=str(adapter)))
    assert np.abs(found - wanted).max() < 0.01 * np.abs(bare - wanted).max()


@pytest.mark.parametrize("prefix", [LANGUAGE, PLAIN, "base_model.model.language_model.model.", ""])
def test_the_names_of_several_model_classes_are_known(
    model: Path, tmp_path: Path, prefix: str
) -> None:
    pairs = halves(in_layers({"self_attn.q_proj": (QUERIES, EMBEDDING)}, range(1)))
    adapter = convert(write_peft(tmp_path / "peft", pairs, prefix=prefix), model)
    assert set(gguf_file.read(adapter).tensors) == {
        "blk.0.attn_q.weight.lora_a",
        "blk.0.attn_q.weight.lora_b",
    }


# --- what llama.cpp applies, and what it does not ------------------------------------------------


@pytest.fixture(scope="module")
def worker(model: Path) -> GgufWorker:
    return loaded(model)


@pytest.mark.parametrize("name", [*SEVEN, *OWN])
def test_each_weight_that_is_converted_is_applied(
    worker: GgufWorker, model: Path, tmp_path: Path, name: str
) -> None:
    """The worker refuses an adapter that changes nothing."""
    modules = in_layers({name: (SEVEN | OWN)[name]}, range(LAYERS))
    adapter = convert(write_peft(tmp_path / "peft", halves(modules)), model)
    worker.handle(SetAdapter(path=str(adapter)), lambda _: None, lambda: False)


def test_altup_is_loaded_and_not_applied_so_it_is_not_converted(
    worker: GgufWorker, model: Path, tmp_path: Path
) -> None:
    shape = (tiny_gguf.ALTUP, EMBEDDING)
    by_hand = tiny_gguf.write_adapter(
        tmp_path / "altup.gguf", part="altup_router", queries=shape[0]
    )
    with pytest.raises(UserError, match="changes nothing"):
        worker.handle(SetAdapter(path=str(by_hand)), lambda _: None, lambda: False)
    modules = in_layers({**SEVEN, "altup.modality_router": shape}, range(LAYERS))
    folder = write_peft(tmp_path / "peft", halves(modules))
    with pytest.raises(UserError, match=r"22 weights .*altup\.modality_router.* in part only"):
        convert(folder, model)


@pytest.mark.parametrize("name", ["embed_tokens", "lm_head", "per_layer_model_projection"])
def test_weights_outside_the_layers_are_refused(model: Path, tmp_path: Path, name: str) -> None:
    folder = write_peft(tmp_path / "peft", halves({name: (EMBEDDING, EMBEDDING)}))
    with pytest.raises(UserError, match=name):
        convert(folder, model)


def test_what_is_for_images_and_sound_is_left_out_and_counted(model: Path, tmp_path: Path) -> None:
    text = halves(in_layers({"self_attn.q_proj": (QUERIES, EMBEDDING)}, range(2)))
    sound = {f"audio_tower.{name}": pair for name, pair in text.items()}
    named = {f"language_model.{name}": pair for name, pair in text.items()} | sound
    folder = write_peft(tmp_path / "peft", named, prefix=PLAIN)
    made = gguf_peft.convert(folder, model, tmp_path / "adapter.gguf")
    assert (made.weights, made.left_out) == (2, 4)


# --- what is refused -----------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_peft(tmp_path / "peft", halves(in_layers(SEVEN, range(LAYERS))))


def test_a_model_of_another_size_is_refused_with_the_name_of_the_right_one(
    tmp_path: Path, model: Path
) -> None:
    wide = {"self_attn.q_proj": (QUERIES, 2 * EMBEDDING)}
    folder = write_peft(tmp_path / "peft", halves(in_layers(wide, range(2))))
    with pytest.raises(UserError, match=r"64 by 128.* has 64 by 64.*unsloth/gemma-3n-E4B-it"):
        convert(folder, model)


def test_a_model_with_fewer_layers_is_refused(tmp_path: Path, model: Path) -> None:
    modules = in_layers({"self_attn.q_proj": (QUERIES, EMBEDDING)}, range(LAYERS + 3))
    folder = write_peft(tmp_path / "peft", halves(modules))
    with pytest.raises(UserError, match="3 weights to which llama"):
        convert(folder, model)


def test_another_kind_of_model_is_refused(folder: Path, tmp_path: Path) -> None:
    base = tiny_gguf.write_model(tmp_path / "bert.gguf", architecture="bert")
    with pytest.raises(UserError, match="is bert; adapters are converted for gemma3, gemma3n"):
        convert(folder, base)


def test_an_adapter_as_base_is_refused(folder: Path, tmp_path: Path) -> None:
    base = tiny_gguf.write_adapter(tmp_path / "lora.gguf")
    with pytest.raises(UserError, match="not a whole model"):
        convert(folder, base)


@pytest.mark.parametrize(
    ("config", "says"),
    [
        ({"peft_type": "IA3"}, "of type IA3"),
        ({"use_dora": True}, "DoRA"),
        ({"bias": "all"}, "biases"),
        ({"fan_in_fan_out": True}, "transposed"),
        ({"modules_to_save": ["lm_head"]}, "modules_to_save"),
        ({"r": 0}, "not positive"),
        ({"lora_alpha": "eight"}, "no configuration"),
    ],
)
def test_what_a_gguf_adapter_cannot_say_is_refused(
    model: Path, tmp_path: Path, config: dict[str, Any], says: str
) -> None:
    pairs = halves(in_layers({"self_attn.q_proj": (QUERIES, EMBEDDING)}, range(1)))
    with pytest.raises(UserError, match=says):
        convert(write_peft(tmp_path / "peft", pairs, **config), model)


def test_a_folder_that_is_no_adapter_is_named(tmp_path: Path, model: Path, folder: Path) -> None:
    with pytest.raises(MissingError, match=r"adapter_config\.json does not exist"):
        convert(tmp_path, model)
    (folder / gguf_peft.WEIGHTS).unlink()
    with pytest.raises(MissingError, match=r"adapter_model\.safetensors does not exist"):
        convert(folder, model)


def test_values_that_are_no_numbers_are_refused(tmp_path: Path, model: Path) -> None:
    pairs = halves(in_layers({"self_attn.q_proj": (QUERIES, EMBEDDING)}, range(1)))
    next(iter(pairs.values()))[1][0, 0] = np.nan
    with pytest.raises(UserError, match="no numbers"):
        convert(write_peft(tmp_path / "peft", pairs), model)


def test_nothing_is_left_behind_and_nothing_overwritten(folder: Path, tmp_path: Path) -> None:
    base = tiny_gguf.write_llama(tmp_path / "other.gguf")
    output = tmp_path / "out.gguf"
    with pytest.raises(UserError):
        gguf_peft.convert(folder, base, output)
    assert not list(tmp_path.glob("out*"))
    output.write_bytes(b"mine")
    with pytest.raises(UserError, match="name a new file"):
        gguf_peft.convert(folder, base, output)
    assert output.read_bytes() == b"mine"
