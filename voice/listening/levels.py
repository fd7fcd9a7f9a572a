"""Loudness of what was heard: where speech really begins and ends, how far above the noise.

Silero's verdicts are 32 ms apart and lag; the energy of 10 ms blocks tells an edge better.
"""

import numpy as np
from numpy.typing import NDArray

from voice.audio.interface import INPUT_BLOCK, INPUT_RATE

_BELOW_PEAK_DB = 30.0
"""Blocks this far below the loudest speech are silence around it."""
_ABOVE_NOISE_DB = 10.0
_SILENCE_DB = -96.0
_REACH = INPUT_RATE // 5
"""How far the voice activity may be wrong, in samples."""

Audio = NDArray[np.int16]


def block_levels(audio: Audio) -> NDArray[np.float64]:
    """Give the level of each whole 10 ms block in dB of full scale."""
    blocks = audio[: len(audio) // INPUT_BLOCK * INPUT_BLOCK].reshape(-1, INPUT_BLOCK)
    power = (blocks.astype(np.float64) ** 2).mean(axis=1) / 32768.0**2
    return np.asarray(10 * np.log10(np.maximum(power, 10 ** (_SILENCE_DB / 10))))


def speech_to_noise(audio: Audio) -> float:
    """Give the loud blocks' level above the quiet ones', in dB."""
    levels = block_levels(audio)
    if len(levels) == 0:
        return 0.0
    return float(np.percentile(levels, 90) - np.percentile(levels, 10))


def edges(audio: Audio, first: int, last: int) -> tuple[int, int]:
    """Move the edges of speech, given by the voice activity, to where its energy is.

    The audio should hold some of the silence around; all indices are within it.
    """
    levels = block_levels(audio)
    if len(levels) == 0:
        return first, last
    quiet, loud = np.percentile(levels, (10, 95))
    heard = np.flatnonzero(levels >= max(loud - _BELOW_PEAK_DB, quiet + _ABOVE_NOISE_DB))
    begins = heard * INPUT_BLOCK
    ends = begins + INPUT_BLOCK
    begins = begins[begins >= first - _REACH]
    ends = ends[(ends >= last - _REACH) & (ends <= last)]
    start = int(begins[0]) if len(begins) and begins[0] <= first + _REACH else first
    return start, int(ends[-1]) if len(ends) else last
