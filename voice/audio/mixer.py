"""The one owner of the output: mixes voice, beat and tones into blocks of 10 ms.

Commands come from the loop's thread, `render` and `consumed` from the back end's; a lock keeps them
apart. A command takes effect with the next block that is rendered. Sample positions count from the
first rendered block, so a beat stays where it is whatever the other sources do.
"""

import logging
import threading
from collections.abc import Callable, Mapping
from typing import Literal

import msgspec
import numpy as np
import soxr
from numpy.typing import NDArray

from voice.audio import tones
from voice.audio.beats import Schedule, Strike
from voice.audio.count_track import Count
from voice.audio.gain import Limiter, Ramp, decibels
from voice.audio.interface import (
    BLOCK_S,
    EndReason,
    SoundEnded,
    SoundEvent,
    SoundStarted,
    SpeakerBlock,
)
from voice.audio.lead_in import LeadIn
from voice.audio.metronome import FASTEST, SLOWEST, Metronome, Struck
from voice.audio.mouth import Mouth
from voice.errors import UserError
from voice.events import Source

DUCK_DB = -9.0
"""Level of the beat while the voice sounds."""
RATES = (16_000, 32_000, 48_000, 96_000)
"""Whole multiples of the input's rate, so that both share one axis of samples."""
LOUDEST_DB, QUIETEST_DB = 18.0, -30.0

Tap = Callable[[Mapping[Source, SpeakerBlock]], None]
"""Called with each source's share of a block, before the limiter; valid during the call."""

log = logging.getLogger(__name__)


