"""The live back end: a microphone and a speaker, kept running through loss and return.

Three threads: one carries microphone blocks to the loop, one renders ahead into the speaker, one
watches both devices and is the only one to open and close them.
"""

import sys
import threading
import time
from collections.abc import Callable

from voice.audio.ear import Overhearing
from voice.audio.interface import OnMic, OnState, Renderer, SpeakerBlock
from voice.audio.microphone import AxisClock, Microphone
from voice.audio.repeating import Repeating
from voice.audio.speaker import Speaker
from voice.audio.supervisor import WATCH_S, Side, Supervisor
from voice.errors import MissingError

_PUMP_S = 0.004
_TURN_S = 0.001
"""How long a thread may keep the interpreter while another waits for it. Rendering gives it away
several times a block and waits as often to get it back: with Python's own 5 ms, a decision that
takes 100 ms let the speaker run dry."""


class DeviceBackend:
    """Microphone and speaker on the microphone's time axis; names may be parts, empty: default."""

    def __init__(
        self,
        input_device: str = "",
        output_device: str = "",
        output_rate: int = 48_000,
        ahead_ms: int = 80,
        silence_s: float = 0.0,
        *,
        patient: bool = False,
    ) -> None:
        """`silence_s`: digital silence from the microphone that is remarked on; 0: never.

        `patient`: begin without a device that is not there; it is taken when it comes.
        """
        self._patient = patient
        self.output_rate = output_rate
        self._silence_s = silence_s
        self._overhearing = Overhearing(output_rate)
        self._clock = clock = AxisClock()
        self._microphone = Microphone(input_device, clock, self._overhearing.heard)
        self._speaker = Speaker(output_device, output_rate, ahead_ms / 1000, clock)
        self._closing = threading.Event()
        self._threads: list[Repeating] = []

    @property
    def xruns(self) -> int:
        """How often a device had to drop or invent sound."""
        return self._microphone.overruns + self._speaker.underruns

    def start(self, on_mic: OnMic, renderer: Renderer, on_state: OnState) -> None:
        """Open both devices and begin; MissingError says which one is not there.

        From then on the threads of this process take turns more often.
        """
        sys.setswitchinterval(min(_TURN_S, sys.getswitchinterval()))
        sides: list[Side] = [self._microphone, self._speaker]
        names = [self._first(side) for side in sides]
        if not names[0]:  # else its first sample begins the axis
            self._clock.begin(time.monotonic())
        for side, name in zip(sides, names, strict=True):
            if name:
                on_state(side.kind, "open", name)
        overheard = _Overheard(renderer, self._overhearing)
        self._repeat("microphone", lambda: self._carry(on_mic), _PUMP_S)
        self._repeat("speaker", lambda: self._speaker.pump(overheard), _PUMP_S)
        supervisor = Supervisor(
            self._microphone,
            self._speaker,
            self._overhearing,
            names,
            on_state,
            silence_s=self._silence_s,
        )
        self._repeat("device-watch", lambda: supervisor.look(time.monotonic()), WATCH_S)

    def _first(self, side: Side) -> str:
        """Open a side and give its device; empty when it is waited for."""
        try:
            return side.open(side.name)
        except MissingError:
            if self._patient:
                return ""
            self._microphone.release()
            raise

    def wait(self, timeout_s: float) -> bool:
        """Give True only after `close`: a live input never ends.

        Raises RuntimeError when one of the threads had to give up: without it nobody is heard.
        """
        for thread in self._threads:
            if thread.error:
                raise RuntimeError(f"the sound's thread {thread.name} failed") from thread.error
        return self._closing.wait(timeout_s)

    def close(self) -> None:
        """Stop the threads and close both devices."""
        self._closing.set()
        for thread in self._threads:
            thread.join()
        self._microphone.release()
        self._speaker.release()

    def _repeat(self, name: str, do: Callable[[], None], period_s: float) -> None:
        self._threads.append(Repeating(name, do, period_s, self._closing))

    def _carry(self, on_mic: OnMic) -> None:
        for index, block in self._microphone.blocks():
            on_mic(index, block)


class _Overheard:
    """Passes the renderer's blocks on and lets the watch see them."""

    def __init__(self, renderer: Renderer, overhearing: Overhearing) -> None:
        self._renderer = renderer
        self._overhearing = overhearing

    def render(self) -> SpeakerBlock:
        block = self._renderer.render()
        self._overhearing.played(block)
        return block

    def consumed(self, blocks: int, t: float) -> None:
        self._renderer.consumed(blocks, t)
