"""A simulated room: what the speaker plays comes back into the microphone as it would for real.

On its way the output is clipped softly by a small loudspeaker, reflected by the walls and taken
down by a microphone whose clock is not the speaker's. Everything is deterministic and none of it
is told to whoever has to undo it:

- loudspeaker: tanh(DRIVE·x)/DRIVE, linear when quiet, 1.6 dB less at full scale;
- walls: `response`, 250 ms long, decaying by 60 dB, its first tap the direct sound;
- clocks: for a minute the input's runs 50 ppm fast, the next minute 50 ppm slow, and so on, so
  that the delay wanders between the one asked for and 3 ms more;
- one jump: from `jump_at_s` on the delay is 15 ms longer, as when a driver moves a buffer.

The level asked for is that of the whole echo relative to the output, for the long-term spectrum of
speech and below the loudspeaker's limit. Output sample 3k (at 48 kHz) leaves at the instant of
input sample k.
"""

import numpy as np
from numpy.typing import NDArray

from voice.audio.gain import decibels
from voice.audio.interface import INPUT_RATE, MicBlock, SpeakerBlock
from voice.audio.resample import Decimator, Samples, to_int16
from voice.errors import UserError

DRIVE = 0.8
RESPONSE_S = 0.25
DRIFT_PPM = 50.0
DRIFT_TURNS_S = 60.0
"""How long the clocks drift one way before they drift the other."""
JUMP_S = 0.015
SHORTEST_S, LONGEST_S = 0.002, 2.0
"""Delays that can be asked for; the filters need the shortest."""

_SEED = 7
_REFLECTIONS = 8
_REVERBERANT_DB = -3.0
"""Energy of all that is not direct sound, relative to the direct sound."""
_HALF = 8
"""Samples on either side that a sample between two is interpolated from."""
_SPEECH_HZ = 500.0
"""Up to here the spectrum of speech is flat; above it falls by 9 dB an octave."""


class Room:
    """Adds the echo of the output to the input, block by block on one axis, in bounded memory."""

    def __init__(
        self, output_rate: int, echo_db: float, delay_ms: float, jump_at_s: float | None = None
    ) -> None:
        """`delay_ms` is that of the direct sound; without `jump_at_s` the delay never jumps."""
        shortest_ms, longest_ms = SHORTEST_S * 1000, LONGEST_S * 1000
        if not shortest_ms <= delay_ms <= longest_ms:
            raise UserError(
                f"--echo-delay-ms {delay_ms}: give {shortest_ms:.0f} to {longest_ms:.0f}"
            )
        if not -120 <= echo_db <= 40:
            raise UserError(f"--echo-db {echo_db}: give -120 to 40")
        self._decimator = Decimator(output_rate)
        self._walls = _Convolver(response() * np.float32(decibels(echo_db)))
        self._air = _Air(delay_ms / 1000, jump_at_s)

    def hear(self, near: MicBlock, played: SpeakerBlock) -> MicBlock:
        """Give what the microphone hears while `played` leaves the speaker."""
        moved = np.asarray(np.tanh(DRIVE * played) / DRIVE, np.float32)
        self._air.push(self._walls.push(self._decimator.push(moved)))
        return to_int16(near.astype(np.float32) / 32768.0 + self._air.hear(len(near)))


def response() -> Samples:
    """Give the walls' impulse response at INPUT_RATE, with the level of speech unchanged."""
    rng = np.random.default_rng(_SEED)
    count = round(RESPONSE_S * INPUT_RATE)
    decay = 10.0 ** (-3.0 * np.arange(count) / count)
    tail = rng.normal(0.0, 1.0, count) * decay
    first = round(0.002 * INPUT_RATE)
    tail[:first] = 0.0
    early = rng.integers(first, round(0.03 * INPUT_RATE), _REFLECTIONS)
    tail[early] *= 4.0
    tail *= decibels(_REVERBERANT_DB) / np.sqrt((tail**2).sum())
    tail[0] = 1.0
    return np.asarray(tail / np.sqrt(_speech_power(tail)), np.float32)


def _speech_power(taps: NDArray[np.float64]) -> float:
    """Give the power that speech of power 1 has behind a filter."""
    size = 8 * INPUT_RATE // 10
    hertz = np.fft.rfftfreq(size, 1 / INPUT_RATE)
    weights = np.minimum(1.0, (np.maximum(hertz, 1.0) / _SPEECH_HZ) ** -3.0)
    weights[hertz < 80] = 0.0
    power = np.abs(np.fft.rfft(taps, size)) ** 2
    return float((power * weights).sum() / weights.sum())


class _Convolver:
    """Convolution of a stream with a long filter by FFT."""

    def __init__(self, taps: Samples) -> None:
        self._history = np.zeros(len(taps) - 1, np.float32)
        self._size = 1 << (len(taps) + INPUT_RATE // 50).bit_length()
        self._spectrum = np.fft.rfft(taps, self._size)

    def push(self, samples: Samples) -> Samples:
        """Give as many samples as came in; at most 20 ms at once."""
        window = np.concatenate([self._history, samples])
        self._history = window[len(samples) :]
        out = np.fft.irfft(np.fft.rfft(window, self._size) * self._spectrum, self._size)
        return np.asarray(out[len(window) - len(samples) : len(window)], np.float32)


class _Air:
    """A delay line that is read at a pace of its own."""

    def __init__(self, delay_s: float, jump_at_s: float | None) -> None:
        self._delay_s = delay_s
        self._jump_at_s = jump_at_s
        drift_s = DRIFT_PPM * 1e-6 * DRIFT_TURNS_S
        self._keep = round((delay_s + drift_s + JUMP_S) * INPUT_RATE) + 2 * _HALF
        self._samples = np.zeros(self._keep, np.float32)
        self._end = 0
        """Index of the sample after the last one in the line."""
        self._heard = 0

    def push(self, samples: Samples) -> None:
        self._samples = np.concatenate([self._samples, samples])
        self._end += len(samples)

    def hear(self, count: int) -> Samples:
        """Give the next `count` samples that reach the microphone."""
        t = np.arange(self._heard, self._heard + count) / INPUT_RATE
        self._heard += count
        at = t * INPUT_RATE - self._delay(t) * INPUT_RATE + len(self._samples) - self._end
        whole = np.floor(at)
        around = np.arange(-_HALF + 1, _HALF + 1)
        x = around - (at - whole)[:, np.newaxis]
        weights = np.sinc(x) * np.cos(np.pi * x / (2 * _HALF + 2)) ** 2
        rows = self._samples[whole.astype(int)[:, np.newaxis] + around]
        heard: Samples = (rows * weights).sum(axis=1).astype(np.float32)
        self._samples = self._samples[max(0, len(self._samples) - self._keep - count) :]
        return heard

    def _delay(self, t: NDArray[np.float64]) -> NDArray[np.float64]:
        """Give the delay of the direct sound at times t, in seconds."""
        phase = np.mod(t, 2 * DRIFT_TURNS_S)
        drift = DRIFT_PPM * 1e-6 * np.minimum(phase, 2 * DRIFT_TURNS_S - phase)
        jump = 0.0 if self._jump_at_s is None else JUMP_S * (t >= self._jump_at_s)
        return np.asarray(self._delay_s + drift + jump)
