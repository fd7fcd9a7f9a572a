"""From the last voiced sample of an utterance to the first sample of the reply, on recordings.

Ours: the loop of `run`, at the speed of a microphone, on conversations of an opening, a command and
a question, measured in the recording and in the voice's output file. The baseline (see
`sequential`) hears the same clips in the same run.
"""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from voice import modelstore
from voice.assistant import Assistant
from voice.audio.files import StemWriter, WavReader, WavWriter
from voice.audio.interface import INPUT_RATE
from voice.audio.wav_backend import WavBackend
from voice.bench.latency_report import STAGES, Answer, Clip, Stages
from voice.config import Settings
from voice.dialogue import interface as d
from voice.dialogue.dialogue import Dialogue
from voice.engines import roster
from voice.engines.crew import Crew
from voice.errors import UserError
from voice.eventlog import EventLog

_LEAD_S, _LISTEN_S, _TAIL_S = 0.5, 2.0, 3.5
"""Silence before the first utterance, time for the beginning of a reply, the same at the end."""
_NOISE = 16.0
"""Standard deviation of the room's noise, of 32768: no recording is digitally silent."""
_BELOW_PEAK_DB = 35.0
_BLOCK = INPUT_RATE // 100
_SOUND = 0.004
"""Amplitude from which the output counts as sound; full scale is 1."""
_SAME_S = 0.4
"""How far the loop's idea of the last voiced sample may be from the recording's."""

Audio = NDArray[np.int16]


class Conversation(msgspec.Struct, frozen=True):
    """What is said in one run: an opening, a command, and one of the questions."""

    opening: Clip
    command: Clip
    questions: tuple[Clip, ...]


def load(folder: Path, others: Path) -> list[Conversation]:
    """Read the conversations of a folder whose recordings lie there or in `others`."""
    try:
        script = json.loads((folder / "script.json").read_text("utf-8"))
        found = {}
        for home in (others, folder):
            for line in (home / "manifest.jsonl").read_text("utf-8").splitlines():
                row = json.loads(line)
                found[row["id"]] = home / row["file"], row["text"]
        return [_conversation(row, found) for row in script["conversations"]]
    except (OSError, KeyError, json.JSONDecodeError) as error:
        raise UserError(f"cannot read the recordings in {folder}: {error}") from None


def _conversation(row: dict[str, Any], found: dict[str, tuple[Path, str]]) -> Conversation:
    def clip(kind: str, name: str) -> Clip:
        file, text = found[name]
        return Clip(kind, text, file)

    return Conversation(
        clip("opening", row["opening"]),
        clip("command", row["command"]),
        tuple(clip("question", name) for name in row["questions"]),
    )


def utterances(talk: Conversation, dialogue: Dialogue) -> tuple[Clip, Clip, Clip]:
    """Choose the question: the first that the protocol has no answer of its own for."""
    opened = dialogue.step(dialogue.start(), d.Utterance(t=0.0, text=talk.opening.text)).state
    for question in talk.questions:
        asked = dialogue.step(opened, d.Utterance(t=9.0, text=question.text))
        if any(isinstance(effect, d.AskModel) for effect in asked.effects):
            return talk.opening, talk.command, question
    return talk.opening, talk.command, talk.questions[0]


def scene(clips: Sequence[Clip]) -> tuple[Audio, list[float]]:
    """Lay the clips on one axis; gives the last voiced moment of each, in seconds."""
    parts, ends, at = [np.zeros(round(_LEAD_S * INPUT_RATE), np.int16)], [], _LEAD_S
    for clip in clips:
        audio, rate = soundfile.read(clip.file, dtype="int16")
        if rate != INPUT_RATE or audio.ndim != 1:
            raise UserError(f"{clip.file}: the benchmark needs mono clips at {INPUT_RATE} Hz")
        ends.append(at + last_voiced(audio))
        pause = np.zeros(round(_LISTEN_S * INPUT_RATE) if clip is not clips[-1] else 0, np.int16)
        parts += [audio, pause]
        at += (len(audio) + len(pause)) / INPUT_RATE
    mixed = np.concatenate(parts)
    noise = np.random.default_rng(1).normal(0.0, _NOISE, len(mixed))
    return np.asarray(np.clip(mixed + noise, -32768, 32767), np.int16), ends


