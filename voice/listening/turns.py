"""When a turn begins, when recognition starts on it, and when it is over: a pure state machine.

    step(state, event, rules) -> (state, actions)

Time is the sample count of the microphone; nothing here waits, decodes or reads a clock. A short
silence (the soft end) starts recognition; how long the silence must last until the turn counts as
over depends on what was heard. Speech that goes on before that makes the words stale; speech that
goes on shortly after reopens the turn: same id, next revision, recognised again as a whole.

While we speak or work, a command such as "stop" must not wait: short utterances are glanced at
before the soft end, and a glance or a partial that is nothing but such a command ends the turn.

Each request for recognition carries the next number of one generation counter. A result counts
only while its number is awaited.
"""

from msgspec.structs import replace

from voice.listening.turn_types import (
    Action,
    Began,
    Commit,
    Completeness,
    Decode,
    Decoded,
    DecodePartial,
    Drop,
    Event,
    Freed,
    Open,
    PartialDone,
    Playback,
    Reopened,
    Rules,
    ShowPartial,
    Span,
    State,
    Stirred,
    Work,
)
from voice.listening.vad import FRAME, Frame

Step = tuple[State, list[Action]]


def step(state: State, event: Event, rules: Rules) -> Step:
    """Take one event and give the next state and what is to be done."""
    match event:
        case Frame(sample=sample, voiced=True):
            return _voice(replace(state, now=sample + FRAME), sample, rules)
        case Frame(sample=sample):
            return _silence(replace(state, now=sample + FRAME), rules)
        case Decoded(generation=generation, heard=heard):
            return _decoded(state, generation, heard, rules)
        case PartialDone(generation=generation, urgent=urgent):
            return _partial_done(state, generation, urgent, rules)
        case Playback(sample=sample, on=True):
            audible_at = state.audible_at if state.playing else sample
            return replace(state, playing=True, audible_at=audible_at), []
        case Playback(sample=sample):
            return replace(state, playing=False, quiet_at=sample), []
        case Work(on=on):
            return replace(state, working=on), []


def settled(state: State, rules: Rules) -> bool:
    """Whether the committed turn is over for good: nothing that is said now belongs to it."""
    spans = [span for _, span in state.cut] + ([state.open.span] if state.open else [])
    if any(span.revision for span in spans):
        return False
    return not _in_reach(state, state.now, rules)


def _in_reach(state: State, sample: int, rules: Rules) -> bool:
    """Whether speech at this sample may be more of the committed turn, however late its words."""
    turn = state.committed
    return (
        turn is not None
        and sample - state.committed_at <= rules.reopen
        and sample - turn.last <= rules.commit["open"] + rules.reopen
    )


def echoes(state: State, sample: int, rules: Rules) -> bool:
    """Whether our voice sounds, or the room still does."""
    quiet_at = state.quiet_at
    return state.playing or (quiet_at is not None and sample - quiet_at < rules.echo_tail)


def _voice(state: State, sample: int, rules: Rules) -> Step:
    actions: list[Action] = []
    state = _parted(state, sample, rules)
    if state.playing and (state.open is None or state.open.freed):
        actions.append(Stirred(sample))
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
        freed=False,
        glanced=False,
    )
    enough = rules.shortest_over if turn.span.overlapped else rules.shortest
    if not turn.announced and turn.voiced >= enough:
        turn = replace(turn, announced=True)
        actions.append(_announcement(turn))
    state = replace(state, open=turn)
    if not turn.announced:
        return state, actions
    if state.now - turn.span.audio_start >= rules.longest:
        state, more = _cut(state, turn)
    else:
        state, more = _ask_partial(state, turn, rules)
    return state, actions + more


def _announcement(turn: Open) -> Began | Reopened:
    return Reopened(turn.span, turn.resumed) if turn.span.revision else Began(turn.span)


def _parted(state: State, sample: int, rules: Rules) -> State:
    """Part a turn whose words are still awaited from speech that comes when it should be over.

    On a slow machine whatever is said would else become one turn, longer and slower each time.
    """
    turn = state.open
    if turn is None or turn.decode is None or sample - turn.span.last < rules.commit["open"]:
        return state
    cut = (*state.cut, (turn.decode, turn.span))
    return replace(state, open=None, cut=cut, committed=None, taken=turn.span.last)


