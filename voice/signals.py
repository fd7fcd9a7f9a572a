"""When a tone is played: what words would say too late, or cannot say. For the loop's thread."""

from collections.abc import Callable
from typing import Literal

from voice.events import DeviceState

Tones = Literal["all", "alarms", "off"]
"""`alarms`: a lost microphone or voice; `all`: also `heard` and `not_understood`."""

THINKING_S = 1.3
"""An answer that is not to be heard so long after the last word is being thought about."""
APART_S = 4.0
"""Between two times of saying that something was not understood: in noise that is tiresome."""


class Signals:
    """Decides which tones are played; `now` is in seconds on the input's axis."""

    def __init__(self, play: Callable[[str], None], tones: Tones) -> None:
        """`play` takes one of `audio.tones.NAMES`."""
        self._play = play
        self._tones = tones
        self._due: float | None = None
        self._awaited: float | None = None
        self._complained = -APART_S

    def device(self, name: str, before: DeviceState | None, now: DeviceState) -> None:
        """A device changed its state."""
        if name != "microphone" or before is None or before == now:
            return
        if now in ("lost", "silent"):
            self._alarm("microphone_lost")
        elif now == "open":
            self._alarm("microphone_back")

    def voice_lost(self) -> None:
        """Nothing can be said, not even that."""
        self._alarm("speech_lost")

    def awaited(self, last_voiced: float) -> None:
        """Somebody's last words are to be answered; more may be done for them step by step."""
        if last_voiced != self._awaited:
            self._awaited, self._due = last_voiced, last_voiced + THINKING_S

    def answered(self) -> None:
        """The answer is to be heard, or nothing is awaited any more."""
        self._due = None

    def not_understood(self, now: float) -> None:
        """Somebody spoke and is told nothing."""
        if self._tones == "all" and now - self._complained >= APART_S:
            self._complained = now
            self._play("not_understood")

    def tick(self, now: float) -> None:
        """Time goes on."""
        if self._due is not None and now >= self._due:
            self._due = None
            if self._tones == "all":
                self._play("heard")

    def _alarm(self, name: str) -> None:
        if self._tones != "off":
            self._play(name)
