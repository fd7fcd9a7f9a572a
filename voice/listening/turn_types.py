"""The turn machine's vocabulary: its rules, events, state and actions."""

from typing import Literal

import msgspec

from voice.audio.interface import INPUT_RATE
from voice.config import Listening
from voice.listening.vad import Frame

_SHORT_MS = 1500.0

Completeness = Literal["whole", "sentence", "open", "noise"]
"""What was heard: a whole command or answer, a complete sentence, something unfinished, or over our
voice nothing that is worth waiting for."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """All durations of the machine, in samples."""

    preroll: int
    soft_end: int
    commit: dict[Completeness, int]
    """Silence that ends a turn, by what was heard."""
    reopen: int
    longest: int
    """A turn of this length is cut, pre-roll included; what follows is the next turn."""
    shortest: int
    """Less voiced sound than this is a click or a breath, not a turn."""
    shortest_over: int
    """The same over our own voice."""
    partial: int
    """Time between two partial recognitions."""
    reaction: int
    """Speech this long after a reply became audible answers that reply."""
    glance: int
    """Silence after which a short utterance is glanced at while we are at work."""
    short: int
    """Longest utterance worth such a glance, pre-roll left out."""
    hold: int
    """Silence after which our voice need not wait any longer for words."""
    echo_tail: int
    """How long a room goes on sounding after our voice."""

    @classmethod
    def of(cls, settings: Listening) -> "Rules":
        """Turn the settings into samples."""

        def samples(ms: float) -> int:
            return round(ms * INPUT_RATE / 1000)

        return cls(
            preroll=samples(settings.preroll_ms),
            soft_end=samples(settings.soft_end_ms),
            commit={
                "whole": samples(settings.commit_command_ms),
                "noise": samples(settings.commit_command_ms),
                "sentence": samples(settings.commit_sentence_ms),
                "open": samples(settings.commit_open_ms),
            },
            reopen=samples(settings.reopen_ms),
            longest=samples(settings.max_utterance_s * 1000),
            shortest=samples(settings.min_voiced_ms),
            shortest_over=samples(settings.min_voiced_over_ms),
            partial=samples(settings.partial_ms),
            reaction=samples(settings.reaction_ms),
            glance=samples(settings.glance_ms),
            short=samples(_SHORT_MS),
            hold=samples(settings.hold_ms),
            echo_tail=samples(settings.echo_tail_ms),
        )


# --- events ----------------------------------------------------------------------------------


class PartialDone(msgspec.Struct, frozen=True):
    """A partial recognition ended, with or without words."""

    generation: int
    urgent: bool = False
    """All that was heard is one of the commands that wait for nothing."""


class Decoded(msgspec.Struct, frozen=True):
    """The recognition of a turn ended; without words it counts as `open`."""

    generation: int
    heard: Completeness


class Playback(msgspec.Struct, frozen=True):
    """The assistant's voice became audible or silent at a sample of the input's axis."""

    sample: int
    on: bool


class Work(msgspec.Struct, frozen=True):
    """The assistant began or ceased to do what a command may have to end: thinking, the beat."""

    on: bool


Event = Frame | PartialDone | Decoded | Playback | Work


# --- state -----------------------------------------------------------------------------------


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One turn: which samples belong to it."""

    turn: int
    revision: int
    audio_start: int
    """First sample to be recognised, pre-roll included."""
    first: int
    """First voiced sample."""
    last: int
    """End of the last voiced frame."""
    voiced: int = 0
    """Number of voiced samples."""
    overlapped: bool
    """It began while the assistant was speaking, or the room still was."""


class Open(msgspec.Struct, frozen=True, kw_only=True):
    """The turn that is going on."""

    span: Span
    resumed: int
    """First voiced sample since it was opened or reopened."""
    voiced: int
    """Voiced samples since then, for telling speech from a click."""
    announced: bool
    """It is long enough to be speech, and `Began` or `Reopened` has been said."""
    decode: int | None = None
    """Generation of the recognition that covers all of it; None while speech goes on."""
    heard: Completeness | None = None
    partial: int | None = None
    """Generation of the partial recognition in flight."""
    partial_at: int
    freed: bool = False
    """Our voice has been let go on."""
    glanced: bool = False
    """What was said up to the silence that is going on has been asked for early."""


class State(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the machine knows."""

    now: int = 0
    """End of the last frame."""
    generation: int = 0
    """The number given out last."""
    turns: int = 0
    """The turn id given out last."""
    open: Open | None = None
    cut: tuple[tuple[int, Span], ...] = ()
    """Turns that reached the longest length, with the generation awaited for each."""
    committed: Span | None = None
    """The last committed turn, which may be reopened."""
    committed_at: int = 0
    taken: int = 0
    """Samples before this belong to committed turns: no pre-roll from there."""
    playing: bool = False
    audible_at: int = -1
    """When the assistant's voice last became audible."""
    quiet_at: int | None = None
    """When it last became silent."""
    working: bool = False

    def awaited(self) -> set[int]:
        """The generations of turn recognitions whose result still counts."""
        awaited = {generation for generation, _ in self.cut}
        if self.open and self.open.decode is not None:
            awaited.add(self.open.decode)
        return awaited


# --- actions ---------------------------------------------------------------------------------


class Stirred(msgspec.Struct, frozen=True):
    """Over our voice something sounds like speech; `Began` or `Drop` will tell what it was."""

    sample: int


class Began(msgspec.Struct, frozen=True):
    """Somebody is speaking."""

    span: Span


class Reopened(msgspec.Struct, frozen=True):
    """The committed turn goes on: what was made of it no longer holds."""

    span: Span
    resumed: int
    """First voiced sample after the commit."""


class Decode(msgspec.Struct, frozen=True):
    """Recognise the turn: samples [audio_start, end)."""

    generation: int
    span: Span
    end: int


class DecodePartial(msgspec.Struct, frozen=True):
    """Recognise what has been said so far: samples [audio_start, end)."""

    generation: int
    span: Span
    end: int


class ShowPartial(msgspec.Struct, frozen=True):
    """The partial of this generation is still about the turn that is going on."""

    generation: int


class Commit(msgspec.Struct, frozen=True):
    """The turn is over and its words are those of `generation`."""

    generation: int
    span: Span


class Drop(msgspec.Struct, frozen=True):
    """Too short to be speech; nothing was announced."""

    span: Span


class Freed(msgspec.Struct, frozen=True):
    """The words are so late that our voice, which holds for them, had better go on."""

    sample: int


Action = Freed | Stirred | Began | Reopened | Decode | DecodePartial | ShowPartial | Commit | Drop
