"""False starts: what the assistant does for noise, and for talk that is not meant for it.

    python -m tests.evals.ambience noise|talk|chatter --noise-dir FOLDER [--minutes 30] [--first N]

FOLDER holds speech/, noise/ and long/, each with 16 kHz WAV files and a manifest.jsonl with `file`,
`label` for noise and `text` and `trust` for speech; without it the committed recordings serve.
`noise`: sirens, engines, rain, crowds, cries, music and whatever else is no speech; `talk`: people
who read, order, discuss, some with noise; `chatter`: the development set's lines that begin
nothing, in synthetic voices (needs espeak-ng and flite).

The real loop of `run` hears it at `--pace fast`, a minute at a time, each in a fresh conversation.
The same arguments always give the same sound; `--first` goes on at a later minute, so that a long
evaluation can be cut in pieces. Prints one JSON object; with `--rows` each minute's one as well.
"""

import argparse
import itertools
import json
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.evals.listening import manifest
from tests.support import sounds
from tests.support.hearing import unhurried
from voice.assistant import Assistant
from voice.audio.files import WavReader
from voice.audio.interface import INPUT_RATE
from voice.audio.wav_backend import WavBackend
from voice.config import Settings
from voice.dialogue import content
from voice.dialogue.dialogue import Dialogue
from voice.engines import roster
from voice.engines.crew import Crew
from voice.eventlog import EventLog

Audio = NDArray[np.int16]

MINUTE = 60 * INPUT_RATE
COMMITTED = sounds.FOLDER
_EVALS = Path(__file__).parent
_VOICES = ("espeak-us", "espeak-gb", "slt", "rms", "awb")
_LEVELS_DB = (-40.0, -12.0)
"""How loud a clip's louder half is, from to, in dB of full scale."""
_PAUSES_S = (0.1, 1.8)
_SNRS_DB = (5.0, 25.0)
_NAMED = ("my_", "ms_")
"""Single words, some of which do call for help ("emergency", "warning")."""


