"""A real microphone: blocks of 10 ms at 16 kHz whose indices stay true to the time axis."""

import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.audio import portaudio
from voice.audio.interface import BLOCK_S, INPUT_BLOCK, INPUT_RATE, MicBlock
from voice.audio.resample import live, to_int16
from voice.audio.ring import Ring

_RING_S = 2.0
_SMOOTHING = 0.01
_GAP_S = 0.015
"""Smaller differences between the sample count and the clock are jitter."""
_LATE_S = 0.05
"""How far silence for a lost microphone stays behind the clock, as real sound would."""
FIRST_CALLBACK_S = 2.0
SILENT_CALLBACKS_S = 0.75
"""A stream without callbacks for this long is taken for dead."""

OnBlock = Callable[[MicBlock], None]


def _ignore(block: MicBlock) -> None:
    """Nobody listens in."""


class AxisClock:
    """Where the monotonic clock stands on the axis of microphone samples.

    The microphone's crystal makes the axis; the mapping follows its drift.
    """

    def __init__(self) -> None:
        self._zero: float | None = None

    def begin(self, at: float) -> None:
        """Let the axis run from a monotonic time on, unless a sample has begun it."""
        if self._zero is None:
            self._zero = at

    def note(self, index: float, at: float) -> None:
        """Sample `index` was taken at monotonic time `at`."""
        zero = at - index / INPUT_RATE
        self._zero = zero if self._zero is None else self._zero + _SMOOTHING * (zero - self._zero)

    def axis(self, at: float) -> float:
        """Give the axis time (s) of a monotonic time; 0 before the first sample."""
        return 0.0 if self._zero is None else at - self._zero


class Heartbeat:
    """Whether a stream's callbacks still come."""

    def __init__(self) -> None:
        self._ended = threading.Event()
        self._last = time.monotonic() + FIRST_CALLBACK_S - SILENT_CALLBACKS_S

    def beat(self, now: float) -> None:
        """A callback ran."""
        self._last = max(now, self._last)

    def end(self) -> None:
        """The stream ended by itself."""
        self._ended.set()

    def dead(self) -> bool:
        """Whether the stream ended or its callbacks stopped."""
        return self._ended.is_set() or time.monotonic() - self._last > SILENT_CALLBACKS_S


class Microphone:
    """One input device that may be lost and opened again. One thread reads, one supervises."""

    kind: portaudio.Kind = "microphone"

    def __init__(self, name: str, clock: AxisClock, overheard: OnBlock = _ignore) -> None:
        """`overheard` is called with every block that the device gives."""
        self.name = name
        self.deaf = False
        """While True, silence is given in the place of what the device gives."""
        self._overruns = 0
        self._clock = clock
        self._overheard = overheard
        self._capture: _Capture | None = None
        self._next = 0

    def open(self, name: str) -> str:
        """Start to record and give the device's name; MissingError when that is impossible.

        A stream that is open already is closed once the new one runs.
        """
        capture = _Capture(name)
        self.release()
        self._capture = capture
        return capture.opened.device.name

    def release(self) -> None:
        """Close the stream; the axis goes on."""
        capture, self._capture = self._capture, None
        if capture:
            self._overruns += capture.overruns
            capture.close()

    @property
    def overruns(self) -> int:
        """How often sound was lost because nobody took it in time."""
        capture = self._capture
        return self._overruns + (capture.overruns if capture else 0)

    @property
    def lost(self) -> bool:
        """Whether there is no working stream."""
        return self._capture is None or self._capture.heartbeat.dead()

    def blocks(self) -> Iterator[tuple[int, MicBlock]]:
        """Give what has arrived since the last call, or silence by the clock while lost."""
        capture = self._capture
        if capture is None or capture.heartbeat.dead():
            yield from self._silence(time.monotonic() - _LATE_S)
        elif self.deaf:
            capture.first_index = None
            for block in capture.drain():
                self._overheard(block)
            yield from self._silence(time.monotonic() - _LATE_S)
        else:
            yield from self._cut(capture)

    def _silence(self, until: float) -> Iterator[tuple[int, MicBlock]]:
        """Give silence up to a moment of the monotonic clock."""
        due = self._clock.axis(until) * INPUT_RATE
        while self._next + INPUT_BLOCK <= due:
            yield self._count(np.zeros(INPUT_BLOCK, np.int16))

    def _cut(self, capture: "_Capture") -> Iterator[tuple[int, MicBlock]]:
        if capture.first_index is None and capture.anchor:
            # Silence up to the first sample of a stream that was opened, or is believed, again.
            yield from self._silence(capture.next_taken())
            capture.begin(self._next)
        for block in capture.read(self._clock):
            self._overheard(block)
            yield self._count(block)

    def _count(self, block: MicBlock) -> tuple[int, MicBlock]:
        index, self._next = self._next, self._next + INPUT_BLOCK
        return index, block


