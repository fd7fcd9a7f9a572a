"""The coach in the conversation: what a turn means for it, and what it wants done."""

import math
from collections.abc import Iterator

from voice.dialogue import coach as c
from voice.dialogue import interface as do
from voice.dialogue import words
from voice.dialogue.content import Content
from voice.dialogue.state import State
from voice.dialogue.turn import TIMER as STEP_TIMER
from voice.dialogue.turn import Turn
from voice.spoken import cardinal

TIMER = "coach"
_BUSY_S = 5.0
"""How long a line waits for an open question."""
_OVER = frozenset(("breathing", "awake"))
"""Facts with which compressions are over; without them the beat rests for a machine."""
_NUMBERS = words.wordset("and " + " ".join(cardinal(n).replace("-", " ") for n in range(31)))


def observe(turn: Turn, before: State) -> None:
    """Switch the beat as the turn leaves it, and let the coach know what has happened."""
    beat = _beat(turn.content, turn.state)
    if beat != _beat(turn.content, before):
        turn.do(beat)
    coach, plan = turn.state.coach, turn.content.coach
    for event in _events(turn, beat):
        coach, _ = c.step(coach, event, plan)
    due = c.due(coach, _facts(turn.state), plan, turn.now)
    if due is not None and _open_question(turn.state):
        due = max(due, turn.now + _BUSY_S)
    if due is None and turn.state.coach_due is not None:
        turn.do(do.CancelTimer(name=TIMER))
    elif due is not None and due != turn.state.coach_due:
        turn.do(do.SetTimer(name=TIMER, seconds=due - turn.now))
    turn.set(coach=coach, coach_due=due)


def tick(turn: Turn) -> None:
    """The coach's timer ran out: say what is due, after what is being said."""
    turn.set(coach_due=None)
    if _open_question(turn.state):
        return
    tick = c.Tick(turn.now, _facts(turn.state))
    coach, line = c.step(turn.state.coach, tick, turn.content.coach)
    turn.set(coach=coach)
    if line is not None:
        turn.heard = "event:timer"
        turn.say(turn.content.say(line), "chat", append=True)


def counting_along(turn: Turn, text: str) -> bool:
    """Whether somebody only counts the pushes, or our own count came back as an echo."""
    if not turn.state.beat:
        return False
    ours = turn.content.coach.announcements if turn.state.coach.counted else ()
    said = " ".join(words.tokens(text))
    for line in ours:
        said = said.replace(" ".join(words.tokens(line)), "")
    return bool(text.strip()) and all(word in _NUMBERS or word.isdigit() for word in said.split())


def _beat(content: Content, state: State) -> do.Beat:
    """How the beat is to sound in a state."""
    counting, facts = content.coach.counting, _facts(state)
    chosen = counting.choose(facts) if state.beat else None
    if chosen is None:
        return do.Beat(on=state.beat, rate=state.rate)
    sets = do.Sets(
        pushes=chosen.pushes,
        pause_s=chosen.pause_s,
        numbers=counting.numbers(chosen.pushes, facts),
        breaths=chosen.say,
        again=counting.again,
    )
    return do.Beat(on=True, rate=state.rate, sets=sets)


def _events(turn: Turn, beat: do.Beat) -> Iterator[c.Event]:
    """What the turn did, as the coach takes it."""
    state, now = turn.state, turn.now
    over = state.run is None or (not beat.on and bool(_OVER & state.run.facts))
    on = beat.on and not state.paused
    left = turn.content.coach_left(state.run.place.slug) if state.run else frozenset()
    yield c.Beat(now, on, counted=beat.sets is not None, over=over, left=left)
    for effect in turn.effects:
        match effect:
            case do.Say(reply=reply, append=append) if reply.say:
                yield c.Words(now, reply.say, append)
            case do.SetTimer(name=name, seconds=seconds) if name == STEP_TIMER:
                yield c.NextLine(now, now + seconds)
            case do.CancelTimer(name=name) if name == STEP_TIMER:
                yield c.NextLine(now, math.inf)


def _facts(state: State) -> frozenset[str]:
    return state.run.facts if state.run else frozenset()


def _open_question(state: State) -> bool:
    return state.asked is not None or state.confirm is not None
