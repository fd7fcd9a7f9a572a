"""Whether the microphone hears a room, or the speaker's own signal, or nothing at all.

A sound server whose microphone was unplugged may go on with another source without a word, even
with what the speaker plays. Callbacks keep coming then; only the signal tells.
"""

import threading
from collections import deque
from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray

from voice.audio.interface import BLOCK_S, INPUT_BLOCK, INPUT_RATE, MicBlock, SpeakerBlock

Sound = Literal["room", "flat", "speaker", "unclear"]
"""What one second of the microphone is: `flat`, digital silence; `speaker`, what was played."""
Ear = Literal["hears", "silent", "deaf"]
"""`silent`: only digital silence for some time; `deaf`: it is connected to the speaker."""

NEAR_S, FAR_S = 1.0, 2.0
DIGITAL_SILENCE = 2
"""Largest absolute int16 sample of a signal without even noise; resampling leaves ±1."""
_QUIET_S = 0.05
_ACTIVE = 0.003
_PIECES = 4
_AUDIBLE = 30
"""Largest absolute int16 sample from which a piece is compared."""
_FAINTEST = 1e-4
_SAME = 0.95
"""Correlation from which two signals are one. A loudspeaker and a room leave far less."""
_PROOF = 2
"""Seconds that prove that a microphone is none, or is one again."""
_LONGEST_PATIENCE_S = 60.0


def sound(near: MicBlock, far: NDArray[np.float32]) -> Sound:
    """Compare the last second of the microphone with the last two of the speaker, at 16 kHz."""
    peaks = np.abs(near.reshape(-1, INPUT_BLOCK).astype(np.int32)).max(axis=1)
    quiet = int((peaks <= DIGITAL_SILENCE).sum())
    if quiet == len(peaks):
        return "flat"
    likenesses = _likenesses(near, far) if np.abs(far).max() > _ACTIVE else []
    if max(likenesses, default=0.0) < _SAME:
        return "room"
    # The gaps decide: behind real microphones there is noise.
    copied = float(np.median(likenesses)) >= _SAME and quiet >= _QUIET_S / BLOCK_S
    return "speaker" if copied else "unclear"


def _likenesses(near: MicBlock, far: NDArray[np.float32]) -> list[float]:
    """Correlations of the microphone's pieces with what the speaker played, sought anywhere.

    In pieces, because a loaded machine tears gaps into what either side delivers.
    """
    pieces = near.reshape(_PIECES, -1).astype(np.float64)
    return [_correlation(piece, far) for piece in pieces if np.abs(piece).max() > _AUDIBLE]


def _correlation(piece: NDArray[np.float64], far: NDArray[np.float32]) -> float:
    """The piece's highest normalised correlation with any part of `far`."""
    size = 1 << (len(piece) + len(far)).bit_length()
    spectrum = np.fft.rfft(far, size) * np.conj(np.fft.rfft(piece, size))
    products = np.fft.irfft(spectrum, size)[: len(far) - len(piece) + 1]
    sums = np.concatenate([[0.0], np.cumsum(far.astype(np.float64) ** 2)])
    powers = np.maximum(sums[len(piece) :] - sums[: -len(piece)], len(piece) * _FAINTEST**2)
    return float((products / np.sqrt(powers)).max() / np.linalg.norm(piece))


class EarState:
    """What the seconds add up to; pure."""

    def __init__(self, patience_s: float) -> None:
        """Digital silence is remarked on after `patience_s`; 0: never."""
        self.now: Ear = "hears"
        self._patience_s = patience_s
        self._flat = 0
        self._speaker = 0
        self._room = 0

    def note(self, heard: Sound) -> Ear:
        """Take in one more second and give what the ear is now."""
        self._flat = self._flat + 1 if heard == "flat" else 0
        self._room = self._room + 1 if heard == "room" else 0
        if heard == "room":
            self._speaker = 0
            if self.now == "silent":
                # Some microphones gate out all noise: the next silence may last longer.
                self._patience_s = min(2 * self._patience_s, _LONGEST_PATIENCE_S)
            if self.now == "silent" or self._room >= _PROOF:
                self.now = "hears"
        elif heard == "speaker":
            self._speaker += 1
            if self._speaker >= _PROOF:
                self.now = "deaf"
        if self.now == "hears" and 0 < self._patience_s <= self._flat * NEAR_S:
            self.now = "silent"
        return self.now

    def renew(self) -> None:
        """Another stream begins; after a deaf one it has to prove that it hears a room."""
        self._flat = self._speaker = self._room = 0
        if self.now == "silent":
            self.now = "hears"


class Overhearing:
    """The last seconds of both directions. Each method may be called from a thread of its own."""

    def __init__(self, output_rate: int) -> None:
        self._rate = output_rate
        self._near: deque[MicBlock] = deque(maxlen=round(NEAR_S / BLOCK_S))
        self._far: deque[SpeakerBlock] = deque(maxlen=round(FAR_S / BLOCK_S))
        self._lock = threading.Lock()

    def heard(self, block: MicBlock) -> None:
        """A block from the microphone."""
        with self._lock:
            self._near.append(block)

    def played(self, block: SpeakerBlock) -> None:
        """A block for the speaker."""
        with self._lock:
            self._far.append(block.copy())

    def forget(self) -> None:
        """A new stream begins."""
        with self._lock:
            self._near.clear()

    def look(self) -> Sound | None:
        """What the last whole second was; None while there is none."""
        with self._lock:
            if len(self._near) < (self._near.maxlen or 0) or len(self._far) < len(self._near):
                return None
            near, far = np.concatenate(self._near), np.concatenate(self._far)
            self._near.clear()
        return sound(near, soxr.resample(far, self._rate, INPUT_RATE).astype(np.float32))