class _Capture:
    """One stream from its opening to its loss."""

    def __init__(self, name: str) -> None:
        self.heartbeat = Heartbeat()
        self.overruns = 0
        self.anchor: tuple[int, float, int] | None = None
        """The newest callback: its first frame, when that was taken, overruns until then."""
        self.first_index: float | None = None
        """The axis sample of frame 0."""
        self._frames = 0
        self._taken = 0
        """Frames that were read from the ring."""
        self._dropping = False
        self._filled = 0
        self._overruns_filled = 0
        self._ready = np.empty(0, np.int16)
        self.opened = portaudio.open_stream(
            "microphone", name, INPUT_RATE, self._callback, self.heartbeat.end
        )
        self._resampler = live(self.opened.rate, INPUT_RATE)
        self._ring = Ring(round(_RING_S * self.opened.rate) * self.opened.channels, np.int16)
        self._buffer = np.empty(self.opened.rate * self.opened.channels, np.int16)
        self.opened.start()

    def close(self) -> None:
        self.opened.close()

    def _callback(self, data: Any, frames: int, when: Any, status: Any) -> None:
        """Copy and note the time, on PortAudio's thread."""
        now = time.monotonic()
        self.heartbeat.beat(now)
        samples = np.frombuffer(data, np.int16)
        if self._ring.writable < len(samples):
            self._dropping = True
            return
        if self._dropping or status.input_overflow:
            self._dropping = False
            self.overruns += 1
        self._ring.write(samples)
        taken = now + _sane(when.inputBufferAdcTime - when.currentTime)
        self.anchor = (self._frames, taken, self.overruns)
        self._frames += frames

    def next_taken(self) -> float:
        """When the next frame to be read was taken, by the monotonic clock."""
        frame, taken, _ = self.anchor or (0, time.monotonic(), 0)
        return taken + (self._taken - frame) / self.opened.rate

    def begin(self, index: int) -> None:
        """The next frame to be read is axis sample `index`."""
        self._ready = np.empty(0, np.int16)
        self._filled, self._overruns_filled = 0, self.overruns
        self.first_index = index - self._taken * INPUT_RATE / self.opened.rate

    def read(self, clock: AxisClock) -> Iterator[MicBlock]:
        """Give the whole blocks that have arrived."""
        anchor = self.anchor
        if anchor is None or self.first_index is None:
            return
        self._take()
        self._keep_axis(*anchor, self.first_index, clock)
        yield from self._whole()

    def drain(self) -> Iterator[MicBlock]:
        """Give the whole blocks that have arrived, whenever that was."""
        self._take()
        yield from self._whole()

    def _take(self) -> None:
        count = self._ring.read(self._buffer)
        channels = self.opened.channels
        self._push(self._buffer[:count].reshape(-1, channels).mean(axis=1) / 32768.0)
        self._taken += count // channels

    def _whole(self) -> Iterator[MicBlock]:
        whole = len(self._ready) - len(self._ready) % INPUT_BLOCK
        yield from self._ready[:whole].reshape(-1, INPUT_BLOCK)
        self._ready = self._ready[whole:]

    def _keep_axis(
        self, frame: int, taken: float, overruns: int, first_index: float, clock: AxisClock
    ) -> None:
        """Fill what an overrun lost with silence; else follow the drift of the clocks."""
        index = first_index + (frame + self._filled) * INPUT_RATE / self.opened.rate
        late = clock.axis(taken) - index / INPUT_RATE
        if overruns != self._overruns_filled and late > _GAP_S:
            missing = round(late * self.opened.rate)
            self._push(np.zeros(missing, np.float32))
            self._filled += missing
        else:
            clock.note(index, taken)
        self._overruns_filled = overruns

    def _push(self, mono: NDArray[np.floating[Any]]) -> None:
        samples = self._resampler.push(mono.astype(np.float32))
        self._ready = np.concatenate([self._ready, to_int16(samples)])


def _sane(offset: float) -> float:
    """Some drivers give no time for the buffer; then it ended with the callback."""
    return offset if -1.0 < offset < 0.1 else -BLOCK_S
