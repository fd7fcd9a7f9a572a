"""Speech to teach Whisper with: what people say to the assistant, in voices that are not its own.

Lines of content/en are spoken by flite, espeak-ng and hibari, each with another pace and pitch.
Kept out, for tests/evals/in_noise.py to judge by: flite's awb, British espeak-ng, every third
noise, and the openings and questions of tests/data.
"""

import json
import random
import re
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.support import sounds  # noqa: E402
from tests.tools import synthetic_voices as voices  # noqa: E402
from voice.dialogue import yamlfile  # noqa: E402

CONTENT = ROOT / "voice" / "content" / "en"
LONGEST_TEXT = 90
FLITE = {"slt": 170, "rms": 105, "kal16": 95}
"""Voices with their mean pitch in Hz."""
ESPEAK = tuple(
    f"en-us+{v}" for v in ("m1", "m2", "m3", "m4", "m5", "m6", "m7", "f1", "f2", "f3", "f4", "f5")
)
MISSPELT = {"nekst", "necks", "nex", "nextstep", "repeet", "peat"}
"""Spellings in commands.yaml that stand for mishearings."""
QUESTION = re.compile(
    r"^(?:what|where|when|who|how|why|which|can|could|should|shall|do|does|is|are|will|would|am)\b",
    re.I,
)

Audio = NDArray[np.float32]
Said = tuple[str, Audio]
"""Words and their sound."""


def lines(seed: int, commands: int, openings: int, phrasings: int, chatter: int) -> list[str]:
    """What is to be said, in the recogniser's spelling; commands come up again and again."""
    rng = random.Random(seed)
    known = _judged()
    heard = {p.stem: _values(p) for p in sorted((CONTENT / "heard").glob("*.yaml"))}
    nothing = heard.pop("nothing")
    pools = (
        (_commands(), commands),
        ([line for found in heard.values() for line in found], openings),
        (
            [line for p in sorted((CONTENT / "phrasings").glob("*.yaml")) for line in _values(p)],
            phrasings,
        ),
        (nothing, chatter),
    )
    out = []
    for pool, count in pools:
        short = sorted(
            {line for line in pool if len(line) <= LONGEST_TEXT and _said(line) not in known}
        )
        out += rng.choices(short, k=count) if count > len(short) else rng.sample(short, count)
    rng.shuffle(out)
    return [styled(line) for line in out]


def styled(line: str) -> str:
    """A line as Whisper writes: a capital, "I", and a mark at the end."""
    text = re.sub(r"\bi(?=\b|')", "I", line.strip())
    text = text[:1].upper() + text[1:]
    if text[-1:] in ".?!":
        return text
    return text + ("?" if QUESTION.match(text) else ".")


def speak(text: str, seed: int) -> Audio:
    """Say a text in a voice, pace and pitch that the seed chooses: mono at 16 kHz."""
    rng = random.Random(seed)
    kind = rng.choices(("flite", "espeak", "hibari"), (5, 3, 3))[0]
    # Played a little faster or slower: as many voices as there are lines.
    pace = rng.uniform(0.92, 1.08)
    if kind == "hibari":
        return voices.hibari(text, seed % 1000, pace)
    if kind == "flite":
        voice = rng.choice(tuple(FLITE))
        slow, f0 = rng.uniform(0.8, 1.25), FLITE[voice] * rng.uniform(0.85, 1.2)
        set_ = ("--setf", f"duration_stretch={slow:.2f}", "--setf", f"int_f0_target_mean={f0:.0f}")
        return voices.program("flite", "-voice", voice, *set_, "-t", text, "-o", pace=pace)
    manner = ("-s", str(rng.randint(125, 190)), "-p", str(rng.randint(30, 70)))
    return voices.program("espeak-ng", "-v", rng.choice(ESPEAK), *manner, text, "-w", pace=pace)


def noises(folder: Path) -> list[Audio]:
    """The noises to train with."""
    rows = [
        json.loads(line) for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines()
    ]
    files = {row["file"] for row in rows}
    return [_read(folder / file) for file in sorted(files - sounds.kept_out(files))]


def people(folder: Path) -> Iterator[Said]:
    """Recordings of people whose words are sure and which no test judges by."""
    judged = {path.name for path in (ROOT / "tests" / "data").rglob("*.wav")}
    for line in (folder / "manifest.jsonl").read_text("utf-8").splitlines():
        row = json.loads(line)
        if row["trust"] in ("A", "A-") and row["file"] not in judged:
            yield row["text"], _read(folder / row["file"])


def spoken(texts: list[str], seed: int, workers: int) -> Iterator[Said]:
    """Say all texts on so many processes."""
    with ProcessPoolExecutor(workers) as pool:
        yield from zip(
            texts, pool.map(speak, texts, range(seed, seed + len(texts)), chunksize=8), strict=True
        )


def _commands() -> list[str]:
    data: dict[str, Any] = yamlfile.read(CONTENT / "commands.yaml", "commands.yaml").data
    listed = [option for options in data["commands"].values() for option in options]
    whole = [line for line in listed if isinstance(line, str) and not re.search(r"[(){}|]", line)]
    clean = [line for line in whole if not MISSPELT & set(line.split())]
    return clean + 2 * [line.rstrip(".") for line in data["hints"]["commands"]]


def _values(path: Path) -> list[str]:
    data = yamlfile.read(path, path.name).data
    return [
        line.strip() for text in data.values() for line in str(text).splitlines() if line.strip()
    ]


def _judged() -> set[str]:
    """Openings and questions that tests say; commands are few, and everybody says the same."""
    rows = [
        json.loads(line)
        for path in sorted((ROOT / "tests" / "data").rglob("manifest.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    return {_said(row["text"]) for row in rows if "text" in row and row.get("kind") != "command"}


def _said(text: str) -> str:
    return "".join(c for c in text.casefold() if c.isalnum())


def _read(path: Path) -> Audio:
    return np.asarray(soundfile.read(path, dtype="float32")[0], np.float32)
