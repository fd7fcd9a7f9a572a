# SPDX-License-Identifier: GPL-3.0-or-later
"""The loop that a voice assistant usually is, made of the engines' public defaults: wait until
nobody has spoken for 0.8 s, transcribe, have the model write its whole answer, synthesise it whole.

    python -m voice.bench.sequential WHISPER GGUF VOICE < CLIPS

A program of its own, under the licence of Piper, which it imports. It reads the path of a clip a
line and prints a JSON object a line: how long each stage took from the clip's last voiced sample.
"""

import json
import sys
import time
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import soundfile
from numpy.typing import NDArray

PAUSE_S = 0.8
FRAME_S = 0.03
LOUD = 0.01
"""RMS from which a frame counts as speech; full scale is 1."""

T = TypeVar("T")


def main(whisper: str, gguf: str, voice: str) -> None:
    """Load the engines, warm them up with the first clip, and measure every clip."""
    from faster_whisper import WhisperModel
    from llama_cpp import Llama
    from piper import PiperVoice

    engines = (
        WhisperModel(whisper, compute_type="int8"),
        Llama(gguf, verbose=False),
        PiperVoice.load(voice),
    )
    clips = sys.stdin.read().splitlines()
    answer(clips[0], *engines)
    for clip in clips:
        print(json.dumps({"file": clip, **answer(clip, *engines)}), flush=True)


def answer(clip: str, whisper: Any, llama: Any, piper: Any) -> dict[str, float]:
    """Go through the stages one after the other; the first sound can be played after the last."""
    audio, rate = soundfile.read(clip, dtype="float32")
    audio = np.concatenate([audio, np.zeros(rate, np.float32)])
    waited, heard = endpoint(audio, rate)
    text, stt_s = timed(lambda: "".join(part.text for part in whisper.transcribe(heard)[0]))
    prompt = f"Question: {text.strip()}\nAnswer:"
    words, llm_s = timed(lambda: llama.create_completion(prompt)["choices"][0]["text"])
    _, tts_s = timed(lambda: [chunk.audio_int16_bytes for chunk in piper.synthesize(words)])
    return {"endpoint_s": waited, "stt_s": stt_s, "llm_s": llm_s, "tts_s": tts_s}


def endpoint(audio: NDArray[np.float32], rate: int) -> tuple[float, NDArray[np.float32]]:
    """Seconds from the last loud frame until the pause is long enough, and the audio until then."""
    size = round(FRAME_S * rate)
    frames = audio[: len(audio) // size * size].reshape(-1, size)
    last = int(np.flatnonzero(np.sqrt((frames**2).mean(axis=1)) > LOUD)[-1]) + 1
    quiet = -(-PAUSE_S // FRAME_S)
    return quiet * FRAME_S, audio[: round((last + quiet) * size)]


def timed(work: Callable[[], T]) -> tuple[T, float]:
    """What comes of the work and how many seconds it took."""
    began = time.perf_counter()
    return work(), time.perf_counter() - began


if __name__ == "__main__":
    main(*sys.argv[1:])
