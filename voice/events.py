"""What the loop writes to its event log, one JSON object a line.

Every `t` is in seconds on the input's time axis: 0 is the moment the assistant began to listen.
The structs are immutable and may cross threads freely.
"""

from typing import Literal

import msgspec

Source = Literal["voice", "beat", "tone"]


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Base of all logged events."""

    t: float
    """Seconds on the input's time axis."""


class SpeechStart(Event, frozen=True, kw_only=True, tag="speech_start"):
    """Somebody began to speak; t is the first voiced sample."""


class SpeechEnd(Event, frozen=True, kw_only=True, tag="speech_end"):
    """The turn's speech is over; t is its last voiced sample."""


class Partial(Event, frozen=True, kw_only=True, tag="partial"):
    """What has been understood so far, while the speech goes on."""

    text: str


class TranscriptEvent(Event, frozen=True, kw_only=True, tag="transcript"):
    """The committed turn in words."""

    text: str
    confidence: float
    """Geometric mean of the token probabilities, 0 to 1."""
    accepted: bool
    """False when the gate took it for noise or invented text."""
    revision: int = 0
    """Counts how often the same turn was reopened by speech that went on."""


Heard = str
"""`start`, `command:<name>`, `choice:<name>`, `event:<name>`, `question`, `chat` or `noise`."""
Kind = Literal["protocol", "command", "answer", "clarify", "chat", "none"]
Author = Literal["fixed", "passage", "llm"]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One reply of the dialogue, as spoken, logged and printed by `ask`."""

    say: str
    heard: Heard
    kind: Kind
    by: Author = "fixed"
    protocol: str | None = None
    """The protocol running after the turn, or the topic of an answer."""
    step: str | None = None
    sources: tuple[str, ...] = ()
    reviewed: bool = False
    """True only for a protocol's words that a clinician has signed as they are; fixed phrases such
    as "Stopped." are never signed."""


class ReplyEvent(Reply, frozen=True, kw_only=True, tag_field="type", tag="reply"):
    """A reply in the event log: the fields of `Reply` at a time."""

    t: float


Reason = Literal["spoken", "rejected", "empty", "late", "failed", "absent", "dropped"]


class Rejected(msgspec.Struct, frozen=True):
    """A sentence of the language model that was not spoken, and why."""

    text: str
    reason: str


class AnswerEvent(Event, frozen=True, kw_only=True, tag="answer"):
    """How the language model did at one side question, written when that is decided.

    The words themselves stand in the `reply` events. Counted over a log, `reason` and the reasons
    of what was rejected tell how often the model answers, and what keeps it from it.
    """

    by: Author | None
    """Whose words were the answer; null when the rescuer spoke on before there was one."""
    reason: Reason
    """`spoken`: to its end; `rejected`: a sentence failed the check, which ends the answer;
    `empty`: no whole sentence came; `late`: none in time; `failed`: the worker died, hung or is
    not ready; `absent`: no model is set up; `dropped`: the rescuer spoke on."""
    detail: str = ""
    """What is known about the failure."""
    sentences: int = 0
    """The model's sentences that were spoken."""
    rejected: tuple[Rejected, ...] = ()


class DraftEvent(Event, frozen=True, kw_only=True, tag="draft"):
    """What became of steps that the language model was asked to draft; once a draft.

    Its start is a `reply` of the protocol `draft`.
    """

    reason: Literal["ready", "rejected", "late", "failed", "dropped"]
    """`ready`: it passed all checks; `rejected`: some line did not; `dropped`: it was not needed
    any more, because a protocol was found, a life is in danger or something else was wanted."""
    detail: str = ""
    steps: tuple[str, ...] = ()
    rejected: tuple[Rejected, ...] = ()


class AudioStart(Event, frozen=True, kw_only=True, tag="audio_start"):
    """The first sample of a sound reached the device."""

    source: Source
    latency_ms: float | None = None
    """Since the last voiced sample of the turn that this sound answers."""


class AudioEnd(Event, frozen=True, kw_only=True, tag="audio_end"):
    """The last sample of a sound reached the device."""

    source: Source
    reason: Literal["finished", "stopped", "interrupted"]


class Latency(Event, frozen=True, kw_only=True, tag="latency"):
    """Where the time of one accepted turn went, written once its reply is heard (or never will be).

    All fields are in seconds on the input's axis; what did not happen is null.
    """

    last_voiced: float
    """The last voiced sample of the turn."""
    soft_end: float
    """The silence was long enough to start the recognition that counted."""
    transcript: float
    """Its words were there."""
    commit: float
    """The silence was long enough for these words: the turn was over."""
    decision: float | None
    """The dialogue had made up its mind what to do."""
    first_token: float | None
    """The language model's first token, where it was asked."""
    first_synthesis: float | None
    """The engine's first sound for the reply, where that was not rendered ahead."""
    first_sample: float | None
    """The reply's first sample at the device."""


class Metronome(Event, frozen=True, kw_only=True, tag="metronome"):
    """The beat was switched or changed its rate (beats a minute)."""

    on: bool
    rate: float


class Handover(Event, frozen=True, kw_only=True, tag="handover"):
    """Something kept for the crew that takes over; written once it can no longer be undone."""

    what: str
    """Entry of content/<language>/handover.yaml, or `start` and `protocol`."""
    detail: str
    """In words, as they are spoken in a summary."""
    protocol: str | None
    casualty: int
    """Counted from 1 in the order in which they were told of."""


class HandoverDeleted(Event, frozen=True, kw_only=True, tag="handover_deleted"):
    """The rescuer had everything deleted that was kept for the crew so far."""


EngineState = Literal["loading", "ready", "failed", "restarting", "stopped"]


class EngineEvent(Event, frozen=True, kw_only=True, tag="engine"):
    """A worker process changed its state."""

    name: str
    state: EngineState
    pid: int | None
    detail: str = ""


DeviceState = Literal["open", "lost", "silent", "closed"]
"""`silent`: a microphone that gives digital silence, as a muted one does."""


class DeviceEvent(Event, frozen=True, kw_only=True, tag="device"):
    """A microphone or speaker changed its state."""

    name: str
    state: DeviceState
    detail: str = ""


class GovernorEvent(Event, frozen=True, kw_only=True, tag="governor"):
    """The machine is too slow for something, or quick enough again."""

    level: int
    """0: all engines serve; 1: the tiny recogniser takes the turns; 2: and passages are spoken in
    the place of the language model's words."""
    reason: str


LogEvent = (
    SpeechStart
    | SpeechEnd
    | Partial
    | TranscriptEvent
    | ReplyEvent
    | AnswerEvent
    | DraftEvent
    | AudioStart
    | AudioEnd
    | Latency
    | Metronome
    | Handover
    | HandoverDeleted
    | EngineEvent
    | DeviceEvent
    | GovernorEvent
)
