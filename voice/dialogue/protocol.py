"""The format of a protocol: one YAML file each, typed here; docs/protocol-format.md explains it.

A target (`then`) is a step's id, `goto:<protocol>`, or `return` (back to where an event left the
protocol). Facts are short names of what is known about the emergency (`alone`, `child`,
`not-breathing`) or of the region; findings.yaml lists those that are understood from speech.
"""

import datetime
from collections.abc import Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Who = Literal["adult", "child", "infant"]
WHO: tuple[Who, ...] = ("adult", "child", "infant")
Kind = Literal["do", "ask", "timer", "loop", "goto", "end"]

Slug = Annotated[str, Meta(pattern="^[a-z0-9]+(-[a-z0-9]+)*$")]
"""Lower-case words joined by hyphens."""
Text = Annotated[str, Meta(min_length=2)]
Seconds = Annotated[int, Meta(gt=0)]
Target = Annotated[
    str, Meta(pattern="^(return|goto:[a-z0-9]+(-[a-z0-9]+)*|[a-z0-9]+(-[a-z0-9]+)*)$")
]
Pattern = str
"""A regular expression, matched without regard to case inside one spoken line."""

GOTO = "goto:"
RETURN = "return"
CALLED = "called"
"""What is known once somebody calls for help; the step that asks for it sets it."""


class Part(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, omit_defaults=True
):
    """Base of everything that stands in a protocol's file."""


class Source(Part, frozen=True, kw_only=True):
    """A guideline that the protocol follows."""

    cite: Text
    edition: Annotated[str, Meta(min_length=4)]
    checked_on: datetime.date
    basis: Literal["primary", "secondary", "memory"] = "secondary"
    """Whether the guideline itself was read, a page that quotes it, or neither."""


class Must(Part, frozen=True, kw_only=True):
    """A fact that the protocol has to get across."""

    fact: Text
    said: Annotated[tuple[Pattern, ...], Meta(min_length=1)]
    """Each pattern has to occur in some line that the protocol can speak."""


class Never(Part, frozen=True, kw_only=True):
    """Something that may not be advised, by the protocol or by a language model."""

    fact: Annotated[str, Meta(pattern="^Never ")]
    unsaid: tuple[Pattern, ...] = ()
    """Patterns that no spoken sentence may match unless the sentence itself forbids it."""


class Choice(Part, frozen=True, kw_only=True):
    """One of the answers to a question."""

    name: Slug
    hear: Annotated[tuple[Text, ...], Meta(min_length=1)]
    """Whole utterances that mean this answer."""
    then: Target | None = None
    """Where to go; nothing: the step that follows."""
    known: tuple[Slug, ...] = ()
    """Facts that are this answer: known ones spare the question, spoken ones answer it."""
    sets: tuple[Slug, ...] = ()
    """Facts known once this answer has been given (not when it was only assumed)."""


class Step(Part, frozen=True, kw_only=True):
    """One thing to say: an action, a question, a wait, a repetition, a hand-over or the end."""

    id: Slug
    say: Text
    screen: str = ""
    """What a display shows; nothing: the first sentence of `say`."""
    kind: Kind = "do"
    then: Target | None = None
    """Where `next` leads; nothing: the step that follows. Needed for `loop` and `goto`."""
    choices: tuple[Choice, ...] = ()
    safe: Slug | None = None
    """The choice taken when no clear answer is to be had. Needed for `ask`."""
    on_unclear: Text | None = None
    """The question once more in plainer words. Needed for `ask`."""
    seconds: Seconds | None = None
    """How long a `timer` waits, or after what time a `loop` goes round by itself."""
    advance_after: Seconds | None = None
    """Seconds after which the next step comes by itself."""
    repeat_after: Seconds | None = None
    """Seconds after which the line is spoken again, for hands that must not leave a wound."""
    if_: Slug | None = msgspec.field(name="if", default=None)
    """Skip the step unless this fact is known."""
    unless: Slug | None = None
    """Skip the step when this fact is known."""
    sets: tuple[Slug, ...] = ()
    """Facts known once the step has been spoken."""
    beat: Literal["on", "off"] | None = None
    """Switches the beat of the compressions on or off from this step on."""
    alert: bool = False
    """A short signal sounds before its words, which are about danger."""
    act_first: bool = False
    """An action that comes before the call for help, on purpose."""
    log: Slug | None = None
    """What is kept for the crew once the rescuer has done it: an entry of handover.yaml."""
    log_if: Slug | None = None
    """Nothing is kept unless this fact is known, where the line itself leaves it open."""


