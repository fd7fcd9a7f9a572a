"""What a user gets wrong ends in one clear line and an exit code, with nothing half-written."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.assistant import call
from voice.config import Settings
from voice.engines import roster


def silence(folder: Path, seconds: float = 1.0) -> Path:
    file = folder / "silence.wav"
    soundfile.write(file, np.zeros(int(16_000 * seconds), np.int16), 16_000)
    return file


def complains(done: subprocess.CompletedProcess[str], code: int, *words: str) -> None:
    """One line on standard error that has all these words, and no traceback."""
    assert done.returncode == code, done.stdout + done.stderr
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("error: ")
    for word in words:
        assert word in lines[0]


def empty(file: Path) -> None:
    file.write_bytes(b"")


def noise(file: Path) -> None:
    file.write_bytes(bytes(range(256)) * 40)


def header_only(file: Path) -> None:
    whole = silence(file.parent).read_bytes()
    file.write_bytes(whole[:20])


@pytest.mark.parametrize("spoil", [empty, noise, header_only])
def test_an_unreadable_recording_is_refused(spoil: Callable[[Path], None], tmp_path: Path) -> None:
    bad = tmp_path / "bad.wav"
    spoil(bad)
    output = tmp_path / "out.wav"
    complains(call("run", "--input", str(bad), "--output", str(output)), 2, "bad.wav")
    assert not output.exists()


def test_a_missing_recording_is_refused(tmp_path: Path) -> None:
    complains(call("run", "--input", str(tmp_path / "no.wav")), 2, "no.wav")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[llm\nthreads = 1", ["TOML"]),
        ("[llm]\nthread = 1\n", ["thread"]),
        ('[llm]\nthreads = "two"\n', ["llm.threads"]),
        ("[llm]\nthreads = 0\n", ["llm.threads"]),
        ("[sound]\nx = 1\n", ["sound"]),
        ("[content]\nregion = 'atlantis'\n", ["atlantis"]),
    ],
    ids=["broken", "unknown option", "wrong type", "out of range", "unknown section", "no region"],
)
def test_a_bad_profile_is_refused(text: str, words: list[str], tmp_path: Path) -> None:
    profile = tmp_path / "profile.toml"
    profile.write_text(text)
    for command in (["run", "--input", str(silence(tmp_path))], ["ask", "help"]):
        complains(call(*command, "--config", str(profile)), 2, *words)


def test_an_unknown_override_is_refused() -> None:
    complains(call("ask", "help", "--set", "llm.thread=1"), 2, "thread")
    complains(call("ask", "help", "--set", "nonsense"), 2, "section.option=value")


def test_a_missing_model_names_the_command_that_fetches_it(tmp_path: Path) -> None:
    environment = os.environ | {"RESCUE_VOICE_MODELS_CACHE": str(tmp_path / "nothing")}
    done = call("run", "--input", str(silence(tmp_path)), env=environment)
    complains(done, 3, "models fetch")


def test_an_output_folder_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    recording = silence(tmp_path)
    place = "/proc/out.wav"  # a folder that not even root may write to
    complains(call("run", "--input", str(recording), "--output", place), 2, place)
    complains(call("run", "--input", str(recording), "--events", "/proc/e.jsonl"), 2, "/proc")


def test_no_microphone_is_one_line_before_anything_is_loaded() -> None:
    done = call("run", "--set", "audio.input_device=no such device")
    complains(done, 3, "microphone")
    assert not done.stdout


def test_a_text_without_end_and_control_characters_do_no_harm() -> None:
    complains(call("ask", "help " * 20_000), 2, "characters")
    done = call("ask", "he's not\x07 breathing\x1b[2J")
    assert done.returncode == 0
    assert "\x1b" not in done.stdout
    assert done.stdout.strip()


def test_a_whole_model_given_as_adapter_is_refused(tmp_path: Path) -> None:
    model = roster.llm(Settings()).options["model_path"]
    done = call("run", "--input", str(silence(tmp_path)), "--set", f"llm.adapter={model}")
    complains(done, 2, "adapter", Path(model).name)


def test_a_tampered_model_is_refused(tmp_path: Path) -> None:
    """Of the right size, but not what the catalogue says: nothing is loaded from it."""
    cache = tmp_path / "cache"
    shutil.copytree(Settings().cache_dir() / "whisper-tiny.en", cache / "whisper-tiny.en")
    for name in ("whisper-base", "gemma-3-270m", "en_US-joe-medium"):
        (cache / name).symlink_to(Settings().cache_dir() / name)
    weights = cache / "whisper-tiny.en" / "model.bin"
    weights.write_bytes(weights.read_bytes()[:-64] + bytes(64))
    done = call("run", "--input", str(silence(tmp_path)), "--set", f"models.cache={cache}")
    complains(done, 3, "whisper-tiny.en", "checksum", "models fetch")
