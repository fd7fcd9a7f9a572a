"""A mixer without a device: everything it rendered and reported, and where its clicks began."""

from dataclasses import dataclass, field

import numpy as np

from voice.audio.interface import SoundEvent
from voice.audio.mixer import Mixer

RATE = 48_000
BLOCK = 480


@dataclass
class Bench:
    """A mixer, everything it rendered and everything it reported."""

    rate: int = RATE
    events: list[SoundEvent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.parts: dict[str, list[np.ndarray]] = {"voice": [], "beat": [], "tone": [], "sum": []}
        self.mixer = Mixer(self.rate, self.events.append, tap=self._tap)
        self.blocks = 0

    def _tap(self, parts):
        for source, block in parts.items():
            self.parts[source].append(block.copy())

    def run(self, blocks: int, consume: bool = True) -> None:
        for _ in range(blocks):
            self.parts["sum"].append(self.mixer.render().copy())
            self.blocks += 1
            if consume:
                self.mixer.consumed(self.blocks, self.blocks * 0.01)

    def sound(self, source: str = "sum") -> np.ndarray:
        return np.concatenate(self.parts[source])

    def say(self, utterance: int, samples: np.ndarray, complete: bool = True) -> None:
        self.mixer.begin_voice(utterance)
        self.mixer.feed_voice(utterance, samples, self.rate)
        if complete:
            self.mixer.end_voice(utterance)


def ramp_speech(length: int) -> np.ndarray:
    """Samples that name their own position, so that lost or doubled ones show."""
    return (np.arange(1, length + 1) % 30_000 + 1000).astype(np.int16)


def struck(beat: np.ndarray) -> list[int]:
    """Where clicks begin in a stem: the first sample after silence."""
    loud = np.abs(beat) > 1e-6
    gap = 2000
    starts, last = [], -gap
    for sample in np.flatnonzero(loud):
        if sample - last >= gap:
            starts.append(int(sample))
        last = sample
    return starts
