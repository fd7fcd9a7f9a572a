"""The doctor on this machine, and on machines that lack something."""

import argparse
import json
import os
import shutil
from pathlib import Path

import pytest

from voice import config
from voice.cli import doctor
from voice.doctor import engines, machine, sound, weights
from voice.doctor.report import Finding, Report, conclusion, line
from voice.modelstore import locate

pytestmark = pytest.mark.alone


def examine(*words: str) -> int:
    parser = argparse.ArgumentParser()
    doctor.configure(parser)
    return doctor.main(parser.parse_args(words))


def of_area(findings: list[dict[str, str]], area: str) -> dict[str, dict[str, str]]:
    return {finding["name"]: finding for finding in findings if finding["area"] == area}


def test_the_embedded_engines_load_and_work(capsys: pytest.CaptureFixture[str]) -> None:
    code = examine("--json", "--deep")
    report = json.loads(capsys.readouterr().out)
    assert code == (0 if report["ready"] else 3)
    found = of_area(report["findings"], "engines")
    assert set(found) == {"tts", "tiny", "stt", "llm", "memory"}
    for engine in found.values():
        assert engine["state"] == "ok", engine
    assert "push on the chest" in found["stt"]["detail"]
    assert found["llm"]["facts"]["threads"] == 1
    assert found["stt"]["facts"]["loaded_s"] > 0
    assert found["memory"]["facts"]["used_bytes"] > 300_000_000
    for model in ("stt", "stt-tiny", "llm", "tts"):
        assert of_area(report["findings"], "models")[model]["state"] == "ok"
    # Whether this machine has sound devices decides the rest.
    sides = of_area(report["findings"], "sound")
    assert report["ready"] == all(side["state"] == "ok" for side in sides.values())


def test_without_models_it_says_how_to_get_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert examine("--set", f"models.cache={tmp_path}") == 3
    said = capsys.readouterr().out
    assert "MISSING  stt           whisper-base: model.bin is missing" in said
    assert "models fetch" in said
    assert "models import" in said
    assert "not started: model '" in said
    assert "not ready; what to do next:" in said


@pytest.fixture
def tampered(tmp_path: Path) -> config.Settings:
    """A profile whose small recogniser has the right sizes and no sense.

    It was checked before and the disk spoilt it: even the file's time is what it was.
    """
    real = config.Settings().cache_dir()
    for name in ("whisper-base", "en_US-joe-medium"):
        (tmp_path / name).symlink_to(real / name)
    shutil.copytree(real / "whisper-tiny.en", tmp_path / "whisper-tiny.en")
    weights_file = tmp_path / "whisper-tiny.en" / "model.bin"
    locate("whisper-tiny.en", tmp_path)
    before = weights_file.stat()
    weights_file.write_bytes(b"")
    with weights_file.open("r+b") as file:
        file.truncate(before.st_size)
    os.utime(weights_file, ns=(before.st_atime_ns, before.st_mtime_ns))
    return config.load(
        None, ["llm.model=", "triage.embedding=", f"models.cache={tmp_path}"], environment={}
    )


def test_a_tampered_model_is_found(tampered: config.Settings) -> None:
    assert all(finding.state != "missing" for finding in weights.check(tampered, deep=False))
    found = {finding.name: finding for finding in weights.check(tampered, deep=True)}
    assert found["stt-tiny"].state == "missing"
    assert "wrong checksum" in found["stt-tiny"].detail
    assert found["stt-tiny"].advice.endswith("fetch whisper-tiny.en")


def test_an_engine_that_does_not_load_is_named_and_the_others_are_tried(
    tampered: config.Settings,
) -> None:
    found = {finding.name: finding for finding in engines.check(tampered)}
    assert found["tiny"].state == "missing"
    assert "models verify" in found["tiny"].advice
    assert found["stt"].state == found["tts"].state == "ok"
    assert found["llm"].state == "note"
    assert "llm.model is empty" in found["llm"].detail


@pytest.mark.parametrize(
    ("options", "cores", "advice"),
    [
        ([], 2, ""),
        (["llm.threads=2"], 2, "llm.threads = 1"),
        (["llm.threads=4"], 4, "llm.threads = 3"),
        (["llm.threads=2", "llm.model="], 2, ""),
        (["stt.threads=4"], 2, "the 2 cores"),
        (["stt.threads=1"], 1, ""),
    ],
)
def test_thread_budgets_leave_the_audio_a_core(options: list[str], cores: int, advice: str) -> None:
    finding = machine.threads(config.load(None, options, environment={}), cores)
    assert (finding.state == "ok") == (advice == "")
    assert advice in finding.advice


def test_a_device_that_is_not_there_is_named() -> None:
    settings = config.load(None, ["audio.input_device=xyzzy"], environment={})
    microphone = next(iter(sound.check(settings)))
    assert microphone.state == "missing"
    assert "microphone" in microphone.detail
    assert "audio.input_device" in microphone.advice


def test_a_missing_portaudio_says_what_to_install() -> None:
    side = sound.Side("speaker", problem="the PortAudio library is missing; install it")
    assert "apt install libportaudio2" in sound.finding(side).advice


def test_a_sound_system_that_hangs_does_not_hang_the_doctor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sound, "TIMEOUT_S", 0.001)
    (finding,) = sound.check(config.Settings())
    assert finding.state == "missing"
    assert "does not answer" in finding.detail


OK = Finding("models", "stt", "ok", "here")
NOTE = Finding("machine", "threads", "note", "too many", "Fewer threads.")
MUTE = Finding("sound", "microphone", "missing", "none", "Connect one.")
LOST = Finding("models", "tts", "missing", "none", "Fetch it.")


@pytest.mark.parametrize(
    ("findings", "ready", "ending"),
    [
        ([OK], True, ["ready"]),
        ([OK, NOTE], True, ["ready; what to do next:", "  1. Fewer threads."]),
        ([NOTE, LOST, LOST], False, ["not ready; what to do next:", "  1. Fetch it.", "  2. Few"]),
        ([MUTE], False, ["ready for recordings", "  1. Connect one."]),
    ],
)
def test_the_conclusion_puts_what_is_needed_first(
    findings: list[Finding], ready: bool, ending: list[str]
) -> None:
    report = Report.of(findings)
    assert report.ready == ready
    said = conclusion(report)
    assert len(said) == len(ending)
    assert all(text.startswith(begin) for text, begin in zip(said, ending, strict=True))


def test_rows_are_folded_to_the_terminal() -> None:
    row = line(Finding("machine", "packages", "ok", "word " * 40), width=60)
    assert len(row.splitlines()) > 2
    assert max(map(len, row.splitlines())) <= 60
    assert "\n" not in line(OK, width=0)
