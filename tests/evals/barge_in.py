"""Measures interruptions: what is said into the assistant's own voice, in a room with echo.

    python -m tests.evals.barge_in [--n 100] [--kind stop|beat|cough|agree|own] [--echo-db -10]

The real `run` loop hears scenes made here: the assistant is made to speak a long line, and into it
somebody says "stop" (kind stop; beat: with the metronome on), coughs, or says "uh-huh". Everything
is measured in the output files. `own` makes it speak for --minutes with nobody there. Voices other
than the assistant's come from the programs flite and espeak-ng. Prints one JSON object.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import cycle, islice, product
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.support import stems
from tests.support.assistant import Session, run_wav
from tests.support.reading import read_back
from tests.support.recordings import phrase
from tests.support.sounds import clip, names
from tests.tools.synthetic_voices import VOICES, speak
from voice.engines.whisper_decode import letters

RATE = 16_000
STOPS = ("Stop.", "Stop!", "Stop it.", "Stop talking.", "Be quiet.", "Okay, stop.", "Stop, please.")
AGREEMENTS = ("Uh-huh.", "Okay.", "Yeah.", "Uh huh.", "Right.")
"""Not "mm-hmm": these voices spell it out."""
SLOW = ("--set", "tts.length_scale=1.6")
"""Lines of five seconds and more, so that there is time to interrupt them."""
ASKED = tuple(
    name
    for opening in ("bleeding_arm", "burned_hand", "choking_meat", "fainted", "unconscious")
    for name in (opening, "repeat", "next", "repeat", "next", "say_again", "next", "repeat")
)
"""What makes it speak many lines."""
A_FILE = 20
"""Interruptions in one run."""

Audio = NDArray[np.float32]


@dataclass
class Scene:
    """Sounds on one axis."""

    parts: list[tuple[int, Audio]]
    end: int = RATE

    def add(self, audio: Audio, pause_s: float) -> int:
        """Append a sound after a pause and give its first sample."""
        start = self.end + round(pause_s * RATE)
        self.parts.append((start, audio))
        self.end = start + len(audio)
        return start

    def write(self, file: Path, rest_s: float) -> None:
        """Write it, over faint room noise."""
        length = self.end + round(rest_s * RATE)
        mix = np.random.default_rng(1).normal(0, 0.0005, length).astype(np.float32)
        for start, audio in self.parts:
            mix[start : start + len(audio)] += audio
        soundfile.write(file, mix, RATE, subtype="PCM_16")


@dataclass
class Shout:
    """One interruption: its first audible moment, and that of what is said next."""

    what: str
    at: float
    until: float


def interrupted(
    shouts: Iterator[tuple[str, Audio]], count: int, rest_s: float, beat: bool, wait_s: float = 2.0
) -> tuple[Scene, list[Shout]]:
    """Make it speak its line over and over and, `wait_s` or a little more later, shout into it."""
    rng = np.random.default_rng(3)
    scene, spoken = Scene([]), []
    scene.add(recorded("bleeding_arm"), 0)
    if beat:
        scene.add(speak("Start the beat.", "slt"), 10)
    for what, audio in islice(shouts, count):
        scene.add(recorded("repeat"), 9 if not spoken else rest_s)
        start = scene.add(audio, wait_s * float(rng.uniform(1, 2)))
        at = (start + int(np.flatnonzero(np.abs(audio) > 0.05 * np.abs(audio).max())[0])) / RATE
        spoken.append(Shout(what, at, scene.end / RATE + rest_s))
    return scene, spoken


def recorded(name: str) -> Audio:
    """A phrase of tests/data/phrases."""
    return np.asarray(soundfile.read(phrase(name), dtype="float32")[0])


def said(texts: tuple[str, ...]) -> Iterator[tuple[str, Audio]]:
    """The texts in every voice that this machine has, softer and louder.

    Left out is what cannot even be understood in a quiet room: some synthetic voices mumble.
    """
    rng = np.random.default_rng(5)
    voices = [name for name, (engine, _, _) in VOICES.items() if shutil.which(engine.split()[0])]
    clips = []
    for text, voice in product(texts, voices):
        audio = speak(text, voice)
        if letters(read_back(audio, RATE)) == letters(text):
            clips.append((f"{voice}: {text}", audio))
    for name, audio in cycle(clips):
        yield name, audio * np.float32(10 ** (-rng.uniform(0, 8) / 20))


def coughs() -> Iterator[tuple[str, Audio]]:
    """The recorded coughs, softer and louder."""
    rng = np.random.default_rng(6)
    for name in cycle(name for name in names("noise") if name.startswith("cough")):
        audio = clip(name).astype(np.float32)
        yield name, audio * np.float32(0.5 * 10 ** (-rng.uniform(0, 8) / 20) / np.abs(audio).max())


def hush(session: Session, shouts: list[Shout]) -> Iterator[dict[str, Any]]:
    """For each "stop": whether it was obeyed and how long after its start our voice was heard."""
    voice = stems.sounding(session.output)
    obeyed = [e["t"] for e in session.of("reply") if e["heard"] == "command:stop"]
    for shout in shouts:
        if speaks(voice, shout.at) and not late(session, shout):
            during = voice[round(shout.at * 100) : round(shout.until * 100)]
            yield {
                "what": shout.what,
                "t": round(shout.at, 2),
                "obeyed": any(shout.at < t < shout.until for t in obeyed),
                "silent_s": round((np.flatnonzero(during)[-1] + 1) / 100, 2),
                "held_s": held(during),
                "heard": heard(session, shout),
            }


def patience(session: Session, shouts: list[Shout]) -> Iterator[dict[str, Any]]:
    """For each sound that is not for us: whether it made us drop our line."""
    voice = stems.sounding(session.output)
    ends = [(e["t"], e["reason"]) for e in session.of("audio_end") if e["source"] == "voice"]
    for shout in shouts:
        if speaks(voice, shout.at) and not late(session, shout):
            mine = [(t, reason) for t, reason in ends if shout.at < t <= shout.until]
            line_ends = mine[0][0] if mine else shout.until
            during = voice[round(shout.at * 100) : round(line_ends * 100)]
            yield {
                "what": shout.what,
                "t": round(shout.at, 2),
                "dropped": any(reason != "finished" for _, reason in mine),
                "held_s": held(during),
                "silence_s": pause(during),
                "heard": heard(session, shout),
            }


def speaks(voice: NDArray[np.bool_], at: float) -> bool:
    """Whether our voice is in the middle of something: before and after a moment."""
    index = round(at * 100)
    return bool(voice[index - 30 : index].any() and voice[index : index + 20].any())


def late(session: Session, shout: Shout) -> bool:
    """Whether the line that was asked for begins only after the shout, on a slow machine."""
    asked = (e["t"] for e in session.of("reply") if e["heard"] == "command:repeat")
    return any(shout.at < t < shout.until for t in asked)


def held(during: NDArray[np.bool_]) -> float | None:
    """Seconds until our voice first was silent for 50 ms."""
    quiet = np.convolve(~during, np.ones(5), "valid") == 5
    return round(int(np.argmax(quiet)) / 100, 2) if quiet.any() else None


def pause(during: NDArray[np.bool_]) -> float:
    """Seconds of the longest silence before our last word."""
    sounding = np.flatnonzero(during)
    return round(float(np.diff(sounding).max(initial=1) - 1) / 100, 2)


def heard(session: Session, shout: Shout) -> list[str]:
    """What was understood meanwhile; in brackets what was not believed."""
    return [
        e["text"] if e["accepted"] else f"({e['text']})"
        for e in session.of("transcript")
        if shout.at < e["t"] < shout.until
    ]


def own_voice(folder: Path, minutes: float, options: tuple[str, ...]) -> dict[str, Any]:
    """How often it takes its own voice for somebody else's while it speaks on and on."""
    scene = Scene([])
    for name in cycle(ASKED):
        if scene.end > minutes * 60 * RATE:
            break
        scene.add(recorded(name), 9)
    scene.write(folder / "scene.wav", 9)
    session = run_wav(folder / "scene.wav", folder, "--stems", *SLOW, *options, timeout=3600)
    spoken = [(start / RATE, (start + len(audio)) / RATE) for start, audio in scene.parts]

    def its_own(t: float) -> bool:
        return not any(start <= t <= end + 0.5 for start, end in spoken)

    turns = list(zip(session.of("speech_end"), session.of("transcript"), strict=True))
    strange = [said for end, said in turns if its_own(end["t"])]
    return {
        "minutes_of_voice": round(float(stems.sounding(session.output).sum()) / 6000, 1),
        "asked": len(spoken),
        "lines": len({e["say"] for e in session.of("reply")}),
        "began_to_listen": sum(its_own(e["t"]) for e in session.of("speech_start")),
        "acted_on": [[e["t"], e["text"]] for e in strange if e["accepted"]],
    }


