"""The compression beat: where each click falls, by sample index, and how it sounds."""

import numpy as np

from voice.audio.interface import SpeakerBlock

SLOWEST, FASTEST = 30.0, 240.0
"""Accepted rates in beats a minute; far wider than any guideline, so that typing errors show."""
_CLICK_S = 0.030


def click(rate: int) -> SpeakerBlock:
    """Synthesise one click: two struck partials with an instant attack and a quick decay."""
    t = np.arange(round(_CLICK_S * rate)) / rate
    sound = 0.7 * np.cos(2 * np.pi * 1000 * t) + 0.3 * np.cos(2 * np.pi * 2100 * t)
    envelope = np.exp(-t / 0.006) * np.minimum(1.0, (_CLICK_S - t) / 0.005)
    samples: SpeakerBlock = (0.6 * sound * envelope).astype(np.float32)
    return samples


class Schedule:
    """Beat k falls on `first + round(k * 60 * fs / rate)`."""

    def __init__(self, sample_rate: int, first: int, rate: float) -> None:
        self._fs = sample_rate
        self._first = first
        self._k = 0
        self.rate = rate

    @property
    def next(self) -> int:
        """The sample of the next beat."""
        return self._first + round(self._k * 60 * self._fs / self.rate)

    def advance(self) -> None:
        """The next beat has been struck."""
        self._k += 1

    def retime(self, now: int, rate: float) -> None:
        """Change the rate at sample `now`: the share of the beat that has passed is kept."""
        left = (self.next - now) * self.rate / rate
        self._first, self._k, self.rate = now + round(left), 0, rate


class Metronome:
    """The beat as a source of the mixer; every method is called under the mixer's lock."""

    def __init__(self, sample_rate: int) -> None:
        self._fs = sample_rate
        self._click = click(sample_rate)
        self._schedule: Schedule | None = None
        self._struck: int | None = None
        """Where the click that is not over yet began."""
        self.last_sample = -1
        """The last sample of a click rendered so far."""

    @property
    def on(self) -> bool:
        """Whether further beats will come."""
        return self._schedule is not None

    @property
    def ringing(self) -> bool:
        """Whether a click goes on past the rendered blocks."""
        return self._struck is not None

    def start(self, now: int, rate: float) -> None:
        """Begin with a beat at sample `now`, or change the rate of the running beat."""
        if self._schedule is None:
            self._schedule = Schedule(self._fs, now, rate)
        elif rate != self._schedule.rate:
            self._schedule.retime(now, rate)

    def stop(self) -> None:
        """Strike no more beats; a click that sounds rings out."""
        self._schedule = None

    def render(self, out: SpeakerBlock, start: int) -> None:
        """Overwrite `out`, whose first sample has index `start`."""
        out.fill(0.0)
        self._ring(out, start)
        while self._schedule is not None and self._schedule.next < start + len(out):
            self._struck = self._schedule.next
            self._schedule.advance()
            self._ring(out, start)

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
