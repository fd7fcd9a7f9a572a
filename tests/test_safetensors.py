"""Reading safetensors files: three float types, and whatever else a file may be."""

import contextlib
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.tiny_peft import write_safetensors
from voice import safetensors
from voice.errors import MissingError, UserError

VALUES = np.array([[1.0, -2.5, 0.15625], [3.0e4, 1e-3, -0.0]], np.float32)


@pytest.mark.parametrize(("dtype", "like"), [("F32", 0.0), ("F16", 1e-3), ("BF16", 1e-2)])
def test_floats_are_read_as_written(tmp_path: Path, dtype: str, like: float) -> None:
    file = write_safetensors(tmp_path / "w.safetensors", {"x": VALUES, "y": VALUES[:1]}, dtype)
    found = safetensors.read(file)
    assert list(found) == ["x", "y"]
    assert found["x"].dtype == np.float32
    assert np.allclose(found["x"], VALUES, rtol=like, atol=0)
    assert np.allclose(found["y"], VALUES[:1], rtol=like, atol=0)


def test_other_types_are_left_out(tmp_path: Path) -> None:
    file = write_safetensors(tmp_path / "w.safetensors", {"x": VALUES}, "I32")
    assert safetensors.read(file) == {}


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match=r"w\.safetensors does not exist"):
        safetensors.read(tmp_path / "w.safetensors")


@pytest.mark.parametrize("size", [0, 4, 20, -1])
def test_a_file_cut_off_is_refused_in_one_line(tmp_path: Path, size: int) -> None:
    file = write_safetensors(tmp_path / "w.safetensors", {"x": VALUES})
    file.write_bytes(file.read_bytes()[:size])
    with pytest.raises(UserError) as refusal:
        safetensors.read(file)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "entry",
    [
        '{"dtype":"F32","shape":[9],"data_offsets":[0,24]}',
        '{"dtype":"F32","shape":[6],"data_offsets":[8,0]}',
        '{"dtype":"F32","shape":[6],"data_offsets":[0,99]}',
        '{"dtype":"F32","shape":"6","data_offsets":[0,24]}',
        "3",
    ],
)
def test_a_header_that_does_not_fit_is_refused(tmp_path: Path, entry: str) -> None:
    header = f'{{"x":{entry}}}'.encode()
    file = tmp_path / "w.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + bytes(24))
    with pytest.raises(UserError, match="not a usable safetensors file"):
        safetensors.read(file)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, 150), st.binary(min_size=1, max_size=8))
def test_damage_never_ends_in_another_exception(
    tmp_path_factory: pytest.TempPathFactory, offset: int, damage: bytes
) -> None:
    file = tmp_path_factory.getbasetemp() / "damaged.safetensors"
    data = bytearray(write_safetensors(file, {"x": VALUES}).read_bytes())
    data[offset : offset + len(damage)] = damage
    file.write_bytes(data)
    with contextlib.suppress(UserError):
        safetensors.read(file)
