"""What becomes of engines and devices: written to the log, and told by tones and words.

For the loop's thread.
"""

from collections.abc import Callable

from voice.acting import Rooms
from voice.engines.understudy import Understudied
from voice.events import DeviceEvent, DeviceState, EngineEvent, EngineState, GovernorEvent
from voice.governor import TINY_TURNS


class Health:
    """Takes notices from the crew, the governor's watch and the back end."""

    def __init__(
        self,
        rooms: Rooms,
        turns: Understudied,
        phrase: Callable[[str], str],
        now: Callable[[], float],
    ) -> None:
        """`turns`: who recognises turns; `phrase` gives what is said by its name."""
        self._rooms = rooms
        self._turns = turns
        self._phrase = phrase
        self._now = now
        self._devices: dict[str, DeviceState] = {}

    def engine(self, name: str, state: EngineState, pid: int | None, detail: str) -> None:
        """A worker is in another state."""
        self._rooms.log.write(
            EngineEvent(t=self._now(), name=name, state=state, pid=pid, detail=detail)
        )
        if name == "tts" and state == "ready":
            self._rooms.speech.voice_is_back()
            self._rooms.beats.go_on()
        elif name == "llm" and state == "ready":
            self._rooms.writer.warm()
            self._rooms.writer.measure()
        elif name == "stt" and state == "ready":
            self._rooms.writer.measure()  # what loads beside it had slowed the model down
        elif name == "stt" and state == "restarting":
            self.tell("hearing_restarts")

    def recognised(self, seconds: float, complete: bool) -> None:
        """A turn was recognised; that may have taken too long, or be quick enough again."""
        change = self._rooms.governor.turn(self._now(), seconds, complete=complete)
        if change:
            self._turns.relieved = change.level >= TINY_TURNS
            self._rooms.log.write(
                GovernorEvent(t=self._now(), level=change.level, reason=change.reason)
            )

    def device(self, name: str, state: DeviceState, detail: str) -> None:
        """A microphone or a speaker is in another state."""
        self._rooms.log.write(DeviceEvent(t=self._now(), name=name, state=state, detail=detail))
        before = self._devices.get(name)
        self._devices[name] = state
        self._rooms.signals.device(name, before, state)
        if state == "open" and self._now() > 0.0:
            self._rooms.floor.device_came(self._now())
        if name == "microphone" and state == "lost":
            self.tell("microphone_lost")
        elif name == "microphone" and state == "silent":
            self.tell("microphone_muted")
        elif name == "microphone" and before == "lost":
            self.tell("microphone_back")

    def tell(self, name: str) -> None:
        """Say that something is wrong with us, after what is being said."""
        self._rooms.speech.say(self._phrase(name), append=True)
