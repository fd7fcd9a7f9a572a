"""Recordings for whole runs: rescue phrases in synthetic voices, and conversations made of them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile

DATA = Path(__file__).resolve().parents[1] / "data"
RATE = 16_000


def phrase(name: str) -> Path:
    """A rescue phrase by its id in tests/data/phrases, never in the assistant's own voice."""
    return DATA / "phrases" / f"{name}.wav"


def person(name: str) -> Path:
    """A recording of a person by its file's name without suffix, from tests/data/speech."""
    return DATA / "speech" / f"{name}.wav"


def conversation(folder: Path, spoken: Iterable[tuple[float, Path]]) -> Path:
    """Lay recordings on one axis at the given seconds, over faint room noise."""
    parts = [(round(at * RATE), soundfile.read(file, dtype="float32")[0]) for at, file in spoken]
    length = max(start + len(audio) for start, audio in parts) + RATE
    mix = np.random.default_rng(1).normal(0, 0.0005, length).astype(np.float32)
    for start, audio in parts:
        mix[start : start + len(audio)] += audio
    file = folder / "conversation.wav"
    soundfile.write(file, mix, RATE, subtype="PCM_16")
    return file
