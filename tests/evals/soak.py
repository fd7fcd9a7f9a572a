"""The beat under load: a long resuscitation on the private sound server.

    python -m tests.evals.soak [--minutes 10] [--json]

Recognition, the language model and Piper work while the beat sounds: someone asks a question every
few seconds. Prints how often a device ran dry (the target is 0), how exactly the beats lie in the
beat's own stem, and how exactly in what left the speaker.
"""

import argparse
import json
import os
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.support import stems
from tests.support.assistant import read_events
from tests.support.recordings import phrase
from tests.support.sound_server import SoundServer, served
from voice.assistant import Assistant
from voice.audio.device import DeviceBackend
from voice.audio.echo import EchoCancelled
from voice.audio.files import StemWriter
from voice.audio.metronome import click
from voice.config import Settings
from voice.dialogue import content
from voice.dialogue.dialogue import Dialogue
from voice.engines import roster
from voice.engines.crew import Crew
from voice.eventlog import EventLog

QUESTIONS = ("how_deep", "ribs", "how_fast", "mouth_to_mouth", "repeat", "tired", "pulse")
_APART_S = 6.0
_AWAKE_S = 90.0


def main() -> int:
    """Run the soak and print its figures; 1 when a device ran dry or a beat was misplaced."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with served() as server, tempfile.TemporaryDirectory() as folder:
        figures = soak(server, Path(folder), 60 * args.minutes)
    if args.json:
        print(json.dumps(figures))
    else:
        for name, value in figures.items():
            print(f"{name:24} {value}")
    return int(bool(figures["gaps"] or figures["beats_misplaced"]))


def soak(server: SoundServer, folder: Path, seconds: float) -> dict[str, Any]:
    """Hold one long conversation; gives what was measured."""
    settings = Settings()
    rate = settings.audio.output_rate
    parts = StemWriter(folder / "out.wav", rate)
    log = folder / "events.jsonl"
    over = threading.Event()
    devices = DeviceBackend(output_rate=rate, ahead_ms=settings.audio.ahead_ms)
    with EventLog(log) as events, Crew(roster.from_settings(settings)) as crew:
        assistant = Assistant(settings, crew, events, hears_itself=True, tap=parts.write)
        loop = threading.Thread(
            target=assistant.run,
            args=(
                EchoCancelled(devices, live=True),
                lambda: Dialogue(content.load(settings), settings),
                over,
            ),
        )
        loop.start()
        try:
            _wait_for(log, "device", "speaker")
            _say(server, "not_breathing")
            _wait_for(log, "metronome", True)
            gaps, began = devices.xruns, time.monotonic()
            asked = 0
            while time.monotonic() - began < seconds:
                _say(server, QUESTIONS[asked % len(QUESTIONS)])
                asked += 1
                time.sleep(_APART_S)
            gaps = devices.xruns - gaps
        finally:
            over.set()
            loop.join()
    parts.close()
    return {
        "minutes": round(seconds / 60, 1),
        "load": os.getloadavg()[0],
        "gaps": gaps,
        "questions": asked,
        **_log_figures(read_events(log)),
        **beat_figures(*stems.stem(folder / "out.wav", "beat")),
    }


def _say(server: SoundServer, name: str) -> None:
    server.speak(*soundfile.read(phrase(name), dtype="int16"))


def _wait_for(log: Path, kind: str, value: object) -> None:
    """Wait for an event of a kind that has this value in some field."""
    limit = time.monotonic() + _AWAKE_S
    while time.monotonic() < limit:
        for event in read_events(log):
            if event["type"] == kind and value in event.values():
                return
        time.sleep(0.2)
    raise TimeoutError(f"no {kind} {value} within {_AWAKE_S:.0f} s")


def _log_figures(events: list[dict[str, Any]]) -> dict[str, Any]:
    """What was heard and said, and how quickly."""
    waits = [e["latency_ms"] for e in events if e["type"] == "audio_start" and e["latency_ms"]]
    return {
        "turns": sum(e["type"] == "transcript" and e["accepted"] for e in events),
        "replies": sum(e["type"] == "reply" and bool(e["say"]) for e in events),
        "latency_ms_p50": round(float(np.median(waits))) if waits else None,
        "devices_lost": sum(e["type"] == "device" and e["state"] == "lost" for e in events),
        "engines_lost": sum(e["type"] == "engine" and e["state"] == "restarting" for e in events),
        "governor": [e["level"] for e in events if e["type"] == "governor"],
    }


def beat_figures(stem: NDArray[np.float32], rate: int) -> dict[str, Any]:
    """How far any beat of the stem lies from its place, in samples; a pause begins a new grid."""
    found = beats(stem, rate)
    off = stems.off_grid(found, rate)
    return {
        "beats": len(found),
        "beats_misplaced": int((off > 1).sum()),
        "beat_off_samples_max": int(off.max()),
    }


def beats(stem: NDArray[np.float32], rate: int) -> NDArray[np.int64]:
    """The first samples of the clicks; a click begins with its peak."""
    peak = float(np.abs(click(rate)).max())
    loud = np.flatnonzero(np.abs(stem) > 0.1 * peak)
    return loud[np.diff(loud, prepend=-rate) > rate // 8]


if __name__ == "__main__":
    sys.exit(main())
