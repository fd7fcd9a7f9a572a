"""What somebody who looks on at the loop is told: a screen, a journal."""

import msgspec

from voice.audio.metronome import Struck
from voice.dialogue.state import State
from voice.events import LogEvent
from voice.timers import Timers


class Moment(msgspec.Struct, frozen=True):
    """How things stand when an input is made for the dialogue."""

    state: State
    now: float
    """Seconds on the input's axis."""
    speaking: bool
    """Whether the assistant's voice is to be heard, or about to be."""


class Observer:
    """Nobody. Whoever looks on overrides these, which come on the loop's thread; do not wait."""

    def event(self, event: LogEvent) -> None:
        """Something was logged."""

    def state(self, state: State, timers: Timers, now: float) -> None:
        """The conversation stands like this from now on."""

    def forgotten(self) -> None:
        """Everything that was said and heard is to be forgotten."""

    def spoken(self, text: str) -> None:
        """These words begin to be heard; empty: nothing is heard any more."""

    def struck(self, beat: Struck) -> None:
        """A beat was heard."""
