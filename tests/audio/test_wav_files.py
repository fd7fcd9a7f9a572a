"""Every WAV a recorder may write is read; everything else is one line; output is all or nothing."""

import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
import soundfile

from voice.audio.files import StemWriter, WavReader, WavWriter
from voice.errors import UserError

SUBTYPES = ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")


def sine(seconds: float, rate: int, hertz: float = 440.0) -> np.ndarray:
    return 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)


def read(path: Path) -> np.ndarray:
    reader = WavReader(path)
    blocks = list(reader.blocks())
    reader.close()
    assert all(block.dtype == np.int16 and block.shape == (160,) for block in blocks)
    return np.concatenate(blocks)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("subtype", SUBTYPES)
@pytest.mark.parametrize("channels", [1, 2])
def test_usual_formats_arrive_as_the_same_sound(tmp_path, rate, subtype, channels):
    file = tmp_path / "in.wav"
    sound = sine(0.5, rate)
    left_only = np.column_stack([2 * sound * 0.5, np.zeros_like(sound)])
    soundfile.write(file, left_only if channels == 2 else sound, rate, subtype)
    heard = read(file)
    level = 0.5 if channels == 2 else 1.0
    expected = sine(0.5, 16_000) * 32768 * level
    middle = slice(800, 7200)
    assert len(heard) == 8000
    assert np.abs(heard[middle] - expected[middle]).max() < 330  # a step of 8-bit sound is 256


def test_a_last_partial_block_is_filled_with_silence(tmp_path):
    file = tmp_path / "in.wav"
    soundfile.write(file, np.full(161, 0.5), 16_000)
    heard = read(file)
    assert heard.tolist() == [16_384] * 161 + [0] * 159


def test_samples_that_are_no_numbers_or_too_loud_become_harmless(tmp_path):
    file = tmp_path / "in.wav"
    samples = np.array([np.nan, np.inf, -np.inf, 7.0, -7.0, 0.25] * 50, np.float32)
    soundfile.write(file, samples, 16_000, "FLOAT")
    assert read(file)[:6].tolist() == [0, 32767, -32768, 32767, -32768, 8192]


def test_an_hour_is_read_in_bounded_memory(tmp_path):
    file = tmp_path / "hour.wav"
    with soundfile.SoundFile(file, "w", 8000, 1, "PCM_U8") as out:
        for _ in range(60):
            out.write(np.zeros(8000 * 60, np.float32))
    reader = WavReader(file)
    tracemalloc.start()
    try:
        count = sum(1 for _ in reader.blocks())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        reader.close()
    assert count == 360_000
    assert peak < 4_000_000


def _wav(path: Path) -> bytes:
    soundfile.write(path, sine(1.0, 16_000), 16_000)
    return path.read_bytes()


def _no_samples(path: Path) -> None:
    soundfile.write(path, np.empty(0), 16_000)


BAD = {
    "empty": (lambda p: p.write_bytes(b""), "empty"),
    "random": (lambda p: p.write_bytes(np.random.default_rng(3).bytes(5000)), "not a readable WAV"),
    "text": (lambda p: p.write_text("hello\n" * 100), "not a readable WAV"),
    "truncated sound": (lambda p: p.write_bytes(_wav(p)[:20_000]), "truncated"),
    "truncated header": (lambda p: p.write_bytes(_wav(p)[:30]), "not a readable WAV"),
    "no samples": (_no_samples, "no sound"),
    "directory": (lambda p: p.mkdir(), "not a file"),
    "missing": (lambda p: None, "does not exist"),
    "flac": (lambda p: soundfile.write(p, sine(1, 16_000), 16_000, format="FLAC"), "convert"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_line_that_names_the_file(tmp_path, kind):
    file = tmp_path / "bad.wav"
    make, words = BAD[kind]
    make(file)
    with pytest.raises(UserError, match=words) as error:
        WavReader(file)
    assert str(file) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_size_left_open_by_a_pipe_is_no_truncation(tmp_path):
    file = tmp_path / "piped.wav"
    whole = bytearray(_wav(file))
    at = whole.index(b"data") + 4
    whole[4:8] = whole[at : at + 4] = b"\xff\xff\xff\xff"
    file.write_bytes(whole)
    assert len(read(file)) == 16_000


def test_output_appears_under_its_name_when_complete(tmp_path):
    file = tmp_path / "out.wav"
    writer = WavWriter(file, 48_000)
    writer.write(np.full(480, 0.5, np.float32))
    assert not file.exists()
    writer.close()
    writer.close()
    sound, rate = soundfile.read(file, dtype="int16")
    info = soundfile.info(file)
    assert (rate, info.channels, info.subtype) == (48_000, 1, "PCM_16")
    assert sound.tolist() == [16_384] * 480
    assert os.listdir(tmp_path) == ["out.wav"]


def test_discarded_output_leaves_nothing_and_spares_the_old_file(tmp_path):
    file = tmp_path / "out.wav"
    file.write_bytes(b"old")
    writer = WavWriter(file, 48_000)
    writer.write(np.zeros(480, np.float32))
    writer.discard()
    assert os.listdir(tmp_path) == ["out.wav"]
    assert file.read_bytes() == b"old"


@pytest.mark.parametrize("name", ["missing/out.wav", "file/out.wav", "folder"])
def test_output_that_cannot_be_written_is_one_line(tmp_path, name):
    (tmp_path / "file").write_bytes(b"")
    (tmp_path / "folder").mkdir()
    with pytest.raises(UserError, match="cannot write") as error:
        WavWriter(tmp_path / name, 48_000)
    assert "\n" not in str(error.value)


def test_a_read_only_folder_is_refused_before_anything_starts():
    """In a process without privileges: to root every folder is writable."""
    code = (
        "import os, sys, tempfile, pathlib\n"
        "folder = pathlib.Path(tempfile.mkdtemp())\n"
        "if os.getuid() == 0: os.chown(folder, 65534, 65534); os.setgid(65534); os.setuid(65534)\n"
        "folder.chmod(0o555)\n"
        "from voice.audio.files import StemWriter, WavWriter\n"
        "from voice.errors import UserError\n"
        "for kind in (WavWriter, StemWriter):\n"
        "    try: kind(folder / 'out.wav', 48_000)\n"
        "    except UserError as error: print(error)\n"
        "assert not os.listdir(folder)\n"
        "folder.chmod(0o755); folder.rmdir()\n"
    )
    imports = "import soundfile, soxr, numpy, voice.audio.files\n"
    done = subprocess.run(
        [sys.executable, "-c", imports + code], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    assert all("Permission denied" in line for line in lines)


def test_stems_lie_beside_the_output(tmp_path):
    stems = StemWriter(tmp_path / "out.wav", 48_000)
    parts = {s: np.full(480, v, np.float32) for s, v in (("voice", 0.5), ("beat", 2), ("tone", 0))}
    stems.write(parts)
    stems.close()
    assert sorted(os.listdir(tmp_path)) == ["out.beat.wav", "out.tones.wav", "out.voice.wav"]
    assert soundfile.read(tmp_path / "out.beat.wav")[0].max() == pytest.approx(1, abs=1e-3)
    assert soundfile.read(tmp_path / "out.voice.wav")[0][-1] == 0.5
