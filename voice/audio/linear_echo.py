"""The linear part of an echo, taken out without touching anything else.

A partitioned-block Kalman filter in the frequency domain (Enzner and Vary 2006, Kuech et al. 2014):
it follows the path from speaker to microphone, delay included, knows how sure it is of it, and
hardly moves while somebody else speaks. The drift of the clocks is made up for, also while nothing
is played, and so is a jump of the delay: the path that explained the echo last is moved. What is
left of an echo is some 20 dB lower, a rescuer's voice is as it was. For one thread; some 0.5 ms of
work a block, and none while nothing is played.
"""

import numpy as np
from numpy.typing import NDArray

from voice.audio.clock_drift import ClockDrift
from voice.audio.delay_jump import DelayJump
from voice.audio.interface import INPUT_BLOCK
from voice.audio.resample import Samples

PARTITIONS = 50
"""Blocks of 10 ms that the filter spans: the delay and the room's response together."""
_STAYS = 0.999
"""Share of the path that is still there a block later."""
_NOISE_MEMORY = 0.6
_UNSURE, _UNSURE_LATE = 0.03, 1e-4
"""Variance of the path before anything was heard of it: of its first partition, of the last."""
_FADING = 8
"""Partitions in which it falls to a third: a room's reflections fade, and delays are short."""
_TIDIED = 8
"""Partitions a block whose taps outside the block are removed: all of them in 70 ms."""
_LEAST = np.float32(1e-6)
_MEMORY = 0.9
_EXPLAINED = 0.25
"""Share of the microphone's power below which what is left shows that the path is known."""

_SIZE = 2 * INPUT_BLOCK
_MOVED = 2 * PARTITIONS * INPUT_BLOCK
_SMALL = 1.0
"""Samples up to which the partitions may be moved each by itself, which is quicker."""
_TURNS = 2j * np.pi * np.arange(_MOVED // 2 + 1) / _MOVED


class LinearEcho:
    """Blocks of microphone and loudspeaker, full scale ±1, both of the same instant."""

    def __init__(self) -> None:
        shape = PARTITIONS, INPUT_BLOCK + 1
        self._far = np.zeros(shape, np.complex64)
        """Spectra of the last blocks played, the newest first."""
        self._path = np.zeros(shape, np.complex64)
        self._known = np.zeros(shape, np.complex64)
        """The path when it last explained what was heard."""
        fading = _UNSURE * np.exp(-np.arange(PARTITIONS, dtype=np.float32) / _FADING)
        self._variance = np.broadcast_to(np.maximum(fading, _UNSURE_LATE)[:, None], shape).copy()
        self._noise = np.full(INPUT_BLOCK + 1, 1e-3, np.float32)
        self._before = np.zeros(INPUT_BLOCK, np.float32)
        self._silent = PARTITIONS
        """Blocks since something was played."""
        self._tidy = 0
        self._drift = ClockDrift()
        self._jump = DelayJump()
        self.moved = 0
        """Samples by which all jumps together made the echo later."""
        self._heard = self._left = 0.0
        """Power of the microphone and of what was left of it, lately."""
        self.explained = False
        """Whether the path ever explained what was heard."""

    def remove(self, near: Samples, far: Samples) -> Samples:
        """Give the microphone's block without the echo of what was played."""
        self._silent = 0 if far.any() else self._silent + 1
        if self._silent > PARTITIONS:  # nothing that was played is still in the air
            self._drift.silence()
            return near
        self._far = np.roll(self._far, 1, axis=0)
        self._far[0] = np.fft.rfft(np.concatenate([self._before, far]))
        self._before = far
        missed = self._drift.missed()
        self._path, self._known = _later(self._path, missed), _later(self._known, missed)
        if jump := self._jump.follow(near, self._echo(self._known)):
            self.moved += jump
            self._known = _later(self._known, jump)
            self._path = self._known.copy()
        else:
            shift = self._drift.follow(near, self._echo(self._path))
            self._path = _later(self._path, shift)
        rest = near - self._echo(self._path)
        self._judge(near, rest)
        self._learn(rest)
        return rest

    def _echo(self, path: NDArray[np.complex64]) -> Samples:
        """Give what a path makes of what was played."""
        spectrum = (self._far * path).sum(axis=0)
        return np.asarray(np.fft.irfft(spectrum, _SIZE)[INPUT_BLOCK:], np.float32)

    def _judge(self, near: Samples, rest: Samples) -> None:
        """Note the path as known while it explains what is heard."""
        self._heard += (1 - _MEMORY) * (float(near @ near) - self._heard)
        self._left += (1 - _MEMORY) * (float(rest @ rest) - self._left)
        if self._left < _EXPLAINED * self._heard:
            self.explained = True
            self._known = self._path.copy()

    def _learn(self, rest: Samples) -> None:
        """Move the path by what it could not explain."""
        error = np.fft.rfft(np.concatenate([np.zeros_like(rest), rest])).astype(np.complex64)
        self._noise += (1 - _NOISE_MEMORY) * (np.abs(error) ** 2 - self._noise)
        power = self._far.real**2 + self._far.imag**2
        doubt = 0.5 * (power * self._variance).sum(axis=0) + self._noise + _LEAST
        share = self._variance / doubt
        self._path += share * self._far.conj() * error
        self._variance *= 1.0 - 0.5 * share * power
        self._forget()
        self._keep_causal()

    def _forget(self) -> None:
        """Let the path age by one block."""
        self._path *= np.float32(_STAYS)
        self._variance *= np.float32(_STAYS**2)
        self._variance += np.float32(1 - _STAYS**2) * _power(self._path)

    def _keep_causal(self) -> None:
        """Remove, from some partitions in turn, what circular convolution added to them."""
        turn = (self._tidy + np.arange(_TIDIED)) % PARTITIONS
        self._tidy = (self._tidy + _TIDIED) % PARTITIONS
        taps = np.fft.irfft(self._path[turn], _SIZE, axis=1)
        taps[:, INPUT_BLOCK:] = 0.0
        self._path[turn] = np.fft.rfft(taps, axis=1)


def _later(path: NDArray[np.complex64], shift: float) -> NDArray[np.complex64]:
    """Give a path that is longer by a number of samples, or shorter."""
    if shift == 0.0:
        return path
    if abs(shift) < _SMALL:
        turned: NDArray[np.complex64] = path * np.exp(-_TURNS[::PARTITIONS] * shift)
        return turned.astype(np.complex64)
    taps = np.fft.irfft(path, _SIZE, axis=1)[:, :INPUT_BLOCK].reshape(-1)
    spectrum = np.fft.rfft(taps, _MOVED) * np.exp(-_TURNS * shift)
    moved = np.fft.irfft(spectrum, _MOVED)[: len(taps)].reshape(PARTITIONS, INPUT_BLOCK)
    return np.asarray(np.fft.rfft(moved, _SIZE, axis=1), np.complex64)


def _power(spectra: NDArray[np.complex64]) -> NDArray[np.float32]:
    return np.asarray(spectra.real**2 + spectra.imag**2)
