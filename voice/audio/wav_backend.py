"""WAV files in the place of microphone and speaker, on one axis.

Input sample k * 160 and output sample k * 480 (at 48 kHz) are the same instant. A block of output
is rendered before the microphone block of the same instant is sent, because the loop can react to
that block only after its end.
"""

import threading
import time
from collections.abc import Iterator
from itertools import chain, repeat
from typing import Literal

import numpy as np

from voice.audio.files import WavReader, WavWriter
from voice.audio.interface import (
    BLOCK_S,
    INPUT_BLOCK,
    LoopProbe,
    MicBlock,
    OnMic,
    OnState,
    Renderer,
)
from voice.audio.room import Room
from voice.errors import UserError

_SETTLE_S = 0.5
"""Silence that always follows the input, so that speech up to its last sample is noticed."""
_POLL_S = 0.001
_LONGEST_TAIL_S = 24 * 3600


class WavBackend:
    """Feeds a file, then silence until the loop is quiet, and writes what the mixer renders."""

    def __init__(
        self,
        reader: WavReader,
        writer: WavWriter | None,
        probe: LoopProbe,
        *,
        output_rate: int,
        pace: Literal["realtime", "fast"] = "realtime",
        tail_s: float = 20.0,
        room: Room | None = None,
    ) -> None:
        problem = _problem(reader, writer, tail_s)
        if problem:
            reader.close()
            if writer:
                writer.discard()
            raise UserError(problem)
        self.output_rate = output_rate
        self._reader = reader
        self._writer = writer
        self._probe = probe
        self._pace = _RealTime() if pace == "realtime" else _Fast(probe)
        self._tail_blocks = round(tail_s / BLOCK_S)
        self._room = room
        self._thread: threading.Thread | None = None
        self._stopping = threading.Event()
        self._done = threading.Event()
        self._error: Exception | None = None

    def start(self, on_mic: OnMic, renderer: Renderer, on_state: OnState) -> None:
        """Begin to feed; returns at once."""
        on_state("microphone", "open", str(self._reader.path))
        if self._writer:
            on_state("speaker", "open", str(self._writer.path))
        self._thread = threading.Thread(
            target=self._run, args=(on_mic, renderer), name="wav-audio", daemon=True
        )
        self._thread.start()

    def wait(self, timeout_s: float) -> bool:
        """Give True when the input is used up and the output complete; raises what went wrong."""
        finished = self._done.wait(timeout_s)
        if self._error:
            raise self._error
        return finished

    def close(self) -> None:
        """Stop and complete the output with what was played so far; no start, no output."""
        self._stopping.set()
        if self._thread:
            self._thread.join()
        self._reader.close()
        if self._writer and self._thread:
            self._writer.close()
        elif self._writer:
            self._writer.discard()

    def _run(self, on_mic: OnMic, renderer: Renderer) -> None:
        try:
            self._feed(on_mic, renderer)
            if self._writer:
                self._writer.close()
        except Exception as error:  # handed to whoever waits
            self._error = error
            if self._writer:
                self._writer.discard()
        finally:
            self._done.set()

    def _feed(self, on_mic: OnMic, renderer: Renderer) -> None:
        self._pace.begin()
        for index, near in enumerate(chain(self._reader.blocks(), self._tail())):
            self._pace.wait_for(index)
            if self._stopping.is_set():
                return
            played = renderer.render()
            heard = self._room.hear(near, played) if self._room else near
            if self._writer:
                self._writer.write(played)
            renderer.consumed(index + 1, (index + 1) * BLOCK_S)
            on_mic(index * INPUT_BLOCK, heard)

    def _tail(self) -> Iterator[MicBlock]:
        silence = np.zeros(INPUT_BLOCK, np.int16)
        for spent, block in enumerate(repeat(silence, self._tail_blocks)):
            if spent >= _SETTLE_S / BLOCK_S:
                self._probe.settle()
                if self._probe.quiet():
                    return
            yield block


def _problem(reader: WavReader, writer: WavWriter | None, tail_s: float) -> str:
    if not 0 <= tail_s <= _LONGEST_TAIL_S:
        return f"--tail {tail_s:g}: give 0 to {_LONGEST_TAIL_S} seconds"
    if writer and writer.path.resolve() == reader.path.resolve():
        return f"{writer.path} is the input; name another file for the output"
    return ""


class _RealTime:
    """The speed of a microphone: a block is there when its last sample would be."""

    def begin(self) -> None:
        self._start = time.monotonic()

    def wait_for(self, index: int) -> None:
        _sleep_until(self._start + (index + 1) * BLOCK_S)


class _Fast:
    """As fast as the loop digests, but no faster than wall time while an engine works."""

    def __init__(self, probe: LoopProbe) -> None:
        self._probe = probe

    def begin(self) -> None:
        self._sent = time.monotonic()
        self._due: float | None = None

    def wait_for(self, index: int) -> None:
        """Wait until the block may be sent.

        The schedule is fixed when an engine becomes busy, so that a late wake-up is caught up
        and the engine's time is the same on the axis as on the wall.
        """
        self._probe.settle()
        if self._due is None:
            self._due = self._sent
        self._due += BLOCK_S
        while self._probe.engine_busy() and (left := self._due - time.monotonic()) > 0:
            time.sleep(min(left, _POLL_S))
            self._probe.settle()
        self._sent = time.monotonic()
        if not self._probe.engine_busy():
            self._due = None


def _sleep_until(due: float) -> None:
    left = due - time.monotonic()
    if left > 0:
        time.sleep(left)
