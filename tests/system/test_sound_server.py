"""Live: real audio streams on a private sound server, so that no sound card is needed."""

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.assistant import ROOT, RUN_ASSISTANT, Event, read_events
from tests.support.reading import read_back
from tests.support.recordings import phrase
from tests.support.sound_server import SoundServer
from voice.audio.metronome import click

pytestmark = pytest.mark.alone

ECHO_S = 1.0
"""For its first three seconds only "stop" is heard over its own voice, and in the room's echo."""
READING_S = 0.3
"""What it takes the test to see an event on a busy machine."""


@pytest.fixture
def server() -> Iterator[SoundServer]:
    server = SoundServer()
    server.start()
    yield server
    server.remove()


@contextmanager
def live(server: SoundServer, log: Path) -> Iterator[None]:
    """A live assistant, ended by Ctrl-C."""
    process = subprocess.Popen(
        [*RUN_ASSISTANT, "run", "--events", str(log)],
        cwd=ROOT,
        env=server.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        yield
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def test_a_phrase_spoken_into_the_microphone_is_answered_by_the_speaker(
    server: SoundServer, tmp_path: Path
) -> None:
    log = tmp_path / "events.jsonl"
    with live(server, log):
        greeted(log)
        recording = server.record()
        server.speak(*soundfile.read(phrase("not_breathing"), dtype="int16"))
        reply = wait_for(log, "reply")
        wait_for(log, "audio_end", 2, source="voice")
        time.sleep(0.5)
        sound = recording.stop()
    assert (reply["heard"], reply["protocol"]) == ("start", "cpr-adult")
    assert "speaker" in read_back(sound, recording.rate)


def test_a_fixed_line_is_heard_at_once_and_what_is_said_while_engines_load_counts(
    server: SoundServer, tmp_path: Path
) -> None:
    """The greeting comes from the cache within 2 s, or what a busy machine makes of that."""
    busy = time_to_import()
    log = tmp_path / "events.jsonl"
    recording = server.record()
    began = time.monotonic()
    with live(server, log):
        while not recording.loud():
            time.sleep(0.02)
        greeted = time.monotonic() - began
        time.sleep(2.0)
        server.speak(*soundfile.read(phrase("not_breathing"), dtype="int16"))
        reply = wait_for(log, "reply")
    recording.stop()
    ready = [e["t"] for e in read_events(log) if e.get("state") == "ready"]
    first = next(e["t"] for e in read_events(log) if e["type"] == "audio_start")
    assert first < min(ready)
    assert greeted < max(2.0, 5 * busy)
    assert reply["protocol"] == "cpr-adult"


def time_to_import() -> float:
    """Seconds that a fresh process needs for the assistant's modules: 0.4 on a quiet machine."""
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import voice.assistant"], cwd=ROOT, check=True)
    return time.monotonic() - began


def test_a_sound_server_that_dies_during_compressions_costs_seconds_and_nothing_else(
    server: SoundServer, tmp_path: Path
) -> None:
    log = tmp_path / "events.jsonl"
    with live(server, log):
        greeted(log)
        server.speak(*soundfile.read(phrase("not_breathing"), dtype="int16"))
        wait_for(log, "metronome", on=True)
        time.sleep(1.0)
        known = len(read_events(log))
        server.kill()
        killed = time.monotonic()
        wait_for(log, "device", after=known, name="microphone", state="lost")
        noticed_s = time.monotonic() - killed
        time.sleep(1.5)
        server.start()
        started = time.monotonic()
        wait_for(log, "device", after=known, name="microphone", state="open")
        wait_for(log, "device", after=known, name="speaker", state="open")
        back_s = time.monotonic() - started
        recording = server.record()
        wait_for(log, "audio_start", after=known, source="tone")
        time.sleep(5.0)  # for three seconds only "stop" is heard over its own voice, and it speaks
        server.speak(*soundfile.read(phrase("repeat"), dtype="int16"))
        wait_for(log, "reply", after=known, heard="command:repeat", protocol="cpr-adult")
        time.sleep(2.0)
        sound = recording.stop()
        events = read_events(log)[known:]
    assert noticed_s <= 1.0 + READING_S
    assert back_s <= 3.0 + READING_S
    assert not [e for e in events if e["type"] == "metronome"]
    assert beats(sound, recording.rate) >= 3


def greeted(log: Path) -> None:
    """Wait until the greeting is over, and whatever of it the server had not yet played."""
    wait_for(log, "audio_end", source="voice")
    time.sleep(ECHO_S)


def beats(sound: np.ndarray, rate: int) -> int:
    """How many clicks are heard."""
    shape = click(rate)
    likeness = np.correlate(sound / 32768, shape, "valid") / float(shape @ shape)
    loud = np.flatnonzero(likeness > 0.2)
    return int((np.diff(loud, prepend=-rate) > rate // 4).sum())


def wait_for(log: Path, kind: str, nth: int = 1, after: int = 0, **fields: object) -> Event:
    """The nth event of this kind with these fields, as soon as it is in the log.

    `after`: so many events at the log's beginning are passed over.
    """
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        events = read_events(log)[after:] if log.exists() else []
        found = [e for e in events if e["type"] == kind and fields.items() <= e.items()]
        if len(found) >= nth:
            return found[nth - 1]
        time.sleep(0.05)
    logged = "\n".join(map(str, events[-30:]))
    raise AssertionError(f"no {kind} {fields} within 60 s; the log ends with\n{logged}")
