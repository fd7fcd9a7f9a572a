"""What the listening room hands to the loop, besides events for the log."""

from collections.abc import Callable
from typing import Literal

import msgspec

from voice.engines.interfaces import Result
from voice.events import Partial, SpeechEnd, SpeechStart, TranscriptEvent

EngineName = Literal["base", "tiny"]
Purpose = Literal["turn", "partial", "lookout"]


class Tag(msgspec.Struct, frozen=True):
    """Goes with a request for recognition and comes back with its result."""

    generation: int
    engine: EngineName
    purpose: Purpose
    t: float
    """End of the audio in seconds on the input's axis."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A committed turn for the dialogue. Times are seconds on the input's axis."""

    turn: int
    revision: int
    """Above 0: the same turn again, with more words; it replaces the lower revision."""
    text: str
    confidence: float
    """Geometric mean of the token probabilities, 0 to 1."""
    alternatives: tuple[str, ...]
    """Other readings, best first."""
    accepted: bool
    reason: str
    """Why it was not accepted."""
    began: float
    last_voiced: float
    soft_end: float
    """When the recognition that counted was asked for."""
    transcribed: float
    """When its words were there."""
    voiced_s: float
    """Seconds of it that sounded like speech."""
    overlapped: bool
    """It began while the assistant was speaking."""


class Reopened(msgspec.Struct, frozen=True):
    """A committed turn goes on: what was made of it no longer holds, another `Turn` follows."""

    t: float
    turn: int
    revision: int


class Stirred(msgspec.Struct, frozen=True):
    """Over our voice something sounds like speech: a turn, or only `Settled`, follows."""

    t: float


class Settled(msgspec.Struct, frozen=True):
    """It was too short to be speech, or its words are so late that our voice had better go on."""

    t: float


class Alarm(msgspec.Struct, frozen=True):
    """Somebody spoke and no recogniser could take it down."""

    t: float
    detail: str


Output = (
    SpeechStart
    | SpeechEnd
    | Partial
    | TranscriptEvent
    | Turn
    | Reopened
    | Stirred
    | Settled
    | Alarm
)
Post = Callable[[Result, Tag], None]
"""Puts a result into the loop's inbox, which gives it to `Listener.on_transcript`."""
