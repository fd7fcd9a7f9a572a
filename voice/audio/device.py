"""The live back end: a microphone and a speaker, kept running through loss and return.

Three threads: one carries microphone blocks to the loop, one renders ahead into the speaker, one
watches both devices and is the only one to open and close them.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from voice.audio import portaudio
from voice.audio.interface import OnMic, OnState, Renderer
from voice.audio.microphone import AxisClock, Microphone
from voice.audio.speaker import Speaker
from voice.errors import MissingError

_PUMP_S = 0.004
_WATCH_S = 0.1
_RETRY_S = 0.5

T = TypeVar("T")
Side = Microphone | Speaker


class DeviceBackend:
    """Microphone and speaker on the microphone's time axis; names may be parts, empty: default."""

    def __init__(
        self,
        input_device: str = "",
        output_device: str = "",
        output_rate: int = 48_000,
        ahead_ms: int = 50,
    ) -> None:
        self.output_rate = output_rate
        self._clock = AxisClock()
        self._microphone = Microphone(input_device, self._clock)
        self._speaker = Speaker(output_device, output_rate, ahead_ms / 1000, self._clock)
        self._closing = threading.Event()
        self._threads: list[threading.Thread] = []

    @property
    def xruns(self) -> int:
        """How often a device had to drop or invent sound."""
        return self._microphone.overruns + self._speaker.underruns

    def start(self, on_mic: OnMic, renderer: Renderer, on_state: OnState) -> None:
        """Open both devices and begin; MissingError says which one is not there."""
        portaudio.load()
        sides: list[Side] = [self._microphone, self._speaker]
        try:
            names = [self._microphone.open(), self._speaker.open()]
        except MissingError:
            self._microphone.release()
            raise
        for side, name in zip(sides, names, strict=True):
            on_state(side.kind, "open", name)
        self._spawn("microphone", self._carry, on_mic)
        self._spawn("speaker", self._render, renderer)
        self._spawn("device-watch", self._watch, on_state)

    def wait(self, timeout_s: float) -> bool:
        """Give True only after `close`: a live input never ends."""
        return self._closing.wait(timeout_s)

    def close(self) -> None:
        """Stop the threads and close both devices."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._microphone.release()
        self._speaker.release()

    def _spawn(self, name: str, target: Callable[[T], None], argument: T) -> None:
        thread = threading.Thread(target=target, args=(argument,), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _carry(self, on_mic: OnMic) -> None:
        while not self._closing.wait(_PUMP_S):
            for index, block in self._microphone.blocks():
                on_mic(index, block)

    def _render(self, renderer: Renderer) -> None:
        while not self._closing.wait(_PUMP_S):
            self._speaker.pump(renderer)

    def _watch(self, on_state: OnState) -> None:
        """Report losses and bring lost devices back."""
        sides: list[Side] = [self._microphone, self._speaker]
        reported: set[Side] = set()
        while not self._closing.wait(_RETRY_S if reported else _WATCH_S):
            lost = [side for side in sides if side.lost]
            for side in lost:
                if side not in reported:
                    reported.add(side)
                    on_state(side.kind, "lost", "no sound from the driver")
                side.release()
            if len(lost) == len(sides):
                # Only now: reading the device list again would end a stream that still works.
                with suppress(MissingError):
                    portaudio.rescan()
            for side in lost:
                with suppress(MissingError):  # still away
                    name = side.open()
                    reported.discard(side)
                    on_state(side.kind, "open", name)
