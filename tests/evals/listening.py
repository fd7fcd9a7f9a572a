"""Measures listening on a folder of recordings: turns, words, delays, false turns.

    python -m tests.evals.listening FOLDER [--half 0|1] [--snr DB] [--baseline] [--partials]

FOLDER holds speech/, noise/ and long/, each with 16 kHz WAV files and a manifest.jsonl with
`file`, and for speech `text` and `trust`. Prints one JSON object.
"""

import argparse
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.support import sounds
from tests.support.hearing import Heard, Hearing, recognisers
from voice.audio.interface import INPUT_RATE
from voice.bench.wer import rate, words
from voice.config import Settings
from voice.engines.interfaces import Engine
from voice.listening.listener import Turn

Audio = NDArray[np.int16]
Clip = dict[str, Any]
_SILENCE_S = 1.0
_STEADY = ("lc_", "bl_", "gsc_", "babble_12")
"""Noises that go on through a whole utterance."""


def main() -> None:
    """Run what the arguments ask for and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--parts", default="speech,noise,long")
    parser.add_argument("--half", type=int, choices=(0, 1), help="only every second clip")
    parser.add_argument("--snr", type=float, help="mix the speech with noise, in dB")
    parser.add_argument("--baseline", action="store_true", help="also faster-whisper's own call")
    parser.add_argument("--partials", action="store_true", help="with partial recognition")
    parser.add_argument("--rows", type=Path, help="write one line a clip here")
    args = parser.parse_args()
    settings = Settings()
    if not args.partials:
        listening = msgspec.structs.replace(settings.listening, partial_ms=10**7)
        settings = msgspec.structs.replace(settings, listening=listening)
    base, tiny = recognisers(settings)
    figures: dict[str, Any] = {"settings": msgspec.to_builtins(settings.listening)}
    rows: list[Clip] = []
    try:
        for part in args.parts.split(","):
            clips = manifest(args.folder / part)[args.half or 0 :: 1 if args.half is None else 2]
            measure = speech if part == "speech" else others
            figures[part] = measure(clips, args, (base, tiny, settings), rows)
    finally:
        base.close()
        tiny.close()
    if args.baseline:
        figures["baseline_wer"] = baseline(rows, settings)
    if args.rows:
        args.rows.write_text("".join(json.dumps(row, default=str) + "\n" for row in rows))
    print(json.dumps(figures, indent=1))


def manifest(folder: Path) -> list[Clip]:
    """Read a folder's manifest; each clip gets its `path`."""
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    return [clip | {"path": folder / clip["file"]} for clip in map(json.loads, lines)]


def read(clip: Clip) -> Audio:
    """Read a clip's samples."""
    samples, rate = soundfile.read(clip["path"], dtype="int16")
    assert rate == INPUT_RATE
    return np.asarray(samples, np.int16)


def speech(clips: list[Clip], args: argparse.Namespace, ears: Any, rows: list[Clip]) -> Any:
    """One accepted turn for each utterance of three words or more, and how soon."""
    noises = noise_loop(args.folder) if args.snr is not None else None
    mine: list[Clip] = []
    for clip in clips:
        if clip["trust"] == "B" or len(words(clip["text"])) < 3:
            continue
        audio = read(clip)
        scene = sounds.scene(_SILENCE_S, audio, _SILENCE_S)
        if noises is not None:
            scene = sounds.with_noise(scene, next(noises), args.snr, audio)
        heard = listen(ears, scene)
        accepted = [turn for turn in heard.turns if turn.accepted]
        mine.append(
            {
                "file": clip["file"],
                "path": clip["path"],
                "truth": clip["text"],
                "accepted": [turn.text for turn in accepted],
                "refused": [[t.text, t.reason] for t in heard.of(Turn) if not t.accepted],
                "revisions": sum(turn.revision for turn in heard.turns),
                "delay_s": [round(delay, 3) for delay in delays(heard)],
                "decode_s": [round(s, 3) for s in heard.decode_s],
            }
        )
    rows += mine
    waits = [delay for row in mine for delay in row["delay_s"][-1:]]
    return {
        "utterances": len(mine),
        "exactly_one_accepted": sum(len(row["accepted"]) == 1 for row in mine),
        "none_accepted": [row["file"] for row in mine if not row["accepted"]],
        "several_accepted": [row["file"] for row in mine if len(row["accepted"]) > 1],
        "reopened": sum(row["revisions"] > 0 for row in mine),
        "wer": rate((row["truth"], " ".join(row["accepted"])) for row in mine),
        "end_of_turn_s": percentiles(waits),
        "decode_s": percentiles([s for row in mine for s in row["decode_s"]]),
    }


def others(clips: list[Clip], args: argparse.Namespace, ears: Any, rows: list[Clip]) -> Any:
    """What is taken for somebody speaking to us in noise, music and other people's talk."""
    accepted = {}
    seconds = 0.0
    turns = 0
    for clip in clips:
        audio = read(clip)
        seconds += len(audio) / INPUT_RATE
        heard = listen(ears, sounds.scene(_SILENCE_S, audio))
        turns += len(heard.turns)
        said = [turn.text for turn in heard.turns if turn.accepted]
        if said:
            accepted[clip["file"]] = said
    return {"minutes": seconds / 60, "turns": turns, "accepted": accepted}


def listen(ears: tuple[Engine, Engine, Settings], scene: Audio) -> Heard:
    """Give a fresh listener a scene and some silence after it."""
    base, tiny, settings = ears
    return Hearing(base, tiny, settings).hear(scene)


def delays(heard: Heard) -> list[float]:
    """Seconds from the last voiced sample to the commit, for each accepted commit."""
    return [
        at - output.last_voiced
        for at, output in heard.outputs
        if isinstance(output, Turn) and output.accepted
    ]


def noise_loop(folder: Path, unheard: bool = False) -> Iterator[Audio]:
    """Give the steady noises in turn, for ever; `unheard`: those kept out of training."""
    clips = manifest(folder / "noise")
    if unheard:
        kept = sounds.kept_out(clip["file"] for clip in clips)
        clips = [clip for clip in clips if clip["file"] in kept]
    steady = [clip for clip in clips if clip["file"].startswith(_STEADY)]
    return map(read, itertools.cycle(steady))


def baseline(rows: list[Clip], settings: Settings) -> float:
    """The word error rate of faster-whisper's default call on the clean clips."""
    from faster_whisper import WhisperModel

    path = settings.cache_dir() / settings.stt.model
    model = WhisperModel(str(path), compute_type="int8", cpu_threads=settings.stt.threads)
    pairs = []
    for row in rows:
        if "truth" in row:
            segments, _ = model.transcribe(read(row).astype(np.float32) / 32768)
            row["baseline"] = " ".join(segment.text for segment in segments)
            pairs.append((row["truth"], row["baseline"]))
    return rate(pairs)


def percentiles(values: list[float]) -> dict[str, float]:
    """p50, p95 and largest."""
    if not values:
        return {}
    p50, p95 = np.percentile(values, (50, 95))
    return {"p50": round(float(p50), 3), "p95": round(float(p95), 3), "max": round(max(values), 3)}


if __name__ == "__main__":
    main()
