"""Short signals: heard, not understood, microphone lost and back, stand clear."""

from collections import deque

import numpy as np

from voice.audio.interface import SpeakerBlock

_LEVEL = 0.25
_EDGE_S = 0.006

_SCORES: dict[str, tuple[tuple[float, float], ...]] = {
    "heard": ((880.0, 0.06),),
    "not_understood": ((520.0, 0.09), (0.0, 0.03), (390.0, 0.12)),
    "microphone_lost": ((300.0, 0.15), (0.0, 0.08)) * 3,
    "microphone_back": ((440.0, 0.08), (660.0, 0.12)),
    "stand_clear": ((1000.0, 0.12), (0.0, 0.06), (1000.0, 0.12)),
    "speech_lost": ((700.0, 0.07), (350.0, 0.07)) * 3,
}
"""Notes as (frequency in Hz, 0 for a rest; seconds)."""

NAMES = tuple(_SCORES)


def synthesize(name: str, rate: int) -> SpeakerBlock:
    """Give the samples of a named tone; KeyError for a name that is not in NAMES."""
    return np.concatenate([_note(hertz, seconds, rate) for hertz, seconds in _SCORES[name]])


def _note(hertz: float, seconds: float, rate: int) -> SpeakerBlock:
    t = np.arange(round(seconds * rate)) / rate
    edges = np.minimum(1.0, np.minimum(t, seconds - t) / _EDGE_S)
    return (_LEVEL * np.sin(2 * np.pi * hertz * t) * edges).astype(np.float32)


class Tones:
    """Tones one after the other, as a source of the mixer; called under the mixer's lock."""

    def __init__(self) -> None:
        self._waiting: deque[SpeakerBlock] = deque()
        self._position = 0

    @property
    def playing(self) -> bool:
        """Whether anything is left to play."""
        return bool(self._waiting)

    def add(self, samples: SpeakerBlock) -> None:
        """Play a tone after those that wait."""
        self._waiting.append(samples)

    def render(self, out: SpeakerBlock) -> int:
        """Overwrite `out` and give how many of its first samples belong to tones."""
        out.fill(0.0)
        filled = 0
        while self._waiting and filled < len(out):
            part = self._waiting[0][self._position : self._position + len(out) - filled]
            out[filled : filled + len(part)] = part
            filled += len(part)
            self._position += len(part)
            if self._position == len(self._waiting[0]):
                self._waiting.popleft()
                self._position = 0
        return filled