class Mixer:
    """Renders the output and reports what of it reached the device.

    `on_event` is called from the thread that calls `consumed`; `tap` from the one that renders.
    """

    def __init__(
        self,
        rate: int,
        on_event: Callable[[SoundEvent], None],
        tap: Tap | None = None,
        *,
        lead_in_s: float = 0.0,
        on_struck: Callable[[Struck], None] | None = None,
    ) -> None:
        """`lead_in_s`: faint noise before speech that follows a pause.

        `on_struck` is told of every beat that reached the device, like `on_event`.
        """
        if rate not in RATES:
            raise UserError(f"audio.output_rate {rate}: give {', '.join(map(str, RATES))}")
        self.rate = rate
        self.block = round(rate * BLOCK_S)
        self.faults = 0
        """Blocks that were left silent because a source failed."""
        self._on_event = on_event
        self._on_struck = on_struck
        self._tap = tap
        self._lock = threading.Lock()
        self._position = 0
        self._marks: list[tuple[int, SoundEvent | Struck]] = []
        self._mouth = Mouth(rate, self.block, self._note)
        self._voice = self._mouth.voice
        self._lead_in = LeadIn(self.block, lead_in_s)
        self._metronome = Metronome(rate)
        self._beat_sounds = False
        self._tones = tones.Tones()
        self._tone_sounds = False
        self._duck = Ramp(rate, self.block, seconds=0.06)
        self._gain = Ramp(rate, self.block, seconds=0.1)
        self._limiter = Limiter(rate, self.block)
        self._out = np.zeros(self.block, np.float32)
        self._parts: dict[Source, SpeakerBlock] = {
            "voice": np.zeros(self.block, np.float32),
            "beat": np.zeros(self.block, np.float32),
            "tone": np.zeros(self.block, np.float32),
        }

    # Commands

    def begin_voice(self, utterance: int) -> None:
        """Open an utterance that plays after those before it."""
        with self._lock:
            self._voice.begin(utterance)

    def feed_voice(self, utterance: int, audio: NDArray[np.int16], rate: int) -> None:
        """Append a whole sentence or clip; ignored when the utterance was stopped meanwhile."""
        samples = self.convert(audio, rate)
        with self._lock:
            self._voice.feed(utterance, samples)

    def end_voice(self, utterance: int) -> None:
        """No more audio will come for this utterance."""
        with self._lock:
            self._voice.finish(utterance)

    def stop_voice(self, reason: Literal["stopped", "interrupted"] = "stopped") -> None:
        """Fade out within 15 ms and drop every utterance, a paused one too."""
        with self._lock:
            self._voice.stop(reason, self._position)

    def pause_voice(self) -> None:
        """Fade out and hold; utterances begun meanwhile are held too."""
        with self._lock:
            self._voice.pause()

    def resume_voice(self) -> None:
        """Go on where the pause began; nothing is lost."""
        with self._lock:
            self._voice.resume()

    def convert(self, audio: NDArray[np.int16], rate: int) -> SpeakerBlock:
        """Samples as the mixer takes them: floats at its own rate."""
        samples = audio.astype(np.float32) / 32768.0
        if rate == self.rate:
            return samples
        resampled: SpeakerBlock = soxr.resample(samples, rate, self.rate)
        return resampled

    def tone(self, name: str) -> None:
        """Play one of `tones.NAMES`."""
        samples = tones.synthesize(name, self.rate)
        with self._lock:
            self._tones.add(samples)

    def beat(self, on: bool, rate: float = 110.0, count: Count | None = None) -> None:
        """Switch the metronome or change its rate (beats a minute); the beat in progress stays.

        With `count` it beats in sets. Counting begins with a beat at which nothing else is said.
        """
        if not SLOWEST <= rate <= FASTEST:
            raise ValueError(f"beat rate {rate} is outside {SLOWEST:.0f}-{FASTEST:.0f}")
        with self._lock:
            self._mouth.count.start(count if on else None)
            if on:
                self._metronome.start(self._position, rate, count.sets if count else None)
            else:
                self._metronome.stop()

    def gain(self, db: float) -> None:
        """Set the loudness of everything, in dB relative to the usual."""
        with self._lock:
            self._gain.target = decibels(min(max(db, QUIETEST_DB), LOUDEST_DB))

    @property
    def idle(self) -> bool:
        """Whether nothing is left to play and all of it reached the device."""
        with self._lock:
            beat = self._metronome.on or self._beat_sounds
            return not (beat or self._mouth.pending or self._tones.playing or self._marks)

    # The back end's side

    def render(self) -> SpeakerBlock:
        """Give the next 10 ms; the array is only valid until the next call. Never raises."""
        with self._lock:
            try:
                self._mix()
            except Exception:
                # A fault in one sound must not take the beat and the device down with it.
                self.faults += 1
                if self.faults == 1:
                    log.exception("mixer: a block was left silent")
                self._out.fill(0.0)
            self._position += self.block
            return self._out

    def consumed(self, blocks: int, t: float) -> None:
        """Note that the first `blocks` blocks rendered so far reached the device by time t (s)."""
        reached = blocks * self.block
        with self._lock:
            due = sorted((m for m in self._marks if m[0] < reached), key=lambda mark: mark[0])
            if due:
                self._marks = [mark for mark in self._marks if mark[0] >= reached]
        for sample, event in due:
            at = t - (reached - sample) / self.rate
            event = msgspec.structs.replace(event, t=at)
            if not isinstance(event, Struck):
                self._on_event(event)
            elif self._on_struck:
                self._on_struck(event)

    def _mix(self) -> None:
        voice, beat, tone = self._parts.values()
        self._render_beat(beat)
        sounding = self._voice.sounding or self._metronome.on or self._tones.playing
        if not self._lead_in.holds(voice, waiting=self._voice.waiting, silent=not sounding):
            self._mouth.render(voice, self._position, signal=self._tones.playing)
        self._render_tone(tone)
        self._duck.target = decibels(DUCK_DB) if self._voice.sounding else 1.0
        self._duck.apply(beat)
        factors = self._gain.advance()
        if factors is not None:
            for part in self._parts.values():
                part *= factors
        if self._tap:
            self._tap(self._parts)
        np.add(voice, beat, out=self._out)
        self._out += tone
        self._limiter.apply(self._out)

    def _render_beat(self, out: SpeakerBlock) -> None:
        metronome = self._metronome
        strikes = metronome.render(out, self._position, may_count=not self._voice.due)
        schedule = metronome.schedule
        for strike in strikes:
            if not self._beat_sounds:
                self._beat_sounds = True
                self._note(strike.sample, SoundStarted(t=0.0, source="beat"))
            if schedule:
                self._mouth.count.struck(strike, schedule)
                self._note_beat(strike, schedule)
        if self._beat_sounds and not metronome.ringing and (schedule is None or schedule.resting):
            self._beat_sounds = False
            reason: EndReason = "finished" if schedule else "stopped"
            self._note(metronome.last_sample, SoundEnded(t=0.0, source="beat", reason=reason))

    def _render_tone(self, out: SpeakerBlock) -> None:
        filled = self._tones.render(out)
        if filled and not self._tone_sounds:
            self._tone_sounds = True
            self._note(self._position, SoundStarted(t=0.0, source="tone"))
        if self._tone_sounds and not self._tones.playing:
            self._tone_sounds = False
            last = self._position + filled - 1
            self._note(last, SoundEnded(t=0.0, source="tone", reason="finished"))

    def _note_beat(self, strike: Strike, schedule: Schedule) -> None:
        if self._on_struck is None:
            return
        struck = Struck(
            t=0.0,
            number=strike.number,
            of=schedule.sets.beats if schedule.sets else 0,
            rate=schedule.rate,
            next_s=(schedule.next - strike.sample) / self.rate,
        )
        self._marks.append((strike.sample, struck))

    def _note(self, sample: int, event: SoundEvent) -> None:
        self._marks.append((sample, event))