def percentiles(values: list[float]) -> dict[str, float]:
    """p50, p95 and the largest."""
    if not values:
        return {}
    p50, p95 = np.percentile(values, (50, 95))
    return {"p50": round(float(p50), 2), "p95": round(float(p95), 2), "max": max(values)}


def measure(kind: str, n: int, folder: Path, options: tuple[str, ...]) -> dict[str, Any]:
    """Run as many interruptions as asked for and sum up."""
    sounds = {"cough": coughs, "agree": lambda: said(AGREEMENTS)}.get(kind, lambda: said(STOPS))()
    judge: Callable[[Session, list[Shout]], Iterator[dict[str, Any]]]
    judge, rest_s = (hush, 3.0) if kind in ("stop", "beat") else (patience, 9.0)
    rows: list[dict[str, Any]] = []
    beats = 0
    for first in range(0, n, A_FILE):
        part = folder / str(first)
        part.mkdir()
        scene, shouts = interrupted(sounds, min(A_FILE, n - first), rest_s, kind == "beat")
        scene.write(part / "scene.wav", rest_s)
        session = run_wav(part / "scene.wav", part, "--stems", *SLOW, *options, timeout=900)
        rows += judge(session, shouts)
        beats += sum(not e["on"] for e in session.of("metronome"))
    figures: dict[str, Any] = {"kind": kind, "asked": n, "over_our_voice": len(rows)}
    if judge is hush:
        good = [row for row in rows if row["obeyed"]]
        figures["obeyed"] = len(good)
        figures["silent_s"] = percentiles([row["silent_s"] for row in rows])
        figures["beat_stopped"] = beats
    else:
        good = [row for row in rows if not row["dropped"]]
        figures["dropped"] = len(rows) - len(good)
        figures["silence_s"] = percentiles([row["silence_s"] for row in rows])
    figures["held_s"] = percentiles([row["held_s"] for row in rows if row["held_s"] is not None])
    return figures | {"bad": [row for row in rows if row not in good], "rows": rows}


def main() -> None:
    """Run what the arguments ask for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--kind", choices=("stop", "beat", "cough", "agree", "own"), default="stop")
    parser.add_argument("--echo-db", type=float, default=-10.0)
    parser.add_argument("--duplex", choices=("full", "half"), default="full")
    parser.add_argument("--minutes", type=float, default=60.0, help="for `own`")
    parser.add_argument("--rows", action="store_true", help="also print each interruption")
    parser.add_argument("--keep", type=Path, help="keep the files in this folder")
    args = parser.parse_args()
    options = ("--echo-db", str(args.echo_db), "--set", f"audio.duplex={args.duplex}")
    with tempfile.TemporaryDirectory() as scratch:
        folder = args.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if args.kind == "own":
            figures = own_voice(folder, args.minutes, options)
        else:
            figures = measure(args.kind, args.n, folder, options)
    if not args.rows:
        figures.pop("rows", None)
    print(json.dumps(figures, indent=1))


if __name__ == "__main__":
    main()
