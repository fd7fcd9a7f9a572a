"""What an utterance can mean in the present state."""

import msgspec

from voice.dialogue.durations import When
from voice.dialogue.protocol import Answer, Event
from voice.dialogue.small_talk import About
from voice.dialogue.triage.openings import Opening


class Command(msgspec.Struct, frozen=True):
    """A whole-utterance command."""

    name: str
    when: When | None = None
    """A time that was said with it."""


class Answered(msgspec.Struct, frozen=True):
    """An answer to the pending question."""

    choice: str
    facts: tuple[str, ...] = ()


class Happened(msgspec.Struct, frozen=True):
    """A finding or report that sets off an event of the running protocol."""

    event: Event
    facts: tuple[str, ...] = ()


class Begin(msgspec.Struct, frozen=True):
    """The opening of an emergency, of a further casualty (`another`), or of the same one."""

    opening: Opening
    another: bool = False
    takes_over: bool = False
    unrecognised: str = ""
    """All that was told, where it is an emergency and no protocol was recognised."""


class Marked(msgspec.Struct, frozen=True):
    """Something to keep for the crew, and what the same words mean to the running protocol."""

    what: str
    when: When | None = None
    reaction: Answered | Happened | Begin | None = None


class Wondering(msgspec.Struct, frozen=True):
    """An opening that could be several things; `text` is all that was said of it."""

    question: str
    text: str


class Asking(msgspec.Struct, frozen=True):
    """A side question, with its fixed answer and the topic of that if there is one."""

    answer: tuple[str, Answer] | None = None
    also: Answer | None = None
    """Another of that topic which is as likely to be meant."""
    about: tuple[str, ...] = ()
    """Lines of the running protocol that it is about, the nearest first, slots unfilled."""
    unknown: bool = False
    """It is about a medicine that no answer names, or about what no first aid answers."""
    facts: tuple[str, ...] = ()
    """What was told with it."""


class Told(msgspec.Struct, frozen=True):
    """Findings that move nothing."""

    facts: tuple[str, ...]


class Unclear(msgspec.Struct, frozen=True):
    """Something, but no clear answer to the pending question."""

    facts: tuple[str, ...] = ()


class Talk(msgspec.Struct, frozen=True):
    """Words that need no first aid."""

    about: About


class Noise(msgspec.Struct, frozen=True):
    """No words at all."""


Meaning = (
    Command
    | Marked
    | Answered
    | Happened
    | Begin
    | Wondering
    | Asking
    | Told
    | Unclear
    | Talk
    | Noise
)