class Answer(Part, frozen=True, kw_only=True):
    """A side question with its fixed answer; it never moves the position."""

    id: Slug
    ask: Annotated[tuple[Text, ...], Meta(min_length=1)]
    """Different ways to ask it."""
    say: Text


class Event(Part, frozen=True, kw_only=True):
    """Something that changes: spoken steps and then back, or the way to somewhere else."""

    id: Slug
    finding: Slug | None = None
    """The understood finding that sets it off."""
    hear: tuple[Text, ...] = ()
    """Phrasings that set it off."""
    say: Text | None = None
    """Announcement spoken before the first step of where `then` leads."""
    steps: tuple[Step | Text, ...] = ()
    """What is spoken, step by step; a plain line is a step of kind `do`."""
    then: Target | None = None
    """Where it leads after its steps; nothing: back to where it happened."""
    advance_after: Seconds | None = None
    """`advance_after` of the plain lines."""
    sets: tuple[Slug, ...] = ()
    forgets: tuple[Slug, ...] = ()
    """Facts that are no longer certain and have to be asked again."""
    if_: Slug | None = msgspec.field(name="if", default=None)
    """Nothing happens unless this fact is known."""
    unless: Slug | None = None
    """Nothing happens when this fact is known."""
    eases: bool = False
    """It makes the emergency less urgent, so doubtful words are asked back."""
    log: Slug | None = None
    """What is kept for the crew when it happens: an entry of handover.yaml."""


class Protocol(Part, frozen=True, kw_only=True):
    """One emergency and everything that can be said in it."""

    id: Slug
    version: Annotated[int, Meta(ge=1)]
    title: Text
    audience: Literal["layperson", "trained"] = "layperson"
    urgency: Literal["critical", "urgent", "minor"]
    who: Annotated[tuple[Who, ...], Meta(min_length=1)]
    other_ages: dict[Who, Slug] = {}
    """The protocols for those that this one is not for."""
    stands_in_for: tuple[Slug, ...] = ()
    """Protocols not yet written that this one covers best."""
    sources: Annotated[tuple[Source, ...], Meta(min_length=1)]
    triggers: Annotated[tuple[Text, ...], Meta(min_length=1)]
    """What people say when this has happened."""
    procedures: tuple[Text, ...] = ()
    """How people name what this protocol does, as in "how do I …"."""
    red_flags: tuple[Text, ...] = ()
    standing: Text
    """One short piece of advice that is right at every step."""
    steps: Annotated[tuple[Step, ...], Meta(min_length=1)]
    events: tuple[Event, ...] = ()
    answers: tuple[Answer, ...] = ()
    must: tuple[Must, ...] = ()
    never: tuple[Never, ...] = ()
    handover: Text
    """What to tell the crew."""
    open_questions: tuple[Text, ...] = ()
    """What its authors want a clinician to decide; never spoken."""

    def lines(self) -> Iterator[str]:
        """Every line that can be spoken, in order, slots unfilled."""
        for step in self.steps:
            yield from step_lines(step)
        for event in self.events:
            yield from event_lines(event)
        for answer in self.answers:
            yield answer.say
        yield self.standing
        yield self.handover


def applies(item: Step | Event, facts: frozenset[str]) -> bool:
    """Whether `if` and `unless` of a step or event allow it."""
    if item.if_ is not None and item.if_ not in facts:
        return False
    return item.unless is None or item.unless not in facts


def step_lines(step: Step) -> Iterator[str]:
    """What a step can speak."""
    yield step.say
    if step.on_unclear:
        yield step.on_unclear


def event_lines(event: Event) -> Iterator[str]:
    """What an event can speak."""
    if event.say:
        yield event.say
    for step in event_steps(event):
        yield from step_lines(step)


def event_steps(event: Event) -> tuple[Step, ...]:
    """The event's steps; plain lines get the event's id and a number, the last one its `then`."""
    last = len(event.steps) - 1
    steps = []
    for index, item in enumerate(event.steps):
        then = event.then or RETURN if index == last else None
        if isinstance(item, str):
            name = f"{event.id}-{index + 1}"
            steps.append(Step(id=name, say=item, then=then, advance_after=event.advance_after))
        elif index == last and item.then is None and item.kind != "end":
            steps.append(msgspec.structs.replace(item, then=then))
        else:
            steps.append(item)
    return tuple(steps)


def goto(target: str | None) -> str | None:
    """The protocol that a target names, or None for a place in the same one."""
    return target.removeprefix(GOTO) if target and target.startswith(GOTO) else None
