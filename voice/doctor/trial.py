"""The trial of `doctor --sound`: plays chirps and measures what the microphone hears of them."""

import sys
import time
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from voice.audio import ear
from voice.audio.device import DeviceBackend
from voice.audio.gain import decibels
from voice.audio.interface import INPUT_RATE, MicBlock, SoundEvent, SoundStarted
from voice.audio.mixer import Mixer
from voice.errors import UserError

CHIRPS = 3
CHIRP_S = 0.4
_LEVEL_DB = -9.0
_GAP_S = 0.6
_NOISE_S = 1.0
_EARLIEST_S, _LATEST_S = 0.05, 1.0
"""Where a chirp is sought, around the moment at which the driver says that it was played."""
_STANDS_OUT = 8.0
"""Peak of the correlation relative to its effective value; noise alone reaches about 5."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What the microphone heard while chirps were played; levels in dB of full scale."""

    problem: str = ""
    """Why there was no trial; the rest means nothing then."""
    flat: bool = False
    """The microphone gave digital silence, even of the chirps."""
    is_speaker: bool = False
    """The microphone is the speaker's own signal."""
    noise_db: float = 0.0
    """Level before the first chirp."""
    clipped: float = 0.0
    """Share of samples at full scale."""
    heard: int = 0
    """How many of CHIRPS were heard."""
    echo_db: float = 0.0
    """Level of the chirps in the microphone relative to how they were played."""
    delay_ms: float = 0.0
    """From the moment at which they were to be heard."""
    spread_ms: float = 0.0
    """Difference between the longest and the shortest delay."""
    gaps: int = 0
    """How often a device dropped or invented sound."""


def chirp(rate: int) -> NDArray[np.float32]:
    """A sweep from 400 Hz to 4 kHz, which small speakers can play and rooms do not blur."""
    t = np.arange(round(CHIRP_S * rate)) / rate
    phase = 2 * np.pi * (400 * t + 1800 * t**2 / CHIRP_S)
    edges = np.minimum(1.0, np.minimum(t, CHIRP_S - t) / 0.02)
    return (decibels(_LEVEL_DB) * np.sin(phase) * edges).astype(np.float32)


def measure(near: NDArray[np.int16], played: list[float], gaps: int = 0) -> Trial:
    """Find chirps in what the microphone heard; `played`: when each was said to begin, in s."""
    sound = chirp(INPUT_RATE)
    before = near[: round(played[0] * INPUT_RATE)] if played else near
    noise = _power(before[-round(_NOISE_S * INPUT_RATE) :])
    found = [at for start in played if (at := _find(near, start, sound)) is not None]
    delays = [at / INPUT_RATE - start for at, start in found]
    powers = [_power(near[at : at + len(sound)]) for at, _ in found]
    loudness = max(float(np.median(powers)) - noise, 1e-12) if found else 1e-12
    return Trial(
        flat=bool(np.abs(near.astype(np.int32)).max(initial=0) <= ear.DIGITAL_SILENCE),
        is_speaker=sum(_is_speaker(near, at, sound) for at, _ in found) >= CHIRPS - 1,
        noise_db=round(_db(noise), 1),
        clipped=float(np.mean(np.abs(near.astype(np.int32)) >= 32767)) if len(near) else 0.0,
        heard=len(found),
        echo_db=round(_db(loudness) - _db(float(np.mean(sound**2))), 1) if found else 0.0,
        delay_ms=round(1000 * float(np.median(delays)), 1) if found else 0.0,
        spread_ms=round(1000 * (max(delays) - min(delays)), 1) if found else 0.0,
        gaps=gaps,
    )


def _find(
    near: NDArray[np.int16], start: float, sound: NDArray[np.float32]
) -> tuple[int, float] | None:
    """Where a chirp begins in the microphone's signal, and when it was played; None: not heard."""
    first = max(0, round((start - _EARLIEST_S) * INPUT_RATE))
    part = near[first : round((start + _LATEST_S) * INPUT_RATE) + len(sound)] / 32768.0
    if len(part) < 2 * len(sound):
        return None
    products = np.abs(np.correlate(part, sound, "valid"))
    peak = int(products.argmax())
    effective = float(np.sqrt(np.mean(products**2)))
    if effective == 0.0 or products[peak] < _STANDS_OUT * effective:
        return None
    return first + peak, start


def _is_speaker(near: NDArray[np.int16], at: int, sound: NDArray[np.float32]) -> bool:
    """Whether the chirp that begins at a sample is an exact copy in digital silence."""
    lead = INPUT_RATE // 10
    second = near[max(0, at - lead) :][:INPUT_RATE]
    if len(second) < INPUT_RATE:
        return False
    far = np.zeros(2 * INPUT_RATE, np.float32)
    far[INPUT_RATE : INPUT_RATE + len(sound)] = sound
    return ear.sound(second, far) == "speaker"


def _power(samples: NDArray[np.int16]) -> float:
    return float(np.mean((samples / 32768.0) ** 2)) if len(samples) else 0.0


def _db(power: float) -> float:
    return 10 * float(np.log10(max(power, 1e-12)))


def run(input_device: str, output_device: str, output_rate: int) -> Trial:
    """Play and listen in this process."""
    blocks: list[MicBlock] = []
    events: list[SoundEvent] = []
    mixer = Mixer(output_rate, events.append)
    backend = DeviceBackend(input_device, output_device, output_rate)
    try:
        backend.start(
            lambda index, block, strict=None: blocks.append(block.copy()),
            mixer,
            lambda *state: None,
        )
    except UserError as error:
        return Trial(problem=str(error))
    try:
        enough = round(_NOISE_S * 100) + 20
        if not _until(lambda: len(blocks) >= enough, 5.0):
            return Trial(problem="the microphone gives no sound at all")
        sound = np.rint(chirp(output_rate) * 32767).astype(np.int16)
        for number in range(CHIRPS):
            mixer.begin_voice(number)
            mixer.feed_voice(number, sound, output_rate)
            mixer.end_voice(number)
            if not _until(lambda: mixer.idle, 3.0):
                return Trial(problem="the speaker takes no sound")
            time.sleep(_GAP_S)
        time.sleep(_LATEST_S)
    finally:
        backend.close()
    played = [event.t for event in events if isinstance(event, SoundStarted)]
    return measure(np.concatenate(blocks), played, backend.xruns)


def _until(condition: Callable[[], bool], seconds: float) -> bool:
    limit = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


if __name__ == "__main__":
    trial = run(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    sys.stdout.buffer.write(msgspec.json.encode(trial))
