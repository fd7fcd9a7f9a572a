"""What the parts of a run's output tell: when the voice sounds, where the beats lie."""

from functools import lru_cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from voice.dialogue.state import BEAT_RATE


@lru_cache(maxsize=4)
def stem(output: Path, name: str) -> tuple[NDArray[np.float32], int]:
    """One part of an output: `voice`, `beat` or `tones`; and its rate."""
    samples, rate = soundfile.read(output.with_suffix(f".{name}.wav"), dtype="float32")
    samples.flags.writeable = False
    return samples, rate


@lru_cache(maxsize=4)
def sounding(output: Path) -> NDArray[np.bool_]:
    """Whether the voice sounds in each 10 ms."""
    voice, rate = stem(output, "voice")
    block = rate // 100
    return np.asarray(np.abs(voice[: len(voice) // block * block].reshape(-1, block)).max(1) > 0)


def grids(beats: NDArray[np.int64], rate: int) -> list[NDArray[np.int64]]:
    """The beats between two gaps that are longer than one beat."""
    gaps = np.flatnonzero(np.diff(beats) > 1.5 * 60 * rate / BEAT_RATE)
    return np.split(beats, gaps + 1)


def off_grid(beats: NDArray[np.int64], rate: int) -> NDArray[np.float64]:
    """How far each beat lies from its place after the first of its grid, in samples."""
    period = 60 * rate / BEAT_RATE
    sets = grids(beats, rate) if len(beats) else [beats]
    places = [grid[:1] + np.rint(np.arange(len(grid)) * period) for grid in sets]
    return np.asarray(np.abs(beats - np.concatenate(places)))
