"""Steps and events put into words: what is said, what is shown, what is heard, where it leads."""

import re
from collections.abc import Callable, Iterator

import msgspec

from voice.dialogue.content import Content
from voice.dialogue.protocol import RETURN, Choice, Event, Protocol, Step, event_steps, goto
from voice.dialogue.regions import Region, slots_in
from voice.dialogue.script import Script

Row = tuple[str, str]
"""A label and a text."""


class Block(msgspec.Struct, frozen=True):
    """Something with a heading, the line that is spoken, and what belongs to it."""

    head: str = ""
    spoken: str = ""
    rows: tuple[Row, ...] = ()


class Reader:
    """Reads one protocol for one region."""

    def __init__(self, protocol: Protocol, content: Content) -> None:
        self._protocol = protocol
        self._content = content
        self._script = Script(protocol, content.everywhere)
        self._numbers = {step.id: n for n, step in enumerate(protocol.steps, start=1)}
        self.shared = tuple(e for e in self._script.events if e not in protocol.events)
        """The events that hold everywhere, without those that the protocol has its own for."""

    def steps(self) -> Iterator[Block]:
        """The protocol's own steps."""
        for number, step in enumerate(self._protocol.steps, start=1):
            yield self.step(step, f"{number}. ")

    def step(self, step: Step, before: str = "") -> Block:
        """One step; `before` goes before its name."""
        rows = [
            ("On the screen", self._shown(step.screen or _first_sentence(step.say))),
            ("Only if", step.if_ or ""),
            ("Not if", step.unless or ""),
            *(("Answer " + choice.name, self._choice(step, choice)) for choice in step.choices),
            ("Safe choice", f"{step.safe}: taken when no clear answer comes" if step.safe else ""),
            ("Asked again as", self.spoken(step.on_unclear or "")),
            ("By itself", _by_itself(step)),
            ("Beat", step.beat or ""),
            ("Signal", "before the words" if step.alert else ""),
            ("Before the call", "on purpose" if step.act_first else ""),
            ("Known afterwards", ", ".join(step.sets)),
            ("Kept for the crew", _kept(step)),
            ("Then", "" if step.kind == "ask" else self._then(step)),
        ]
        head = f"{before}{step.id} ({step.kind})"
        return Block(head, self.spoken(step.say), tuple(row for row in rows if row[1]))

    def event(self, event: Event) -> Block:
        """What sets an event off, and where it leads; its steps are read one by one."""
        steps = event_steps(event)
        leads = "its lines, one by one" if steps else self._place(event.then or RETURN)
        rows = [
            ("Understood as", event.finding or ""),
            ("Heard", " / ".join(event.hear)),
            ("Only if", event.if_ or ""),
            ("Not if", event.unless or ""),
            ("Less urgent", "doubtful words are asked back" if event.eases else ""),
            ("Known afterwards", ", ".join(event.sets)),
            ("Asked anew", ", ".join(event.forgets)),
            ("Kept for the crew", event.log or ""),
            ("Then", leads),
        ]
        head = f"When: {event.id}"
        return Block(head, self.spoken(event.say or ""), tuple(row for row in rows if row[1]))

    def lines(self) -> Iterator[Row]:
        """Every line of the protocol itself with the place where it is said, slots unfilled."""
        for number, step in enumerate(self._protocol.steps, start=1):
            yield from _said(f"Step {number}, {step.id}", step)
        for event in self._protocol.events:
            if event.say:
                yield f"Event {event.id}", event.say
            for step in event_steps(event):
                yield from _said(f"Event {event.id}, {step.id}", step)
        for answer in self._protocol.answers:
            yield f"Answer {answer.id}", answer.say
        yield "Standing advice", self._protocol.standing
        yield "Handover", self._protocol.handover

    def spoken(self, line: str) -> str:
        """The line as it is spoken in the region, slots named."""
        return _filled(line, self._content.region, Region.say)

    def _shown(self, line: str) -> str:
        return _filled(line, self._content.region, Region.screen)

    def _choice(self, step: Step, choice: Choice) -> str:
        leads = self._place(choice.then or self._script.following(step.id))
        parts = [f"leads to {leads}", "heard: " + " / ".join(choice.hear)]
        parts += ["not asked if known: " + ", ".join(choice.known)] if choice.known else []
        parts += ["known afterwards: " + ", ".join(choice.sets)] if choice.sets else []
        return "; ".join(parts)

    def _then(self, step: Step) -> str:
        target = self._script.after(step.id)
        return "the end" if target == step.id else self._place(target)

    def _place(self, target: str) -> str:
        """A target in words."""
        if target == RETURN:
            return "back to where it happened"
        if slug := goto(target):
            named = self._content.library.get(slug)
            return f"protocol {slug}" + (f" ({named.title})" if named else "")
        number = self._numbers.get(target)
        return f"step {number}, {target}" if number else f"line {target}"


def _filled(line: str, region: Region, fill: Callable[[Region, str], str]) -> str:
    for name in dict.fromkeys(slots_in(line)):
        slot = "{" + name + "}"
        value = fill(region, slot) if name in region.slots else "?"
        line = line.replace(slot, f"[{value} {slot}]")
    return line


def _said(place: str, step: Step) -> Iterator[Row]:
    yield place, step.say
    if step.on_unclear:
        yield f"{place}, asked again", step.on_unclear


def _by_itself(step: Step) -> str:
    if step.repeat_after:
        return f"said again every {step.repeat_after} seconds"
    seconds = step.seconds or step.advance_after
    verb = "goes round" if step.kind == "loop" else "goes on"
    return f"{verb} after {seconds} seconds" if seconds else ""


def _kept(step: Step) -> str:
    if step.log is None:
        return ""
    return step.log + (f", if {step.log_if}" if step.log_if else "")


def _first_sentence(line: str) -> str:
    return re.split(r"(?<=[.?!]) ", line)[0]