def last_voiced(audio: Audio) -> float:
    """The end of the last 10 ms that are not far below the loudest, in seconds."""
    blocks = audio[: len(audio) // _BLOCK * _BLOCK].reshape(-1, _BLOCK).astype(np.float64)
    power = (blocks**2).mean(axis=1)
    loud = np.flatnonzero(power > power.max() * 10 ** (-_BELOW_PEAK_DB / 10))
    return (int(loud[-1]) + 1) * _BLOCK / INPUT_RATE


def ours(
    talks: Sequence[Conversation],
    settings: Settings,
    load_dialogue: Callable[[], Dialogue],
    folder: Path,
    progress: Callable[[int], None],
) -> list[Answer]:
    """Hold every conversation in the real loop, with the same workers; files go to `folder`."""
    answers: list[Answer] = []
    with Crew(roster.from_settings(settings)) as crew:
        dialogue = load_dialogue()
        for number, talk in enumerate(talks, start=1):
            clips = utterances(talk, dialogue)
            audio, ends = scene(clips)
            files = _hold(audio, settings, dialogue, crew, folder / str(number))
            answers += [answer(clip, end, *files) for clip, end in zip(clips, ends, strict=True)]
            progress(number)
    return answers


Files = tuple[list[dict[str, Any]], NDArray[np.float32], int]
"""The event log, and the voice's output with its rate."""


def _hold(audio: Audio, settings: Settings, dialogue: Dialogue, crew: Crew, name: Path) -> Files:
    """One `run` on a recording."""
    said, log = name.with_suffix(".wav"), name.with_suffix(".jsonl")
    out = name.with_suffix(".out.wav")
    soundfile.write(said, audio, INPUT_RATE, subtype="PCM_16")
    rate = settings.audio.output_rate
    stems = StemWriter(out, rate)
    with EventLog(log) as events:
        assistant = Assistant(settings, crew, events, hears_itself=False, tap=stems.write)
        backend = WavBackend(
            WavReader(said), WavWriter(out, rate), assistant, output_rate=rate, tail_s=_TAIL_S
        )
        assistant.run(backend, lambda: dialogue, threading.Event())
    stems.close()
    voice, rate = soundfile.read(out.with_suffix(".voice.wav"), dtype="float32")
    return [json.loads(line) for line in log.read_text("utf-8").splitlines()], voice, rate


def answer(
    clip: Clip, end: float, events: list[dict[str, Any]], voice: NDArray[np.float32], rate: int
) -> Answer:
    """Find the reply to the utterance that ended at `end`: the log says which, the output when."""
    traces = [e for e in events if e["type"] == "latency" and abs(e["last_voiced"] - end) < _SAME_S]
    if not traces or traces[-1]["first_sample"] is None:
        return Answer(clip=clip, seconds=None)
    trace = traces[-1]
    first = trace["first_sample"]
    start = round((first - 0.05) * rate)
    onset = (start + int(np.argmax(np.abs(voice[start:]) > _SOUND))) / rate
    replies = [e for e in events if e["type"] == "reply" and e["say"] and e["t"] <= first + 0.02]
    stages = {k: round(trace[k] - end, 3) for k in STAGES if trace[k] is not None}
    return Answer(clip=clip, seconds=onset - end, by=replies[-1]["by"], stages=stages)


def baseline(
    clips: Iterable[Clip], settings: Settings, progress: Callable[[int], None]
) -> list[tuple[Clip, Stages]]:
    """Have the sequential loop answer the clips; gives the seconds of each stage."""
    models = settings.cache_dir()
    paths = [
        modelstore.locate(settings.stt.model, models),
        modelstore.opens(settings.llm.model, models),
        modelstore.opens(settings.tts.voice, models),
    ]
    clips = list(clips)
    command = [sys.executable, "-m", "voice.bench.sequential", *map(str, paths)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("\n".join(str(clip.file) for clip in clips))
        process.stdin.close()
        stages = []
        for number, (clip, line) in enumerate(zip(clips, process.stdout, strict=False), start=1):
            row = json.loads(line)
            stages.append((clip, {k: v for k, v in row.items() if k != "file"}))
            progress(number)
    if len(stages) < len(clips):
        raise UserError("the baseline did not run to its end; are llm and piper installed?")
    return stages
