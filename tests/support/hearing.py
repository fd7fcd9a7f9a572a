"""Drives a Listener over recorded audio, the recognisers' real time laid on the audio's axis.

Audio never runs ahead of a request: after each block the driver waits for every recogniser, and
hands a result over once the audio has advanced by the time that it took.
"""

import queue
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from voice.audio.interface import INPUT_BLOCK, INPUT_RATE
from voice.config import Settings
from voice.engines import roster
from voice.engines.host import WorkerHost
from voice.engines.interfaces import Engine, OnResult, Request, Result, Weighed
from voice.events import EngineState
from voice.listening.listener import Listener, Output, Tag, Turn

T = TypeVar("T")


class Timed:
    """An engine that notes how long each of its requests takes."""

    def __init__(self, engine: Engine) -> None:
        self.name = engine.name
        self.in_flight = 0
        self._engine = engine
        self._took: dict[int, float] = {}

    @property
    def state(self) -> EngineState:
        return self._engine.state

    @property
    def busy(self) -> bool:
        return self._engine.busy

    def submit(self, request: Request, on_result: OnResult) -> int:
        self.in_flight += 1
        asked = time.monotonic()

        def timed(result: Result) -> None:
            self._took[id(result)] = time.monotonic() - asked
            on_result(result)

        return self._engine.submit(request, timed)

    def took(self, result: Result) -> float:
        """Seconds from the request to this result, asked once."""
        self.in_flight -= 1
        return self._took.pop(id(result))

    def cancel(self, before: int) -> None:
        self._engine.cancel(before)

    def close(self) -> None:
        self._engine.close()


@dataclass
class Heard:
    """What came out, each with the time on the audio's axis at which it did."""

    outputs: list[tuple[float, Output]] = field(default_factory=list)
    decode_s: list[float] = field(default_factory=list)

    def of(self, kind: type[T]) -> list[T]:
        return [output for _, output in self.outputs if isinstance(output, kind)]

    @property
    def turns(self) -> list[Turn]:
        """The committed turns, of a reopened one only the last revision."""
        return list({turn.turn: turn for turn in self.of(Turn)}.values())


class Hearing:
    """One listener on real or given recognisers."""

    def __init__(
        self,
        base: Engine,
        tiny: Engine,
        settings: Settings | None = None,
        expected: Callable[[str], bool] = lambda text: False,
        hint: Callable[[], str] = lambda: "",
        likely: Callable[[], tuple[str, ...]] = lambda: (),
        chosen: Callable[[Sequence[Weighed]], Weighed | None] = lambda weighed: None,
    ) -> None:
        self._engines = {"base": Timed(base), "tiny": Timed(tiny)}
        self._results: queue.SimpleQueue[tuple[Result, Tag]] = queue.SimpleQueue()
        self._at = 0
        self._due: list[tuple[float, Result, Tag]] = []
        self.listener = Listener(
            settings or Settings(),
            self._engines["base"],
            self._engines["tiny"],
            lambda result, tag: self._results.put((result, tag)),
            expected=expected,
            hint=hint,
            likely=likely,
            chosen=chosen,
        )

    def hear(self, audio: NDArray[np.int16]) -> Heard:
        """Play the audio into the listener, then silence until it has come to rest."""
        heard = Heard()
        whole = len(audio) // INPUT_BLOCK * INPUT_BLOCK
        for block in np.split(audio[:whole], whole // INPUT_BLOCK):
            self._push(heard, block)
        rest = self._at + 2 * INPUT_RATE
        while not self.listener.idle or self._at < rest:
            self._push(heard, np.zeros(INPUT_BLOCK, np.int16))
        return heard

    def _push(self, heard: Heard, block: NDArray[np.int16]) -> None:
        start, self._at = self._at, self._at + INPUT_BLOCK
        now = self._at / INPUT_RATE
        self._note(heard, now, self.listener.push(start, block))
        self._settle(heard, now)

    def _settle(self, heard: Heard, now: float) -> None:
        while any(engine.in_flight for engine in self._engines.values()):
            result, tag = self._results.get(timeout=60)
            took = self._engines[tag.engine].took(result)
            if tag.purpose == "turn":
                heard.decode_s.append(took)
            self._due.append((now + took, result, tag))
        due = sorted((d for d in self._due if d[0] <= now), key=lambda d: d[0])
        self._due = [d for d in self._due if d[0] > now]
        for _, result, tag in due:
            self._note(heard, now, self.listener.on_transcript(result, tag))

    def _note(self, heard: Heard, now: float, outputs: list[Output]) -> None:
        heard.outputs += [(now, output) for output in outputs]


def unhurried() -> Settings:
    """The default settings, but base is never helped out: hears the same on a busy machine."""
    settings = Settings()
    return msgspec.structs.replace(
        settings,
        listening=msgspec.structs.replace(settings.listening, backup_ms=60_000),
        stt=msgspec.structs.replace(settings.stt, deadline_s=120.0),
        governor=msgspec.structs.replace(settings.governor, slow_s=600.0),
    )


def recognisers(settings: Settings) -> tuple[WorkerHost, WorkerHost]:
    """Start the two real recognisers; the caller closes them."""
    specs = roster.from_settings(settings)
    hosts = [WorkerHost(spec, lambda state, pid, detail: None) for spec in (specs.stt, specs.tiny)]
    for host in hosts:
        host.start()
    for host in hosts:
        assert host.wait(60) == "ready", f"{host.name} did not load"
    return hosts[0], hosts[1]
