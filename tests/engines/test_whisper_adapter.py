"""A change to a Whisper model's file: what it alters, and what it refuses."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice import modelstore
from voice.config import Settings
from voice.engines import whisper_adapter
from voice.engines.whisper_adapter import FLOAT16, AdapterError

WEIGHT = "encoder/layer_0/self_attention/linear_1/weight"
SETTINGS = Settings()


@pytest.fixture(scope="module")
def model() -> bytes:
    folder: Path = modelstore.locate(SETTINGS.stt.model, SETTINGS.cache_dir())
    return (folder / "model.bin").read_bytes()


def change(rank: int, into: int, out: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(1)
    return {
        f"{WEIGHT}.a": rng.normal(0, 0.1, (rank, into)).astype(np.float16),
        f"{WEIGHT}.b": rng.normal(0, 0.1, (out, rank)).astype(np.float16),
    }


def adapted(model: bytes, adapter: dict[str, np.ndarray], scale: float = 1.0) -> bytes:
    changed = bytearray(model)
    whisper_adapter.adapt(changed, adapter, scale)
    return bytes(changed)


def test_every_number_of_the_real_model_has_its_place(model: bytes) -> None:
    found = list(whisper_adapter.variables(model))
    assert len({variable.name for variable in found}) == len(found) > 200
    for variable in found:
        if variable.kind == FLOAT16:
            assert variable.end - variable.start == 2 * math.prod(variable.shape)


def test_only_the_weight_that_is_named_changes_and_by_the_product(model: bytes) -> None:
    adapter = change(4, 512, 512)
    place = next(v for v in whisper_adapter.variables(model) if v.name == WEIGHT)
    changed = adapted(model, adapter)
    assert changed[: place.start] == model[: place.start]
    assert changed[place.end :] == model[place.end :]
    before, after = (
        np.frombuffer(data[place.start : place.end], np.float16).astype(np.float32)
        for data in (model, changed)
    )
    wanted = adapter[f"{WEIGHT}.b"].astype(np.float32) @ adapter[f"{WEIGHT}.a"].astype(np.float32)
    np.testing.assert_allclose(after - before, wanted.reshape(-1), atol=2e-3)


def test_half_of_an_adapter_is_half_of_its_change(model: bytes) -> None:
    place = next(v for v in whisper_adapter.variables(model) if v.name == WEIGHT)
    before, half, whole = (
        np.frombuffer(data[place.start : place.end], np.float16).astype(np.float32)
        for data in (
            model,
            adapted(model, change(4, 512, 512), 0.5),
            adapted(model, change(4, 512, 512)),
        )
    )
    np.testing.assert_allclose(half - before, (whole - before) / 2, atol=2e-3)


def test_an_adapter_for_another_model_is_refused(model: bytes) -> None:
    with pytest.raises(AdapterError, match=WEIGHT):
        adapted(model, change(4, 384, 384))


@given(st.binary(max_size=64))
def test_what_is_no_model_is_refused(data: bytes) -> None:
    with pytest.raises(AdapterError):
        adapted(data, change(4, 512, 512))


def test_a_model_that_is_cut_off_is_refused(model: bytes) -> None:
    with pytest.raises(AdapterError):
        adapted(model[: len(model) // 2], change(4, 512, 512))


def test_a_folder_with_the_change_in_it_is_there_while_it_is_read(tmp_path: Path) -> None:
    folder: Path = modelstore.locate(SETTINGS.stt.model, SETTINGS.cache_dir())
    adapter = tmp_path / "adapter.npz"
    np.savez(adapter, **change(4, 512, 512))
    wanted = whisper_adapter.adapted_files(folder, adapter, 0.5)
    with whisper_adapter.adapted_folder(folder, adapter, 0.5) as made:
        assert {file.name: file.read_bytes() for file in made.iterdir()} == wanted
    assert not made.exists()
    assert wanted["model.bin"] != (folder / "model.bin").read_bytes()
