"""Drives a dialogue by text, without engines: the language model never comes in time."""

from dataclasses import dataclass, field

from voice.dialogue import interface as d
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import State
from voice.events import Reply


@dataclass
class Talk:
    """One conversation; keeps the state and everything that was to be done."""

    dialogue: Dialogue
    state: State = field(default_factory=State)
    effects: tuple[d.Effect, ...] = ()
    """What the last input led to."""
    turns: int = 0

    def say(self, text: str, **heard: object) -> Reply:
        """Say something and give the (last) reply."""
        self.turns += 1
        self.step(d.Utterance(t=float(self.turns), text=text, **heard))  # type: ignore[arg-type]
        if self.state.asked:
            asked = self.state.asked
            self.step(d.ModelEnded(t=float(self.turns), request=asked.request, reason="late"))
        return self.reply

    def step(self, event: d.Input) -> None:
        """Give the dialogue any input."""
        outcome = self.dialogue.step(self.state, event)
        self.state, self.effects = outcome.state, outcome.effects

    def timer(self) -> Reply:
        """Let the running step's timer fire."""
        self.step(d.TimerFired(t=float(self.turns), name="step"))
        return self.reply

    @property
    def reply(self) -> Reply:
        """The last reply of the last input."""
        return [effect.reply for effect in self.effects if isinstance(effect, d.Say)][-1]

    @property
    def place(self) -> tuple[str, str] | None:
        """Protocol and step at which the conversation stands."""
        run = self.state.run
        return (run.place.slug, run.place.step) if run else None

    def of(self, kind: type[d.Effect]) -> list[d.Effect]:
        """The effects of one kind that the last input led to."""
        return [effect for effect in self.effects if isinstance(effect, kind)]
