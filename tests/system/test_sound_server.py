"""Live: real audio streams on a private sound server, so that no sound card is needed."""

import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import soundfile

from tests.support.assistant import ROOT, RUN_ASSISTANT, Event, read_events
from tests.support.reading import read_back
from tests.support.recordings import phrase
from tests.support.sound_server import SoundServer


@pytest.fixture
def server() -> Iterator[SoundServer]:
    server = SoundServer()
    server.start()
    yield server
    server.remove()


def test_a_phrase_spoken_into_the_microphone_is_answered_by_the_speaker(
    server: SoundServer, tmp_path: Path
) -> None:
    log = tmp_path / "events.jsonl"
    process = subprocess.Popen(
        [*RUN_ASSISTANT, "run", "--events", str(log)],
        cwd=ROOT,
        env=server.env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    try:
        wait_for(log, "device", name="speaker", state="open")
        recording = server.record()
        server.speak(*soundfile.read(phrase("not_breathing"), dtype="int16"))
        reply = wait_for(log, "reply")
        wait_for(log, "audio_end", source="voice", reason="finished")
        time.sleep(0.5)
        sound = recording.stop()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()

    assert (reply["heard"], reply["protocol"]) == ("start", "cpr-adult")
    assert "speaker" in read_back(sound, recording.rate)


def wait_for(log: Path, kind: str, timeout: float = 60, **fields: str) -> Event:
    """The first event of this kind with these fields, as soon as it is in the log."""
    limit = time.monotonic() + timeout
    while time.monotonic() < limit:
        for event in read_events(log) if log.exists() else []:
            if event["type"] == kind and fields.items() <= event.items():
                return event
        time.sleep(0.1)
    raise AssertionError(f"no {kind} {fields} within {timeout} s")
