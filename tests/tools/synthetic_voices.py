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
        samples, rate = _hibari()(text, seed=0), 24_000
    elif engine.startswith("flite"):
        samples, rate = _command("flite", "-voice", name, "-t", text, "-o")
    else:
        samples, rate = _command("espeak-ng", "-v", name, "-s", "150", text, "-w")
    audio = soxr.resample(np.asarray(samples, np.float32), rate, RATE)
    loud = np.flatnonzero(np.abs(audio) > 0.01 * np.abs(audio).max())
    audio = audio[max(0, loud[0] - 160) : loud[-1] + 800]
    return np.asarray(audio * (PEAK / np.abs(audio).max()), np.float32)


@cache
def _hibari() -> Any:
    from hibari import Hibari

    return Hibari()


def _command(*words: str) -> tuple[Any, int]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "speech.wav"
        subprocess.run([*words, str(file)], check=True, capture_output=True)
        return soundfile.read(file, dtype="float32")
