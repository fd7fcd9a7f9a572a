"""Whisper, with the library's own default call, as an impartial listener."""

from functools import cache
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from voice.config import Settings


def read_back(audio: NDArray[Any], rate: int) -> str:
    """What Whisper base understands of mono audio, in lower case."""
    samples = audio.astype(np.float32) / (32_768 if audio.dtype == np.int16 else 1)
    segments, _ = _whisper().transcribe(soxr.resample(samples, rate, 16_000), language="en")
    return " ".join(segment.text.strip() for segment in segments).lower()


@cache
def _whisper() -> Any:
    from faster_whisper import WhisperModel

    settings = Settings()
    return WhisperModel(str(settings.cache_dir() / settings.stt.model), compute_type="int8")
