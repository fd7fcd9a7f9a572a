"""The committed recordings of people and noises, see tests/data/listening/manifest.jsonl."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray

from voice.audio.interface import INPUT_RATE

FOLDER = Path(__file__).resolve().parents[1] / "data" / "listening"

Audio = NDArray[np.int16]


@cache
def manifest() -> dict[str, dict[str, str]]:
    """The manifest's lines by the clips' names (file names without suffix)."""
    lines = (FOLDER / "manifest.jsonl").read_text(encoding="utf-8").splitlines()
    return {Path(entry["file"]).stem: entry for entry in map(json.loads, lines)}


def names(kind: str) -> list[str]:
    """The clips of one kind: `speech` or `noise`."""
    return [name for name, entry in manifest().items() if entry["kind"] == kind]


def text(name: str) -> str:
    """What is said in a clip."""
    return manifest()[name]["text"]


@cache
def clip(name: str) -> Audio:
    """The samples of a clip, mono int16 at 16 kHz; not to be written to."""
    samples, rate = soundfile.read(FOLDER / manifest()[name]["file"], dtype="int16")
    assert rate == INPUT_RATE
    samples.flags.writeable = False
    return np.asarray(samples, np.int16)


def kept_out(files: Iterable[str]) -> set[str]:
    """The noises of a folder that no recogniser is trained with."""
    return set(sorted(files)[::3])


def silence(seconds: float) -> Audio:
    """Digital silence."""
    return np.zeros(round(seconds * INPUT_RATE), np.int16)


def scene(*parts: Audio | float) -> Audio:
    """Join clips and pauses (in seconds)."""
    return np.concatenate([silence(p) if isinstance(p, float) else p for p in parts])


def with_noise(audio: Audio, noise: Audio, snr_db: float, voice: Audio) -> Audio:
    """Lay a noise under a whole scene, `snr_db` below the active level of the voice in it."""
    voiced = active_power(voice)
    ground = np.resize(noise.astype(np.float64), len(audio))
    gain = np.sqrt(voiced / (10 ** (snr_db / 10) * max((ground**2).mean(), 1e-9)))
    both = audio + gain * ground
    return np.asarray(both * min(1.0, 32767 / np.abs(both).max()), np.int16)


def active_power(voice: Audio) -> float:
    """Mean power while somebody speaks, as in ITU-T P.56: pauses are 15.9 dB below it and more."""
    blocks = voice[: len(voice) // 160 * 160].reshape(-1, 160).astype(np.float64)
    powers = (blocks**2).mean(axis=1)
    active = powers.mean()
    for _ in range(10):
        active = powers[powers >= active / 10**1.59].mean()
    return float(active)


def loud_edges(audio: Audio) -> tuple[float, float]:
    """First and last second at which the samples exceed 3 % of the loudest."""
    loud = np.flatnonzero(np.abs(audio.astype(np.int32)) > 0.03 * np.abs(audio).max())
    return float(loud[0]) / INPUT_RATE, float(loud[-1]) / INPUT_RATE
