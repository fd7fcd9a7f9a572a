"""When a turn begins, when recognition starts on it, and when it is over: a pure state machine.

    step(state, event, rules) -> (state, actions)

Time is the sample count of the microphone; nothing here waits, decodes or reads a clock. A short
silence (the soft end) starts recognition; how long the silence must last until the turn counts as
over depends on what was heard. Speech that goes on before that makes the words stale; speech that
goes on shortly after reopens the turn: same id, next revision, recognised again as a whole.

Each request for recognition carries the next number of one generation counter. A result counts
only while its number is awaited.
"""

from typing import Literal

import msgspec
from msgspec.structs import replace

from voice.audio.interface import INPUT_RATE
from voice.config import Listening
from voice.listening.vad import FRAME, Frame

Completeness = Literal["whole", "sentence", "open"]
"""What was heard: a whole command or answer, a complete sentence, or something unfinished."""


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
    partial: int
    """Time between two partial recognitions."""
    reaction: int
    """Speech this long after a reply became audible answers that reply."""

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
                "sentence": samples(settings.commit_sentence_ms),
                "open": samples(settings.commit_open_ms),
            },
            reopen=samples(settings.reopen_ms),
            longest=samples(settings.max_utterance_s * 1000),
            shortest=samples(settings.min_voiced_ms),
            partial=samples(settings.partial_ms),
            reaction=samples(settings.reaction_ms),
        )


# --- events ----------------------------------------------------------------------------------


class PartialDone(msgspec.Struct, frozen=True):
    """A partial recognition ended, with or without words."""

    generation: int


class Decoded(msgspec.Struct, frozen=True):
    """The recognition of a turn ended; without words it counts as `open`."""

    generation: int
    heard: Completeness


class Playback(msgspec.Struct, frozen=True):
    """The assistant's voice became audible or silent at a sample of the input's axis."""

    sample: int
    on: bool


Event = Frame | PartialDone | Decoded | Playback


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
    """It began while the assistant was speaking."""


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

    def awaited(self) -> set[int]:
        """The generations of turn recognitions whose result still counts."""
        awaited = {generation for generation, _ in self.cut}
        if self.open and self.open.decode is not None:
            awaited.add(self.open.decode)
        return awaited


# --- actions ---------------------------------------------------------------------------------


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


Action = Began | Reopened | Decode | DecodePartial | ShowPartial | Commit | Drop
Step = tuple[State, list[Action]]


# --- the machine -----------------------------------------------------------------------------


def step(state: State, event: Event, rules: Rules) -> Step:
    """Take one event and give the next state and what is to be done."""
    match event:
        case Frame(sample=sample, voiced=True):
            return _voice(replace(state, now=sample + FRAME), sample, rules)
        case Frame(sample=sample):
            return _silence(replace(state, now=sample + FRAME), rules)
        case Decoded(generation=generation, heard=heard):
            return _decoded(state, generation, heard, rules)
        case PartialDone(generation=generation):
            return _partial_done(state, generation)
        case Playback(sample=sample, on=on):
            audible_at = sample if on and not state.playing else state.audible_at
            return replace(state, playing=on, audible_at=audible_at), []


def _voice(state: State, sample: int, rules: Rules) -> Step:
    if state.open is None:
        state = _opened(state, sample, rules)
    turn = state.open
    assert turn is not None
    turn = replace(
        turn,
        span=replace(turn.span, last=state.now, voiced=turn.span.voiced + FRAME),
        voiced=turn.voiced + FRAME,
        decode=None,
        heard=None,
    )
    actions: list[Action] = []
    if not turn.announced and turn.voiced >= rules.shortest:
        turn = replace(turn, announced=True)
        actions.append(
            Reopened(turn.span, turn.resumed) if turn.span.revision else Began(turn.span)
        )
    state = replace(state, open=turn)
    if not turn.announced:
        return state, actions
    if state.now - turn.span.audio_start >= rules.longest:
        state, more = _cut(state, turn)
    else:
        state, more = _ask_partial(state, turn, rules)
    return state, actions + more


def _opened(state: State, sample: int, rules: Rules) -> State:
    """Open a turn at this voiced sample: a new one, or the committed one again."""
    before = state.committed
    goes_on = sample == state.taken and state.turns > 0  # the turn before was cut right here
    if before is not None and _continues(state, before, sample, rules):
        span = replace(before, revision=before.revision + 1)
    else:
        start = max(sample - rules.preroll, state.taken, 0)
        state = replace(state, turns=state.turns + 1, committed=before)
        span = Span(
            turn=state.turns,
            revision=0,
            audio_start=start,
            first=sample,
            last=sample,
            overlapped=state.playing,
        )
    turn = Open(span=span, resumed=sample, voiced=0, announced=False, partial_at=sample)
    if goes_on:
        turn = replace(turn, voiced=rules.shortest)
    return replace(state, open=turn)


def _continues(state: State, before: Span, sample: int, rules: Rules) -> bool:
    """Whether speech at this sample is more of the committed turn."""
    reply_heard = state.committed_at <= state.audible_at <= sample - rules.reaction
    return (
        not reply_heard
        and sample - state.committed_at <= rules.reopen
        and sample - before.audio_start < rules.longest
    )


def _ask_partial(state: State, turn: Open, rules: Rules) -> Step:
    if turn.partial is not None or state.now - turn.partial_at < rules.partial:
        return state, []
    generation = state.generation + 1
    turn = replace(turn, partial=generation, partial_at=state.now)
    state = replace(state, generation=generation, open=turn)
    return state, [DecodePartial(generation, turn.span, state.now)]


def _cut(state: State, turn: Open) -> Step:
    """End a turn in the middle of speech, at the end of this frame."""
    generation = state.generation + 1
    state = replace(
        state,
        generation=generation,
        open=None,
        cut=(*state.cut, (generation, turn.span)),
        committed=None,
        taken=state.now,
    )
    return state, [Decode(generation, turn.span, state.now)]


def _silence(state: State, rules: Rules) -> Step:
    turn = state.open
    if turn is None or state.now - turn.span.last < rules.soft_end:
        return state, []
    if not turn.announced:
        return replace(state, open=None), [Drop(turn.span)]
    if turn.decode is not None:
        return _maybe_commit(state, rules)
    generation = state.generation + 1
    state = replace(state, generation=generation, open=replace(turn, decode=generation))
    return state, [Decode(generation, turn.span, state.now)]


def _decoded(state: State, generation: int, heard: Completeness, rules: Rules) -> Step:
    for awaited, span in state.cut:
        if awaited == generation:
            left = tuple(item for item in state.cut if item[0] != generation)
            return replace(state, cut=left), [Commit(generation, span)]
    turn = state.open
    if turn is None or turn.decode != generation:
        return state, []
    return _maybe_commit(replace(state, open=replace(turn, heard=heard)), rules)


def _maybe_commit(state: State, rules: Rules) -> Step:
    turn = state.open
    if turn is None or turn.decode is None or turn.heard is None:
        return state, []
    if state.now - turn.span.last < rules.commit[turn.heard]:
        return state, []
    state = replace(
        state,
        open=None,
        committed=turn.span,
        committed_at=state.now,
        taken=turn.span.last,
    )
    return state, [Commit(turn.decode, turn.span)]


def _partial_done(state: State, generation: int) -> Step:
    turn = state.open
    if turn is None or turn.partial != generation:
        return state, []
    state = replace(state, open=replace(turn, partial=None))
    return state, [ShowPartial(generation)]
