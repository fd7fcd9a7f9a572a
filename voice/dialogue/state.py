"""What the dialogue remembers from turn to turn. Immutable: an old state can be replayed from."""

from typing import Literal

import msgspec

from voice.dialogue.coach import Coach
from voice.dialogue.interface import Effect
from voice.dialogue.log import Log
from voice.dialogue.passages import Passage
from voice.dialogue.runner import Run
from voice.events import Reply

BEAT_RATE = 110.0
"""Beats a minute; the middle of what guidelines ask for."""


class Asked(msgspec.Struct, frozen=True):
    """A question that the language model is answering."""

    request: int
    question: str
    passage: Passage
    said: tuple[str, ...] = ()
    """The sentences spoken so far."""


class Drafting(msgspec.Struct, frozen=True):
    """A draft that the language model is writing, or that waits for its moment."""

    request: int
    until: float
    """When it is too late for one that is not there, in seconds on the input's axis."""
    idle: bool
    """Nothing was running when it was asked for."""
    lines: tuple[str, ...] = ()
    """Its steps, once they are there and checked."""


class Confirm(msgspec.Struct, frozen=True):
    """Something that waits for yes or no."""

    what: Literal["stop-beat", "event", "delete-log", "still-there", "continue", "new-person"]
    event: str = ""
    facts: tuple[str, ...] = ()
    beat: bool = False
    """Whether the beat goes on with yes."""


class State(msgspec.Struct, frozen=True):
    """The whole conversation so far."""

    run: Run | None = None
    parked: tuple[Run, ...] = ()
    """Protocols of other casualties, the latest last."""
    paused: bool = False
    beat: bool = False
    rate: float = BEAT_RATE
    last: Reply | None = None
    """What `repeat` says again."""
    confirm: Confirm | None = None
    asked: Asked | None = None
    drafting: Drafting | None = None
    before: str = ""
    """What was told before a question was asked back; the next words complete it."""
    wondered: str = ""
    """That question: one of `ask_...` in phrases.yaml."""
    talk: tuple[float, ...] = ()
    """When the last sentences were overheard to which nothing was said, see `talk`."""
    requests: int = 0
    """How many questions went to the language model."""
    log: Log = Log()
    """What is kept for the crew that takes over."""
    coach: Coach = Coach()
    coach_due: float | None = None
    """When the coach's timer runs out, in seconds on the input's axis."""


class Resumed(msgspec.Struct, frozen=True, kw_only=True):
    """An input: the power is back, and this is how things stood when it went."""

    t: float
    state: State
    gap_s: float | None
    """How long it was away; None: nobody knows."""
    ask: bool
    """So long that it may be somebody else who is there now."""


class Outcome(msgspec.Struct, frozen=True):
    """The state after an input, and what is to be done, in order."""

    state: State
    effects: tuple[Effect, ...]
