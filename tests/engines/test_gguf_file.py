"""Reading and refusing GGUF files before any native code sees them."""

import contextlib
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import tiny_gguf
from voice.engines import gguf_file
from voice.errors import MissingError, UserError


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gguf")
    tiny_gguf.write_model(folder / "model.gguf")
    tiny_gguf.write_adapter(folder / "adapter.gguf")
    return folder


@pytest.fixture(scope="module")
def model(folder: Path) -> gguf_file.GgufFile:
    return gguf_file.read(folder / "model.gguf")


def test_header_tells_kind_architecture_and_shapes(model: gguf_file.GgufFile) -> None:
    assert (model.kind, model.architecture) == ("model", "gemma3n")
    assert model.tensors["blk.21.attn_q.weight"] == (64, 64)
    assert model.metadata["tokenizer.ggml.tokens"] == len(tiny_gguf.VOCABULARY)
    assert str(model.metadata["tokenizer.chat_template"]) == tiny_gguf.CHAT_TEMPLATE


def test_matching_adapter_is_accepted(folder: Path, model: gguf_file.GgufFile) -> None:
    gguf_file.check_adapter(gguf_file.read(folder / "adapter.gguf"), model)


def test_missing_file_is_named() -> None:
    with pytest.raises(MissingError, match=r"nowhere\.gguf does not exist"):
        gguf_file.read(Path("nowhere.gguf"))


def test_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot read"):
        gguf_file.read(tmp_path)


@pytest.mark.parametrize("share", [0.0, 0.00001, 0.001, 0.01, 0.5, 0.999])
def test_truncated_file_is_incomplete(folder: Path, tmp_path: Path, share: float) -> None:
    whole = (folder / "model.gguf").read_bytes()
    cut = tmp_path / "cut.gguf"
    cut.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(UserError, match=r"incomplete|does not begin"):
        gguf_file.read(cut)


def test_whole_model_given_as_adapter_is_refused(model: gguf_file.GgufFile) -> None:
    with pytest.raises(UserError, match="whole gemma3n model, not an adapter"):
        gguf_file.check_adapter(model, model)


def test_adapter_given_as_model_is_refused(folder: Path) -> None:
    with pytest.raises(UserError, match="of type 'adapter', not a whole model"):
        gguf_file.check_model(gguf_file.read(folder / "adapter.gguf"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "llama"}, "adapter for llama, but the model model.gguf is gemma3n"),
        ({"width": 128}, "does not fit model.gguf"),
        ({"kind": "control_vector"}, "only LoRA is supported"),
        ({"layers": 23}, "blk.22.attn_q.weight does not fit"),
        ({"halves": "a"}, "lacks one half"),
        ({"layers": 0}, "holds no LoRA tensors"),
    ],
)
def test_adapter_for_something_else_is_refused(
    tmp_path: Path, model: gguf_file.GgufFile, options: dict[str, object], message: str
) -> None:
    path = tiny_gguf.write_adapter(tmp_path / "other.gguf", **options)
    with pytest.raises(UserError, match=message):
        gguf_file.check_adapter(gguf_file.read(path), model)


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=300))
def test_random_bytes_are_refused_in_one_line(
    tmp_path_factory: pytest.TempPathFactory, noise: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "noise.gguf"
    for head in (b"", b"GGUF", b"GGUF" + struct.pack("<IQQ", 3, 1, 1)):
        path.write_bytes(head + noise)
        with pytest.raises(UserError) as refusal:
            gguf_file.read(path)
        assert "\n" not in str(refusal.value)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 20_000), st.binary(min_size=1, max_size=8))
def test_damaged_header_never_ends_in_another_exception(
    tmp_path_factory: pytest.TempPathFactory, folder: Path, offset: int, damage: bytes
) -> None:
    data = bytearray((folder / "adapter.gguf").read_bytes())
    data[offset : offset + len(damage)] = damage
    path = tmp_path_factory.getbasetemp() / "damaged.gguf"
    path.write_bytes(data)
    with contextlib.suppress(UserError):  # damage inside a text or the numbers is not to be seen
        gguf_file.read(path)
