"""Test voices that are not the assistant's own: hibari (in its wheel), flite and espeak-ng."""

import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

RATE = 16_000
PEAK = 0.5

# name: (engine, the engine's own name for the voice, licence)
VOICES = {
    "heart": ("hibari-tts 0.2.1", "heart", "Apache-2.0"),
    "slt": ("flite 2.2", "slt", "CMU ARCTIC/Flite, BSD-like"),
    "rms": ("flite 2.2", "rms", "CMU ARCTIC/Flite, BSD-like"),
    "awb": ("flite 2.2", "awb", "CMU ARCTIC/Flite, BSD-like"),
    "kal": ("flite 2.2", "kal16", "CMU Flite, BSD-like"),
    "espeak-us": ("espeak-ng 1.51", "en-us", "output of a GPL-3.0-or-later program, itself free"),
    "espeak-gb": ("espeak-ng 1.51", "en-gb", "output of a GPL-3.0-or-later program, itself free"),
}

Audio = NDArray[np.float32]


def speak(text: str, voice: str) -> Audio:
    """Speak a text: mono at RATE, silence cut at both ends, peak at PEAK."""
    engine, name, _ = VOICES[voice]
    if engine.startswith("hibari"):
        return hibari(text, seed=0)
    if engine.startswith("flite"):
        return program("flite", "-voice", name, "-t", text, "-o")
    return program("espeak-ng", "-v", name, "-s", "150", text, "-w")


def hibari(text: str, seed: int, pace: float = 1.0) -> Audio:
    """Speak with hibari; each seed intones a little differently."""
    return _finished(_hibari()(text, seed=seed), 24_000 * pace)


def program(*command: str, pace: float = 1.0) -> Audio:
    """Run a program that writes speech to the file named last; play it so much faster."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "speech.wav"
        subprocess.run([*command, str(file)], check=True, capture_output=True)
        samples, rate = soundfile.read(file, dtype="float32")
    return _finished(samples, rate * pace)


def _finished(samples: Any, rate: float) -> Audio:
    audio = soxr.resample(np.asarray(samples, np.float32), rate, RATE)
    loud = np.flatnonzero(np.abs(audio) > 0.01 * np.abs(audio).max())
    audio = audio[max(0, loud[0] - 160) : loud[-1] + 800]
    return np.asarray(audio * (PEAK / np.abs(audio).max()), np.float32)


@cache
def _hibari() -> Any:
    from hibari import Hibari

    return Hibari()
