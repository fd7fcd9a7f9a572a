"""What goes into the dialogue and what comes out: `Dialogue.step(state, input) -> Step`.

The dialogue is pure: it knows neither audio nor engines nor wall time. `t` is the time on the
input's axis in seconds. Whoever drives it (the loop, `ask`) carries out the effects in order.
"""

from typing import Literal

import msgspec

from voice.events import AnswerEvent, DraftEvent, Reply


class Utterance(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody said something. Typed text counts as certain."""

    t: float
    text: str
    confidence: float = 1.0
    """Geometric mean of the token probabilities, 0 to 1."""
    alternatives: tuple[str, ...] = ()
    """Other readings by the recogniser, best first."""
    speaking: bool = False
    """Whether the assistant's voice (not the beat) was to be heard when this was said."""
    held: bool = False
    """Whether that voice has more to say, and goes on if this gets no reply."""


class TimerFired(msgspec.Struct, frozen=True, kw_only=True):
    """A timer set by `SetTimer` ran out."""

    t: float
    name: str


class StillThere(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody has been heard or felt for a long time."""

    t: float


class NewPerson(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody else begins, or everybody has left: all is to be forgotten."""

    t: float
    silent: bool = False
    """Nobody is there to be told."""


class ModelSentence(msgspec.Struct, frozen=True, kw_only=True):
    """The language model finished a sentence of the answer to request `request`."""

    t: float
    request: int
    text: str


class ModelDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The language model finished the draft of request `request`: JSON, unchecked."""

    t: float
    request: int
    text: str


class ModelEnded(msgspec.Struct, frozen=True, kw_only=True):
    """No more words will come for `request`: done, late, failed or absent."""

    t: float
    request: int
    reason: Literal["done", "late", "failed"]
    detail: str = ""
    """What is known about a failure, in one line."""


Written = ModelSentence | ModelDraft | ModelEnded
"""What comes of a request to the language model."""
Input = Utterance | TimerFired | StillThere | NewPerson | Written


class Say(msgspec.Struct, frozen=True, kw_only=True):
    """Speak the reply's words (a reply of kind `none` is only logged)."""

    reply: Reply
    append: bool = False
    """True: after what is being spoken; False: instead of it."""


class StopSpeaking(msgspec.Struct, frozen=True, kw_only=True):
    """Be silent now; the beat goes on."""


class AskModel(msgspec.Struct, frozen=True, kw_only=True):
    """Have the language model answer from the passage; the answer comes as `ModelSentence`s."""

    request: int
    question: str
    passage: str
    deadline_s: float
    """From the question's last word to the first sentence."""


class AskDraft(msgspec.Struct, frozen=True, kw_only=True):
    """Have the language model draft steps; they come as one `ModelDraft`."""

    request: int
    told: str
    """What has happened, or what the rescuer wants to do, in their words."""
    deadline_s: float
    """From the last word to the whole draft."""


class CancelModel(msgspec.Struct, frozen=True, kw_only=True):
    """Drop the running request to the language model."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """Write this into the event log."""

    event: AnswerEvent | DraftEvent


class SetTimer(msgspec.Struct, frozen=True, kw_only=True):
    """(Re)start the timer of this name."""

    name: str
    seconds: float


class CancelTimer(msgspec.Struct, frozen=True, kw_only=True):
    """Forget the timer of this name; no error when there is none."""

    name: str


class Sets(msgspec.Struct, frozen=True, kw_only=True):
    """Compressions in sets with pauses for breaths; all words are said in time with the beat."""

    pushes: int
    pause_s: float
    """From the last push of a set to the first of the next, in seconds."""
    numbers: tuple[tuple[int, str], ...]
    """The beats of a set that are counted aloud, and how."""
    breaths: str
    """Said when the pause begins."""
    again: str
    """Said when it is nearly over."""


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """Switch the metronome or change its rate (beats a minute)."""

    on: bool
    rate: float = 110.0
    sets: Sets | None = None
    """None: without pauses, and nothing is counted."""


class Tone(msgspec.Struct, frozen=True, kw_only=True):
    """Sound a signal; words that are said after it wait for its end."""

    name: Literal["stand_clear"]


class Adjust(msgspec.Struct, frozen=True, kw_only=True):
    """Change how the assistant speaks, relative to now."""

    louder: int = 0
    """Steps of 6 dB, negative for quieter."""
    slower: int = 0
    """Steps of 15 % longer words, negative for faster."""


class Forget(msgspec.Struct, frozen=True, kw_only=True):
    """Let go of everything that was said and heard so far."""


Effect = (
    Say
    | StopSpeaking
    | AskModel
    | AskDraft
    | CancelModel
    | Report
    | SetTimer
    | CancelTimer
    | Beat
    | Tone
    | Adjust
    | Forget
)
