"""What the microphone hears of the speaker: worked out on made rooms, and tried on real streams."""

import argparse
import json
import os
from collections.abc import Iterator

import numpy as np
import pytest

from tests.support.sound_server import SoundServer, served
from voice.audio.interface import INPUT_RATE
from voice.cli import doctor
from voice.config import Settings
from voice.doctor import listen
from voice.doctor.report import Finding
from voice.doctor.trial import CHIRPS, Trial, chirp, measure

pytestmark = pytest.mark.alone

PLAYED = [1.2 + 1.1 * number for number in range(CHIRPS)]


def made(delay_s: float = 0.08, gain: float = 0.1, noise: float = 5e-4, echoes: bool = True):
    """What a microphone hears in a room with such a delay, gain and noise."""
    rng = np.random.default_rng(5)
    near = rng.normal(0, noise, round(6 * INPUT_RATE))
    response = np.exp(-np.arange(3200) / 800) * rng.normal(0, 0.05, 3200) * echoes
    response[0] = 1.0
    for start in PLAYED:
        at = round((start + delay_s) * INPUT_RATE)
        heard = gain * np.convolve(chirp(INPUT_RATE), response)
        near[at : at + len(heard)] += heard
    return np.clip(np.rint(near * 32768), -32768, 32767).astype(np.int16)


def told(trial: Trial) -> dict[str, Finding]:
    found = {finding.name: finding for finding in listen.findings(trial)}
    for finding in found.values():
        assert (finding.advice == "") == (finding.state == "ok" or "not tried" in finding.detail)
        assert "\n" not in finding.detail + finding.advice
    return found


def test_a_room_is_measured() -> None:
    trial = measure(made(), PLAYED)
    assert trial.heard == CHIRPS
    assert trial.delay_ms == pytest.approx(80, abs=3)
    assert trial.spread_ms < 3
    assert trial.echo_db == pytest.approx(-20, abs=3)
    assert trial.noise_db == pytest.approx(-66, abs=1)
    assert (trial.flat, trial.is_speaker, trial.clipped) == (False, False, 0.0)
    assert {finding.state for finding in told(trial).values()} == {"ok"}


def test_a_far_speaker_in_noise_is_still_found() -> None:
    assert measure(made(gain=0.005, noise=0.003), PLAYED).heard == CHIRPS


def test_a_muted_speaker_or_a_headset_leaves_nothing_to_hear() -> None:
    trial = measure(made(gain=0.0), PLAYED)
    assert trial.heard == 0
    found = told(trial)
    assert found["hearing"].state == "ok"
    assert found["speaking"].state == "note"
    assert "unmute the speaker" in found["speaking"].advice
    assert "headset" in found["speaking"].advice


def test_a_muted_microphone_is_not_blamed_on_the_speaker() -> None:
    found = told(measure(np.zeros(6 * INPUT_RATE, np.int16), PLAYED))
    assert found["hearing"].state == "missing"
    assert "Unmute the microphone" in found["hearing"].advice
    assert "not tried" in found["speaking"].detail


def test_a_monitor_is_no_microphone() -> None:
    trial = measure(made(gain=1.0, noise=0.0, echoes=False), PLAYED)
    assert trial.is_speaker
    (finding,) = told(trial).values()
    assert finding.state == "missing"
    assert "audio.input_device" in finding.advice


@pytest.mark.parametrize(
    ("near", "name", "word"),
    [
        (made(gain=8.0), "hearing", "clipped"),
        (made(noise=0.1, gain=2.0), "hearing", "noise at -20 dB"),
        (made(delay_s=0.45), "speaking", "450 ms late"),
    ],
    ids=["clipping", "gain", "wireless"],
)
def test_what_is_odd_is_told_with_what_to_do(near: np.ndarray, name: str, word: str) -> None:
    finding = told(measure(near, PLAYED))[name]
    assert finding.state == "note"
    assert word in finding.detail


def test_gaps_are_told() -> None:
    assert "torn 3 times" in told(measure(made(), PLAYED, gaps=3))["gaps"].detail


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    with served() as server:
        yield server


def examined(capsys: pytest.CaptureFixture[str]) -> dict[str, dict[str, object]]:
    parser = argparse.ArgumentParser()
    doctor.configure(parser)
    doctor.main(parser.parse_args(["--sound", "--json"]))
    report = json.loads(capsys.readouterr().out)
    return {finding["name"]: finding for finding in report["findings"]}


def test_a_speaker_that_the_microphone_hears(
    server: SoundServer, capsys: pytest.CaptureFixture[str]
) -> None:
    loop = server.control(
        "load-module", "module-loopback", "source=spk.monitor", "sink=micbus", "latency_msec=40"
    ).strip()
    try:
        found = examined(capsys)
        assert set(found) >= {"microphone", "speaker", "hearing", "speaking"}
        assert found["hearing"]["state"] == "ok"
        assert found["speaking"]["facts"]["heard"] >= CHIRPS - 1  # type: ignore[index]
        server.control("set-sink-mute", "spk", "1")
        assert examined(capsys)["speaking"]["facts"]["heard"] == 0  # type: ignore[index]
    finally:
        server.control("set-sink-mute", "spk", "0")
        server.control("unload-module", loop)


def test_a_muted_microphone_and_one_that_is_none(server: SoundServer) -> None:
    server.mute()
    try:
        assert listen.tried(Settings()).flat
    finally:
        server.unmute()
    server.control("set-default-source", "spk.monitor")
    try:
        assert listen.tried(Settings()).is_speaker
    finally:
        server.control("set-default-source", "micbus.monitor")


def test_without_devices_the_trial_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PULSE_SERVER", "unix:/nonexistent")
    monkeypatch.setenv("ALSA_CONFIG_PATH", os.environ.get("ALSA_CONFIG_PATH", "/dev/null"))
    (finding,) = listen.findings(listen.tried(Settings()))
    assert finding.state == "missing"
