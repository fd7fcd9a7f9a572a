"""A real speaker: the mixer rendered ahead of the device, and what of it was heard when."""

import math
import time
from typing import Any

import numpy as np

from voice.audio import portaudio
from voice.audio.interface import BLOCK_S, Renderer, SpeakerBlock
from voice.audio.microphone import AxisClock, Heartbeat
from voice.audio.resample import live
from voice.audio.ring import Ring

_SETTLE_S = 0.2
"""Silence with which a stream that was opened again begins, until its timing is known."""


class Speaker:
    """One output device that may be lost and opened again. One thread pumps, one supervises.

    While it is lost, the mixer is rendered by the clock and dropped: a beat keeps its phase.
    """

    kind: portaudio.Kind = "speaker"

    def __init__(self, name: str, rate: int, ahead_s: float, clock: AxisClock) -> None:
        self.name = name
        self._underruns = 0
        self._rate = rate
        self._ahead_s = ahead_s
        self._clock = clock
        self._playback: _Playback | None = None
        self._rendered = 0
        self._played_at = time.monotonic()
        """When the block after the last reported one reaches the device."""
        self._reported = 0

    def open(self, name: str) -> str:
        """Start to play and give the device's name; MissingError when that is impossible.

        A stream that is open already is closed once the new one runs.
        """
        playback = _Playback(name, self._rate)
        self.release()
        self._playback = playback
        return playback.opened.device.name

    def release(self) -> None:
        """Close the stream; the mixer's time goes on."""
        playback, self._playback = self._playback, None
        if playback:
            self._underruns += playback.underruns
            playback.close()

    @property
    def underruns(self) -> int:
        """How often the device had nothing to play."""
        playback = self._playback
        return self._underruns + (playback.underruns if playback else 0)

    @property
    def lost(self) -> bool:
        """Whether there is no working stream."""
        return self._playback is None or self._playback.heartbeat.dead()

    def pump(self, renderer: Renderer) -> None:
        """Render what the device will need soon and report what it has played."""
        playback = self._playback
        if playback is None or playback.heartbeat.dead():
            self._skip(renderer, time.monotonic())
        elif playback.first_block is None and not self._take_up(playback, renderer):
            self._skip(renderer, time.monotonic())
            playback.idle(self._ahead_s)
        else:
            while playback.ahead_s < self._ahead_s:
                playback.add(renderer)
                self._rendered += 1
            self._report(renderer, *playback.played(time.monotonic()))

    def _take_up(self, playback: "_Playback", renderer: Renderer) -> bool:
        """Go on where the mixer's clock is; False while a new stream's timing is not known."""
        if self._rendered:
            due = playback.next_heard()
            if due is None:
                return False
            self._skip(renderer, due)
            # What is rendered next was due a part of a block before or after that moment.
            playback.wait(self._played_at + (self._rendered - self._reported) * BLOCK_S - due)
        playback.begin(self._rendered)
        return True

    def _skip(self, renderer: Renderer, until: float) -> None:
        """Render and drop what would have been played by then."""
        due = self._reported + math.floor((until - self._played_at) / BLOCK_S)
        while self._rendered < due:
            renderer.render()
            self._rendered += 1
        if due > self._reported:
            self._report(renderer, due, self._played_at + (due - self._reported) * BLOCK_S)

    def _report(self, renderer: Renderer, blocks: int, at: float) -> None:
        if blocks > self._reported:
            self._reported, self._played_at = blocks, at
            renderer.consumed(blocks, self._clock.axis(at))


class _Playback:
    """One stream from its opening to its loss."""

    def __init__(self, name: str, rate: int) -> None:
        self.heartbeat = Heartbeat()
        self.underruns = 0
        self.first_block: int | None = None
        """The mixer's block that follows the silence with which the stream began."""
        self._anchor: tuple[int, float] | None = None
        """The newest callback: its first frame and when that reaches the speaker."""
        self._frames = 0
        self._written = 0
        self._silent = 0
        """Frames of silence before `first_block`."""
        self._scratch = np.zeros(0, np.float32)
        self.opened = portaudio.open_stream(
            "speaker", name, rate, self._callback, self.heartbeat.end
        )
        self._resampler = live(rate, self.opened.rate)
        self._ring = Ring(self.opened.rate, np.float32)
        self._scratch = np.zeros(self.opened.rate, np.float32)
        self.opened.start()

    @property
    def ahead_s(self) -> float:
        """How much sound waits for the device."""
        return self._ring.readable / self.opened.rate

    def close(self) -> None:
        self.opened.close()

    def add(self, renderer: Renderer) -> None:
        """Render one more block for the device."""
        self._write(self._resampler.push(renderer.render()))

    def idle(self, seconds: float) -> None:
        """Let the device have so much silence."""
        self.wait(seconds - self.ahead_s)

    def wait(self, seconds: float) -> None:
        """Add silence."""
        self._write(np.zeros(max(0, round(seconds * self.opened.rate)), np.float32))

    def begin(self, block: int) -> None:
        """What is added next begins with this block of the mixer."""
        self.first_block, self._silent = block, self._written

    def next_heard(self) -> float | None:
        """When what is added next reaches the speaker; None while the stream is too young."""
        if self._anchor is None or self._frames < _SETTLE_S * self.opened.rate:
            return None
        frame, at = self._anchor
        return at + (self._written - frame) / self.opened.rate

    def _write(self, samples: SpeakerBlock) -> None:
        self._written += self._ring.write(samples)

    def played(self, now: float) -> tuple[int, float]:
        """Give how many of the mixer's blocks have reached the speaker, and when the last did."""
        if self._anchor is None or self.first_block is None:
            return 0, now
        frame, at = self._anchor
        heard = min(frame + (now - at) * self.opened.rate, self._frames) - self._silent
        blocks = max(0, math.floor(heard / self.opened.rate / BLOCK_S))
        end = at + blocks * BLOCK_S + (self._silent - frame) / self.opened.rate
        return self.first_block + blocks, end

    def _callback(self, data: Any, frames: int, when: Any, status: Any) -> None:
        """Copy and note the time, on PortAudio's thread."""
        now = time.monotonic()
        mono = self._scratch[:frames]
        count = self._ring.read(mono)
        mono[count:] = 0.0
        out = np.frombuffer(data, np.float32).reshape(frames, -1)
        out[:] = mono[:, np.newaxis]
        if self._frames and (count < frames or status.output_underflow):
            self.underruns += 1
        if count:
            offset = when.outputBufferDacTime - when.currentTime
            self._anchor = (self._frames, now + (offset if 0.0 <= offset < 1.0 else 0.0))
        self._frames += count
        self.heartbeat.beat(now)
