# SPDX-License-Identifier: GPL-3.0-or-later
"""Speech synthesis with Piper, inside a worker process of its own.

This file alone is under the GNU General Public License, version 3 or later (LICENSES/), because it
imports piper-tts, which is under that licence: espeak-ng is compiled into it. The rest of the
project is Apache-2.0, imports neither, and reaches this process only through its pipes.
"""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.engines import interfaces as m
from voice.engines.speech_split import pieces
from voice.engines.voice_files import VoiceFiles, damaged, find_voice
from voice.errors import MissingError
from voice.modelstore.files import sha256_of
from voice.spoken import spoken

MAX_TEXT = 2_000
"""Characters of one request; what is longer is cut."""
SILENCE = 0.004
"""Amplitude below which the edges of a piece count as silent; full scale is 1."""
LEAD_S, TAIL_S = 0.015, 0.060
"""What is kept of the silence before and after a piece."""
FADE_S = 0.004
_LETTER_A = re.compile(r"\bA(?= [A-Z]\b)")
"""espeak-ng takes the A of "A E D" for the article and says "uh"."""

Audio = NDArray[np.float32]


def create(options: dict[str, Any]) -> m.Worker:
    """Make the worker.

    Options: voice_path (the voice's directory or .onnx file), threads, noise_scale and
    noise_w_scale (0 makes the audio repeatable), sha256 (of the .onnx file; empty: unchecked),
    nice (how far the process steps back for others).
    """
    return PiperWorker(**options)


class PiperWorker:
    """Speaks one `Synthesize` at a time, in one `SpeechChunk` a sentence or clause."""

    def __init__(
        self,
        voice_path: str,
        threads: int = 1,
        noise_scale: float = 0.0,
        noise_w_scale: float = 0.0,
        sha256: str = "",
        nice: int = 0,
    ) -> None:
        self._path = Path(voice_path)
        self._threads = threads
        self._noise_scale = noise_scale
        self._noise_w_scale = noise_w_scale
        self._expected = sha256
        self._nice = nice
        self._voice: Any = None

    def load(self) -> dict[str, float | int | str]:
        """Load the voice and speak once unheard, so that the first request is not the slow one."""
        os.nice(self._nice)  # before any thread is made: each has a priority of its own
        files = find_voice(self._path)
        if self._expected and sha256_of(files.model) != self._expected:
            raise damaged(files.model, "its checksum is wrong")
        try:
            self._voice = _open(files, self._threads)
            audio = self._speak("Ready.", 1.0)
        except ImportError as error:
            raise MissingError(f"{error}; install it with `pip install piper-tts`") from error
        except Exception as error:  # onnxruntime and piper raise classes of their own
            why = str(error).partition("\n")[0] or type(error).__name__
            raise damaged(files.model, why) from error
        if not (np.isfinite(audio).all() and np.abs(audio).max(initial=0.0) > 10 * SILENCE):
            raise damaged(files.model, "it makes no sound")
        return {"model": files.model.name, "rate": files.rate, "threads": self._threads}

    def handle(
        self, request: m.Request, emit: Callable[[m.Result], None], cancelled: Callable[[], bool]
    ) -> None:
        """Speak the text piece by piece; the pause before a piece is part of its chunk."""
        if not isinstance(request, m.Synthesize):
            raise TypeError(f"a voice cannot serve {type(request).__name__}")
        rate = self._voice.config.sample_rate
        number, generation = request.id, request.generation
        samples = 0
        for piece, pause in pieces(spoken(request.text[:MAX_TEXT])):
            if cancelled():
                emit(m.Failed(id=number, generation=generation, reason="cancelled"))
                return
            audio = _trimmed(self._speak(piece, request.length_scale), rate)
            audio = np.concatenate([np.zeros(round(pause * rate), np.float32), audio])
            samples += len(audio)
            pcm = _pcm16(audio)
            emit(m.SpeechChunk(id=number, generation=generation, audio=pcm, rate=rate))
        emit(m.Done(id=number, generation=generation, info={"seconds": samples / rate}))

    def _speak(self, piece: str, length_scale: float) -> Audio:
        """Give the whole sound of a piece at the voice's own level."""
        from piper import SynthesisConfig

        config = SynthesisConfig(
            length_scale=self._voice.config.length_scale * min(max(length_scale, 0.5), 2.0),
            noise_scale=self._noise_scale,
            noise_w_scale=self._noise_w_scale,
            normalize_audio=False,  # it would make short words as loud as shouted ones
        )
        words = _LETTER_A.sub("eigh", piece)
        chunks = [chunk.audio_float_array for chunk in self._voice.synthesize(words, config)]
        return np.concatenate([np.zeros(0, np.float32), *chunks])


def _open(files: VoiceFiles, threads: int) -> Any:
    """Load a voice into a session of `threads` threads; Piper's own would take every core."""
    import onnxruntime
    from piper import PiperVoice
    from piper.config import PiperConfig

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")  # cores are shared
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(
        str(files.model), sess_options=options, providers=["CPUExecutionProvider"]
    )
    return PiperVoice(session=session, config=PiperConfig.from_dict(files.settings))


def _trimmed(audio: Audio, rate: int) -> Audio:
    """Cut the silence at both edges down to LEAD_S and TAIL_S, and make the edges soft."""
    loud = np.flatnonzero(np.abs(audio) > SILENCE)
    if not len(loud):
        return audio[:0]
    start = max(0, int(loud[0]) - round(LEAD_S * rate))
    audio = audio[start : int(loud[-1]) + 1 + round(TAIL_S * rate)].copy()
    ramp = np.linspace(0.0, 1.0, min(round(FADE_S * rate), len(audio) // 2), dtype=np.float32)
    audio[: len(ramp)] *= ramp
    audio[len(audio) - len(ramp) :] *= ramp[::-1]
    return audio


def _pcm16(audio: Audio) -> bytes:
    return (np.clip(audio, -1.0, 1.0) * 32767).astype("<i2").tobytes()
