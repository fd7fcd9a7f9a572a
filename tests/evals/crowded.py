"""What a crowd at the kiosk's server costs the loop: latencies and the beat, in one run.

    python -m tests.evals.crowded [--rounds 3] [--json]

The same resuscitation is held, at the speed of a microphone, `alone` (no kiosk), with the kiosk and
twenty pages that take every state (`twenty`), and with these while hostile messages and bursts of
two hundred connections come without a pause (`hostile`). Rounds take turns. Times are from the last
voiced sample to the first sample of the reply in the voice's output file; beats are looked for in
the beat's own stem. The crowd is a process of its own, on the same machine.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
import soundfile

from tests.evals.soak import beat_figures
from tests.support import hostile, stems
from tests.support.page import wait_for_page
from tests.support.recordings import phrase
from voice.assistant import Assistant
from voice.audio.files import StemWriter, WavReader, WavWriter
from voice.audio.interface import INPUT_RATE
from voice.audio.wav_backend import WavBackend
from voice.bench import latency
from voice.bench.latency_report import Clip, summary
from voice.config import ROOT, Settings
from voice.config import Kiosk as Own
from voice.dialogue import content
from voice.dialogue.dialogue import Dialogue
from voice.engines import roster
from voice.engines.crew import Crew
from voice.eventlog import EventLog
from voice.kiosk.app import Kiosk
from voice.kiosk.feed import Clocked, SoundClock

PAGES = 20
SAID = (
    *("not_breathing", "next", "next", "next"),
    *("repeat", "how_deep", "say_again", "how_fast", "repeat", "ribs", "say_again", "tired"),
)
"""As far as the compressions, then commands and questions over the beat."""
BESIDE = ("alone", "twenty", "hostile")


def main() -> int:
    """Hold the rounds and print what was measured."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--crowd", type=int, metavar="PORT", help=argparse.SUPPRESS)
    parser.add_argument("--hostile", action="store_true", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.crowd:
        return stay(args.crowd, attack=args.hostile)
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in BESIDE}
    with tempfile.TemporaryDirectory() as scratch:
        for number in range(args.rounds):
            for name in BESIDE:
                folder = Path(scratch) / f"{number}-{name}"
                folder.mkdir()
                found[name].append(hold(folder, name))
                print(f"round {number + 1}, {name}", file=sys.stderr)
    figures = {name: total(rounds) for name, rounds in found.items()}
    if args.json:
        print(json.dumps(figures))
    else:
        for name, row in figures.items():
            print(f"{name:8}", *(f"{key} {value}" for key, value in row.items()), sep="  ")
    return int(any(row["beats_misplaced"] for row in figures.values()))


def hold(folder: Path, beside: str) -> dict[str, Any]:
    """Hold the conversation once; gives the seconds of every reply and how the beats lie."""
    clips = [Clip("command", name, phrase(name)) for name in SAID]
    audio, ends = latency.scene(clips)
    said, log, out = folder / "said.wav", folder / "events.jsonl", folder / "out.wav"
    soundfile.write(said, audio, INPUT_RATE, subtype="PCM_16")
    settings = Settings(kiosk=Own(port=0, state=str(folder / "state"), place="Elm Street"))
    rate = settings.audio.output_rate
    clock = SoundClock()
    kiosk: Kiosk | None = None
    events = EventLog(log, also=lambda event: kiosk.event(event) if kiosk else None)
    parts = StemWriter(out, rate)
    with events, closing(Crew(roster.from_settings(settings))) as crew:
        kiosk = None if beside == "alone" else Kiosk(settings, clock, live=False)
        assistant = Assistant(
            settings, crew, events, hears_itself=False, tap=parts.write, observer=kiosk
        )
        backend = WavBackend(
            WavReader(said), WavWriter(out, rate), assistant, output_rate=rate, tail_s=4.0
        )
        over = threading.Event()
        around = nullcontext() if kiosk is None else crowd(kiosk.port, attack=beside == "hostile")
        with around:
            if kiosk:
                kiosk.run(assistant, Clocked(backend, clock), crew, over)
            else:
                crew.start()
                assistant.run(backend, lambda: Dialogue(content.load(settings), settings), over)
    parts.close()
    voice, _ = stems.stem(out, "voice")
    beat, _ = stems.stem(out, "beat")
    logged = [json.loads(line) for line in log.read_text("utf-8").splitlines()]
    answers = [
        latency.answer(clip, end, logged, voice, rate)
        for clip, end in zip(clips, ends, strict=True)
    ]
    seconds = [answer.seconds for answer in answers if answer.seconds is not None]
    return {"seconds": seconds, **beat_figures(beat, rate)}


@contextmanager
def crowd(port: int, attack: bool) -> Iterator[None]:
    """Twenty pages, and whoever attacks, in another process for as long as this lasts."""
    command = [sys.executable, "-m", "tests.evals.crowded", "--crowd", str(port)]
    command += ["--hostile"] if attack else []
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.kill()


def stay(port: int, attack: bool) -> int:
    """Be the crowd, until killed."""
    for _ in range(PAGES):
        page = wait_for_page(port, timeout=120)
        threading.Thread(target=lambda page=page: list(page.socket), daemon=True).start()
    while attack:
        hostile.messages(port)
        for one in hostile.burst(port):
            one.close()
    threading.Event().wait()
    return 0


def total(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    """All rounds together."""
    seconds = [s for one in rounds for s in one["seconds"]]
    return {
        **summary(seconds),
        "beats": sum(one["beats"] for one in rounds),
        "beats_misplaced": sum(one["beats_misplaced"] for one in rounds),
        "beat_off_samples_max": int(np.max([one["beat_off_samples_max"] for one in rounds])),
    }


if __name__ == "__main__":
    sys.exit(main())