def main() -> int:
    """Play the minutes and print what came of them."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("kind", choices=("noise", "talk", "chatter"))
    parser.add_argument("--noise-dir", type=Path, metavar="FOLDER")
    parser.add_argument("--minutes", type=int, default=30)
    parser.add_argument("--first", type=int, default=0, help="begin at this minute (default: 0)")
    parser.add_argument("--rows", type=Path, help="append one line a minute to this file")
    args = parser.parse_args()
    minutes = itertools.islice(sound(args.kind, args.noise_dir), args.first, None)
    settings = unhurried()
    rows: list[dict[str, Any]] = []
    with Crew(roster.from_settings(settings)) as crew, tempfile.TemporaryDirectory() as folder:
        dialogue = Dialogue(content.load(settings), settings)
        for number, audio in enumerate(itertools.islice(minutes, args.minutes), args.first):
            events = hear(audio, settings, dialogue, crew, Path(folder))
            rows.append({"kind": args.kind, "minute": number, **outcome(events)})
            if args.rows:
                with args.rows.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(rows[-1]) + "\n")
            print(f"{number - args.first + 1} of {args.minutes} minutes", file=sys.stderr)
    print(json.dumps(summary(rows), indent=1))
    return 0


def sound(kind: str, folder: Path | None) -> Iterator[Audio]:
    """The minutes of a kind, without end; always the same ones."""
    chance = np.random.default_rng(7)
    noises = list(map(_read, _noises(folder)))
    if kind == "noise":
        return _minutes(_shuffled(noises, chance), chance)
    clips = list(map(_read, _talk(folder))) if kind == "talk" else list(_chatter())
    ground = _minutes(_shuffled(noises, chance), chance)
    return (
        _over(audio, next(ground), chance) for audio in _minutes(_shuffled(clips, chance), chance)
    )


def _noises(folder: Path | None) -> list[Path]:
    if folder is None:
        return [COMMITTED / sounds.manifest()[name]["file"] for name in sounds.names("noise")]
    short = [c["path"] for c in manifest(folder / "noise") if not c["file"].startswith("babble")]
    return short + [c["path"] for c in manifest(folder / "long") if not c["contains_speech"]]


def _talk(folder: Path | None) -> list[Path]:
    if folder is None:
        return [COMMITTED / sounds.manifest()[name]["file"] for name in sounds.names("speech")]
    short = [c["path"] for c in manifest(folder / "speech") if not c["file"].startswith(_NAMED)]
    crowd = [c["path"] for c in manifest(folder / "noise") if c["file"].startswith("babble")]
    return short + crowd + [c["path"] for c in manifest(folder / "long") if c["contains_speech"]]


def _chatter() -> Iterator[Audio]:
    from tests.tools.synthetic_voices import speak

    lines = map(json.loads, (_EVALS / "triage_dev.jsonl").read_text("utf-8").splitlines())
    said = [turn for case in lines if case["kind"] == "nothing" for turn in case["turns"]]
    for text, voice in zip(said, itertools.cycle(_VOICES), strict=False):
        yield np.asarray(speak(text, voice) * 32767, np.int16)


def _read(path: Path) -> Audio:
    samples, rate = soundfile.read(path, dtype="int16")
    assert rate == INPUT_RATE, path
    return np.asarray(samples, np.int16)


def _shuffled(clips: list[Audio], chance: np.random.Generator) -> Iterator[Audio]:
    """Every clip in a new order each time round; long ones in parts, each at a level of its own."""
    while True:
        for index in chance.permutation(len(clips)):
            for start in range(0, len(clips[index]), MINUTE // 2):
                part = clips[index][start : start + MINUTE // 2].astype(np.float64)
                loud = np.sqrt(np.mean(np.sort(part**2)[len(part) // 2 :]))
                wanted = 32768 * 10 ** (chance.uniform(*_LEVELS_DB) / 20)
                part *= min(wanted, 32767 * loud / np.abs(part).max()) / max(loud, 1.0)
                yield np.asarray(part, np.int16)
                yield sounds.silence(chance.uniform(*_PAUSES_S))


def _minutes(clips: Iterator[Audio], chance: np.random.Generator) -> Iterator[Audio]:
    """One sound after the other over the noise of a quiet room, cut into minutes."""
    rest: Audio = np.zeros(0, np.int16)
    while True:
        while len(rest) < MINUTE:
            rest = np.concatenate([rest, next(clips)])
        room = chance.normal(0.0, 12.0, MINUTE)
        yield np.asarray(np.clip(rest[:MINUTE] + room, -32768, 32767), np.int16)
        rest = rest[MINUTE:]


def _over(talk: Audio, noise: Audio, chance: np.random.Generator) -> Audio:
    """Every second minute of talk with noise under it."""
    mixed = sounds.with_noise(talk, noise, chance.uniform(*_SNRS_DB), talk)
    return mixed if chance.uniform() < 0.5 else talk


def hear(
    audio: Audio, settings: Settings, dialogue: Dialogue, crew: Crew, folder: Path
) -> list[dict[str, Any]]:
    """One `run` on a recording; gives its event log."""
    said, log = folder / "said.wav", folder / "events.jsonl"
    soundfile.write(said, audio, INPUT_RATE, subtype="PCM_16")
    with EventLog(log) as events:
        assistant = Assistant(settings, crew, events, hears_itself=False, idles=False)
        backend = WavBackend(
            WavReader(said),
            None,
            assistant,
            output_rate=settings.audio.output_rate,
            pace="fast",
            tail_s=5.0,
        )
        assistant.run(backend, lambda: dialogue, threading.Event())
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()]


def outcome(events: list[dict[str, Any]]) -> dict[str, Any]:
    """What was heard, believed and done in one minute; of each reply also what it answered."""
    heard: list[str] = []
    done: list[dict[str, str]] = []
    turns = 0
    for event in events:
        if event["type"] == "transcript":
            turns += 1
            heard += [event["text"]] if event["accepted"] else []
        elif event["type"] == "reply" and event["kind"] != "none":
            done.append(
                {"kind": event["kind"], "to": heard[-1] if heard else "", "say": event["say"]}
            )
    return {"turns": turns, "accepted": heard, "replies": done}


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The minutes together; a minute with a protocol in it counts as one false start."""
    replies = [row["replies"] for row in rows]

    def with_kind(kind: str) -> int:
        return sum(any(reply["kind"] == kind for reply in minute) for minute in replies)

    return {
        "minutes": len(rows),
        "turns": sum(row["turns"] for row in rows),
        "accepted": sum(len(row["accepted"]) for row in rows),
        "protocols": with_kind("protocol"),
        "answers": with_kind("answer"),
        "clarify_or_chat": with_kind("clarify") + with_kind("chat"),
        "replies": [reply for minute in replies for reply in minute[:1]],
    }


if __name__ == "__main__":
    sys.exit(main())
