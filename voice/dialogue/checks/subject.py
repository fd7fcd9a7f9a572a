"""The protocol under check, with the paths by which its parts are found in its file."""

from collections.abc import Iterable, Iterator

from voice.dialogue.content import Content
from voice.dialogue.protocol import Event, Protocol, Step, applies, event_steps
from voice.dialogue.regions import slots_in
from voice.dialogue.script import Script

Found = tuple[str, str]
"""A path in the file and what is wrong there."""


class Subject:
    """One protocol and the content it lives in."""

    def __init__(self, protocol: Protocol, content: Content, others: Iterable[str] = ()) -> None:
        """`others`: protocols that could not be loaded but exist."""
        self.protocol = protocol
        self.content = content
        self.script = Script(protocol)
        self.slugs = {*content.library, *others}
        """Every protocol there is, those with mistakes too."""

    def steps(self) -> Iterator[tuple[str, Step]]:
        """The steps of the protocol itself."""
        for index, step in enumerate(self.protocol.steps):
            yield f"$.steps[{index}]", step

    def events(self) -> Iterator[tuple[str, Event]]:
        """The events."""
        for index, event in enumerate(self.protocol.events):
            yield f"$.events[{index}]", event

    def all_steps(self) -> Iterator[tuple[str, Step]]:
        """The steps of the protocol and of its events."""
        yield from self.steps()
        for path, event in self.events():
            for index, step in enumerate(event_steps(event)):
                yield f"{path}.steps[{index}]", step

    def step_lines(self) -> Iterator[Found]:
        """Lines that tell one action: steps, questions put again, announcements."""
        for path, step in self.all_steps():
            yield f"{path}.say", step.say
            if step.on_unclear:
                yield f"{path}.on_unclear", step.on_unclear
        for path, event in self.events():
            if event.say:
                yield f"{path}.say", event.say
        yield "$.standing", self.protocol.standing

    def answer_lines(self) -> Iterator[Found]:
        """Longer lines: answers and the handover."""
        for index, answer in enumerate(self.protocol.answers):
            yield f"$.answers[{index}].say", answer.say
        yield "$.handover", self.protocol.handover

    def lines(self) -> Iterator[Found]:
        """Every line that can be spoken."""
        yield from self.step_lines()
        yield from self.answer_lines()

    def in_regions(self, line: str) -> Iterator[str]:
        """The line as it is spoken in each region that can speak it."""
        slots = slots_in(line)
        if not slots:
            yield line
            return
        for region in self.content.regions.all().values():
            if all(slot in region.slots for slot in slots):
                yield region.say(line)

    def safe_path(self, target: str, facts: frozenset[str] = frozenset()) -> Iterator[Step]:
        """The steps from here when no more than this is known and answers are the safe ones."""
        seen: set[str] = set()
        while target in self.script.steps and target not in seen:
            seen.add(target)
            step = self.script.step(target)
            if not applies(step, facts):
                target = self.script.following(target)
                continue
            yield step
            target = self.script.after(target)
            if step.kind == "ask":
                choice = next(choice for choice in step.choices if choice.name == step.safe)
                target = choice.then or self.script.following(step.id)
