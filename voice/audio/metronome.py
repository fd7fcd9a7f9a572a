"""The compression beat: a click at each sample that its schedule names."""

import msgspec
import numpy as np

from voice.audio.beats import Schedule, Sets, Strike
from voice.audio.interface import SpeakerBlock

SLOWEST, FASTEST = 30.0, 240.0
"""Accepted rates in beats a minute; far wider than any guideline, so that typing errors show."""
_CLICK_S = 0.030


class Struck(msgspec.Struct, frozen=True, kw_only=True):
    """A beat reached the device."""

    t: float
    """Seconds on the input's axis."""
    number: int
    """Its number within the set, from 1; 0: not counted."""
    of: int
    """Beats of a set; 0: without sets."""
    rate: float
    """Beats a minute."""
    next_s: float
    """From this beat to the next, as things stand."""


def click(rate: int) -> SpeakerBlock:
    """Synthesise one click: two struck partials with an instant attack and a quick decay."""
    t = np.arange(round(_CLICK_S * rate)) / rate
    sound = 0.7 * np.cos(2 * np.pi * 1000 * t) + 0.3 * np.cos(2 * np.pi * 2100 * t)
    envelope = np.exp(-t / 0.006) * np.minimum(1.0, (_CLICK_S - t) / 0.005)
    samples: SpeakerBlock = (0.6 * sound * envelope).astype(np.float32)
    return samples


class Metronome:
    """The beat as a source of the mixer; every method is called under the mixer's lock."""

    def __init__(self, sample_rate: int) -> None:
        self._fs = sample_rate
        self._click = click(sample_rate)
        self.schedule: Schedule | None = None
        """Where the coming beats fall; None while it is off."""
        self._struck: int | None = None
        """Where the click that is not over yet began."""
        self.last_sample = -1
        """The last sample of a click rendered so far."""

    @property
    def on(self) -> bool:
        """Whether further beats will come."""
        return self.schedule is not None

    @property
    def ringing(self) -> bool:
        """Whether a click goes on past the rendered blocks."""
        return self._struck is not None

    def start(self, now: int, rate: float, sets: Sets | None) -> None:
        """Begin with a beat at sample `now`, or change how the running beat goes on."""
        if self.schedule is None:
            self.schedule = Schedule(self._fs, now, rate, sets)
            return
        if rate != self.schedule.rate:
            self.schedule.retime(now, rate)
        if sets != self.schedule.sets:
            self.schedule.regroup(now, sets)

    def stop(self) -> None:
        """Strike no more beats; a click that sounds rings out."""
        self.schedule = None

    def render(self, out: SpeakerBlock, start: int, *, may_count: bool = True) -> list[Strike]:
        """Overwrite `out`, whose first sample has index `start`, and give the beats in it.

        `may_count`: a beat here may be the first that is counted.
        """
        out.fill(0.0)
        self._ring(out, start)
        strikes = []
        while self.schedule is not None and self.schedule.next < start + len(out):
            strikes.append(self.schedule.take(may_count))
            self._struck = strikes[-1].sample
            self._ring(out, start)
        return strikes

    def _ring(self, out: SpeakerBlock, start: int) -> None:
        """Add the part of the current click that falls into this block."""
        if self._struck is None:
            return
        offset = self._struck - start
        into, skipped = max(offset, 0), max(-offset, 0)
        part = self._click[skipped : skipped + len(out) - into]
        out[into : into + len(part)] += part
        self.last_sample = start + into + len(part) - 1
        if offset + len(self._click) <= len(out):
            self._struck = None
