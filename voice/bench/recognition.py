"""Speech recognition: our worker against faster-whisper's own `transcribe` on the same clips."""

import json
import queue
import statistics
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from voice.bench import wer
from voice.engines.host import WorkerHost, WorkerSpec
from voice.engines.interfaces import SPEECH_RATE, Result, Transcribe, Transcript
from voice.errors import UserError

SHORT_S = 6.0
"""Clips below are what rescuers mostly say: the target is three times the baseline's speed."""
Recognise = Callable[[bytes], str]


@dataclass(frozen=True)
class Clip:
    """One utterance and what was said."""

    name: str
    text: str
    audio: bytes
    """Mono little-endian int16 at SPEECH_RATE."""

    @property
    def seconds(self) -> float:
        """Length of the clip."""
        return len(self.audio) / 2 / SPEECH_RATE


@dataclass(frozen=True)
class Heard:
    """What one recogniser made of a clip, and how long it took."""

    clip: Clip
    text: str
    seconds: float


def load_clips(folder: Path) -> list[Clip]:
    """Read the clips that a folder's manifest.jsonl (`file`, `text`) lists; raises UserError."""
    try:
        lines = (folder / "manifest.jsonl").read_text().splitlines()
        rows = [json.loads(line) for line in lines]
        return [Clip(row["file"], row["text"], read_audio(folder / row["file"])) for row in rows]
    except OSError as error:
        raise UserError(f"cannot read the clips in {folder}: {error}") from None
    except (KeyError, TypeError, json.JSONDecodeError) as error:
        raise UserError(
            f"{folder}/manifest.jsonl: each line needs file and text ({error})"
        ) from None


def read_audio(path: Path) -> bytes:
    """Read a mono clip at SPEECH_RATE; raises UserError."""
    import soundfile

    try:
        samples, rate = soundfile.read(path, dtype="int16", always_2d=True)
    except soundfile.SoundFileError as error:
        raise UserError(f"cannot read {path}: {error}") from None
    if rate != SPEECH_RATE or samples.shape[1] != 1:
        raise UserError(f"{path}: the benchmark needs mono clips at {SPEECH_RATE} Hz")
    return bytes(samples.astype("<i2").tobytes())


def ours(host: WorkerHost) -> Recognise:
    """Recognise through our worker, the pipe included."""

    def recognise(audio: bytes) -> str:
        results: queue.SimpleQueue[Result] = queue.SimpleQueue()
        host.submit(Transcribe(audio=audio, deadline_s=120.0), results.put)
        result = results.get()
        if not isinstance(result, Transcript):
            raise UserError(f"speech recognition failed: {result}")
        return result.text

    return recognise


def baseline(spec: WorkerSpec) -> Recognise:
    """faster-whisper's defaults; only the model, its int8 weights and the threads are ours."""
    from faster_whisper import WhisperModel

    model = WhisperModel(
        spec.options["model_path"], compute_type="int8", cpu_threads=spec.options["threads"]
    )

    def recognise(audio: bytes) -> str:
        samples = np.frombuffer(audio, "<i2").astype(np.float32) / np.float32(32768)
        segments, _ = model.transcribe(samples)
        return "".join(segment.text for segment in segments).strip()

    return recognise


def compare(
    clips: Sequence[Clip], recognisers: dict[str, Recognise], progress: Callable[[int], None]
) -> dict[str, list[Heard]]:
    """Have each recogniser hear each clip, in turns, so that a busy machine is so for both."""
    heard: dict[str, list[Heard]] = {name: [] for name in recognisers}
    for number, clip in enumerate(clips):
        for name, recognise in recognisers.items():
            began = time.perf_counter()
            text = recognise(clip.audio)
            heard[name].append(Heard(clip, text, time.perf_counter() - began))
        progress(number + 1)
    return heard


def summary(heard: Iterable[Heard]) -> dict[str, float | int]:
    """Error rate, times and loops of one recogniser."""
    heard = list(heard)
    times = sorted(h.seconds for h in heard)
    return {
        "wer": round(wer.rate((h.clip.text, h.text) for h in heard), 4),
        "p50_s": round(statistics.median(times), 3),
        "p95_s": round(times[min(len(times) - 1, int(0.95 * len(times)))], 3),
        "loops": sum(looped(h.clip.text, h.text) for h in heard),
        "n": len(heard),
    }


def looped(truth: str, heard: str) -> bool:
    """Whether the recogniser said something over again that was said once."""
    return repeats(wer.words(heard)) > max(repeats(wer.words(truth)), 1)


def repeats(words: Sequence[str]) -> int:
    """How often the most repeated group of words is said in a row."""
    most = 1
    for size in range(1, len(words) // 2 + 1):
        run = 0
        for at in range(size, len(words)):
            run = run + 1 if words[at] == words[at - size] else 0
            most = max(most, run // size + 1)
    return most


def report(clips: Sequence[Clip], heard: dict[str, list[Heard]]) -> dict[str, Any]:
    """Both recognisers on all clips, on short ones and on single words, and how ours compares."""
    groups: dict[str, Callable[[Clip], bool]] = {
        "all": lambda clip: True,
        "short": lambda clip: clip.seconds < SHORT_S,
        "one_word": lambda clip: len(wer.words(clip.text)) == 1,
    }
    out: dict[str, Any] = {}
    for group, wanted in groups.items():
        if not any(map(wanted, clips)):
            continue
        rows = {name: summary(h for h in hs if wanted(h.clip)) for name, hs in heard.items()}
        ratio = rows["baseline"]["p50_s"] / max(rows["ours"]["p50_s"], 0.001)
        out[group] = {**rows, "ratio_p50": round(ratio, 2)}
    return out


def misheard(heard: dict[str, list[Heard]]) -> list[str]:
    """Lines that show what ours got wrong, and what the baseline made of it."""
    lines = []
    for mine, theirs in zip(heard["ours"], heard["baseline"], strict=True):
        if wer.errors(mine.clip.text, mine.text):
            lines += [mine.clip.name, f"  said      {mine.clip.text}"]
            lines += [f"  ours      {mine.text}", f"  baseline  {theirs.text}"]
    return lines