def _opened(state: State, sample: int, rules: Rules) -> State:
    """Open a turn at this voiced sample: the committed one again, or a new one."""
    before = state.committed
    if before is not None and _continues(state, before, sample, rules):
        span = replace(before, revision=before.revision + 1)
    else:
        state = replace(state, turns=state.turns + 1)
        span = Span(
            turn=state.turns,
            revision=0,
            audio_start=max(sample - rules.preroll, state.taken),
            first=sample,
            last=sample,
            overlapped=echoes(state, sample, rules),
        )
    # Right behind a cut even a single frame is speech: the end of its last word.
    voiced = rules.shortest if 0 < sample == state.taken else 0
    turn = Open(span=span, resumed=sample, voiced=voiced, announced=False, partial_at=sample)
    return replace(state, open=turn)


def _continues(state: State, before: Span, sample: int, rules: Rules) -> bool:
    """Whether speech at this sample is more of the committed turn."""
    reply_heard = state.committed_at <= state.audible_at <= sample - rules.reaction
    return (
        not reply_heard
        and _in_reach(state, sample, rules)
        and sample - before.audio_start < rules.longest
    )


def _ask_partial(state: State, turn: Open, rules: Rules) -> Step:
    if turn.partial is not None or state.now - turn.partial_at < rules.partial:
        return state, []
    return _look(state, turn)


def _look(state: State, turn: Open) -> Step:
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
    if turn is None:
        return state, []
    if _worth_a_glance(state, turn, rules):
        return _look(state, replace(turn, glanced=True))
    if state.now - turn.span.last < rules.soft_end:
        return state, []
    if not turn.announced:
        glancing = turn.partial is not None and state.now - turn.span.last < rules.hold
        return (state, []) if glancing else (replace(state, open=None), [Drop(turn.span)])
    if turn.decode is not None:
        return _waiting(state, turn, rules)
    generation = state.generation + 1
    state = replace(state, generation=generation, open=replace(turn, decode=generation))
    return state, [Decode(generation, turn.span, state.now)]


def _waiting(state: State, turn: Open, rules: Rules) -> Step:
    """Commit when it is time; our voice does not wait for words for ever."""
    state, actions = _maybe_commit(state, rules)
    if state.open and not turn.freed and state.now - turn.span.last >= rules.hold:
        return replace(state, open=replace(turn, freed=True)), [Freed(state.now)]
    return state, actions


def _worth_a_glance(state: State, turn: Open, rules: Rules) -> bool:
    """Whether this pause may be the end of a command that ends what we are doing.

    Over our own voice a "stop" may have hardly any voiced sound left.
    """
    return (
        (turn.announced or turn.span.overlapped)
        and not turn.glanced
        and turn.decode is None
        and _urgent(state, turn)
        and rules.glance <= state.now - turn.span.last < rules.soft_end
        and turn.span.last - turn.span.first <= rules.short
    )


def _urgent(state: State, turn: Open) -> bool:
    return state.playing or state.working or turn.span.overlapped


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
    # A glance that is not over may still find a command in what is none so far.
    glancing = turn.glanced and turn.partial is not None and turn.heard != "whole"
    if state.now - turn.span.last < rules.commit["open" if glancing else turn.heard]:
        return state, []
    return _over(state, turn), [Commit(turn.decode, turn.span)]


def _over(state: State, turn: Open) -> State:
    return replace(
        state,
        open=None,
        committed=turn.span,
        committed_at=state.now,
        taken=turn.span.last,
    )


def _partial_done(state: State, generation: int, urgent: bool, rules: Rules) -> Step:
    turn = state.open
    if turn is None or turn.partial != generation:
        return state, []
    if urgent and _urgent(state, turn):
        shown: list[Action] = [ShowPartial(generation), Commit(generation, turn.span)]
        return _over(state, turn), shown if turn.announced else [_announcement(turn), *shown]
    state, actions = _maybe_commit(replace(state, open=replace(turn, partial=None)), rules)
    return state, [ShowPartial(generation), *actions] if turn.announced else actions
