"""Recordings for whole runs: rescue phrases in synthetic voices, and conversations made of them."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

DATA = Path(__file__).resolve().parents[1] / "data"
RATE = 16_000

Audio = NDArray[np.int16]


def phrase(name: str) -> Path:
    """A rescue phrase by its id in tests/data/phrases, never in the assistant's own voice."""
    return DATA / "phrases" / f"{name}.wav"


def person(name: str) -> Path:
    """A recording of a person by its file's name without suffix, from tests/data/speech."""
    return DATA / "speech" / f"{name}.wav"


def conversation(folder: Path, spoken: Iterable[tuple[float, Path]]) -> Path:
    """Lay recordings on one axis at the given seconds, over faint room noise."""
    parts = [(at, soundfile.read(file, dtype="int16")[0]) for at, file in spoken]
    file = folder / "conversation.wav"
    soundfile.write(file, laid(parts), RATE, subtype="PCM_16")
    return file


def laid(parts: Iterable[tuple[float, Audio]], rest_s: float = 1.0) -> Audio:
    """Sounds on one axis at the given seconds, over faint room noise that goes on for a while."""
    placed = [(round(at * RATE), audio) for at, audio in parts]
    length = max(start + len(audio) for start, audio in placed) + round(rest_s * RATE)
    mix = np.random.default_rng(1).normal(0, 16, length).astype(np.int16)
    for start, audio in placed:
        mix[start : start + len(audio)] += audio
    return mix
