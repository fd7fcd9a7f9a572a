"""A protocol made ready to run: its steps and those of its events in one table of places."""

from itertools import pairwise

from voice.dialogue.protocol import RETURN, Event, Protocol, Step, event_steps


class Script:
    """The flat view of one protocol together with the events that hold everywhere. Immutable."""

    def __init__(self, protocol: Protocol, everywhere: tuple[Event, ...] = ()) -> None:
        self.protocol = protocol
        own = {event.id for event in protocol.events}
        findings = {event.finding for event in protocol.events if event.finding}
        self.events = protocol.events + tuple(
            event for event in everywhere if event.id not in own and event.finding not in findings
        )
        self.first = protocol.steps[0].id
        self.steps: dict[str, Step] = {step.id: step for step in protocol.steps}
        self.detours: dict[str, Event] = {}
        """The event that each step of an event belongs to."""
        self._following: dict[str, str] = {}
        self._link(protocol.steps, None)
        for event in self.events:
            steps = event_steps(event)
            self._link(steps, event.then or RETURN)
            for step in steps:
                self.steps[step.id] = step
                self.detours[step.id] = event

    def step(self, name: str) -> Step:
        """The step of this id."""
        return self.steps[name]

    def after(self, name: str) -> str:
        """Where `next` leads from a step that is no question: a target; an end stays."""
        step = self.steps[name]
        return name if step.kind == "end" else step.then or self.following(name)

    def following(self, name: str) -> str:
        """What is written after this step, where its own `then` is not followed: a target.

        An event's last step is followed by the event's `then`, a protocol's last by itself.
        """
        return self._following.get(name, name)

    def event(self, name: str) -> Event | None:
        """The event of this id, the protocol's own or one that holds everywhere."""
        return next((event for event in self.events if event.id == name), None)

    def entrance(self, event: Event) -> str | None:
        """The first step of an event, if it has steps."""
        return next((name for name, e in self.detours.items() if e.id == event.id), None)

    def _link(self, steps: tuple[Step, ...], onward: str | None) -> None:
        for step, following in pairwise(steps):
            self._following[step.id] = following.id
        if onward and steps:
            self._following[steps[-1].id] = onward
