"""What each command does."""

from collections.abc import Callable

import msgspec

from voice.dialogue import interface as do
from voice.dialogue import record_acts, visit_acts
from voice.dialogue.circumstances import PRESENCE
from voice.dialogue.state import Confirm
from voice.dialogue.triage.openings import Opening
from voice.dialogue.triage.rules import ANYTHING
from voice.dialogue.turn import TIMER, Turn

SLOWEST_BEAT, FASTEST_BEAT, BEAT_STEP = 100.0, 120.0, 5.0
"""Beats a minute: the range of every guideline."""


def act(turn: Turn, name: str, speaking: bool) -> None:
    """Carry out a command; `speaking`: the assistant's voice was to be heard, or about to be."""
    turn.heard = f"command:{name}"
    if name == "stop":
        _stop(turn, speaking)
    else:
        _ACTS[name](turn)


def _stop(turn: Turn, speaking: bool) -> None:
    """Silence. Only when nothing but the beat sounds can the beat be meant, and that is asked."""
    if turn.state.beat and not speaking:
        _ask_to_stop_beat(turn)
        return
    turn.do(do.StopSpeaking(), do.CancelTimer(name=TIMER))
    turn.set(paused=turn.state.run is not None)
    if speaking or turn.state.run is None:
        turn.say("", "command")
    else:
        turn.phrase("stopped", "command")


def _ask_to_stop_beat(turn: Turn) -> None:
    turn.set(confirm=Confirm("stop-beat"))
    turn.phrase("stop_beat", "clarify")


def _stop_beat(turn: Turn) -> None:
    turn.beat(False)
    turn.phrase("beat_off", "command")


def _start_beat(turn: Turn) -> None:
    """While it sounds nobody wants it to start: "stop the beat" is easily heard as this."""
    if turn.state.beat:
        _ask_to_stop_beat(turn)
        return
    turn.beat(True)
    turn.phrase("beat_on", "command")


def _next(turn: Turn) -> None:
    turn.done = True
    _skip(turn)


def _skip(turn: Turn) -> None:
    if turn.state.run is None:
        turn.phrase("nothing_running", "command")
    else:
        turn.present(turn.runner.advance(turn.state.run))


def _back(turn: Turn) -> None:
    run = turn.state.run
    earlier = turn.runner.back(run) if run else None
    if earlier:
        turn.present(earlier)
    else:
        turn.phrase("no_step_back" if run else "nothing_running", "command")


def _pause(turn: Turn) -> None:
    turn.do(do.StopSpeaking(), do.CancelTimer(name=TIMER))
    turn.set(paused=turn.state.run is not None)
    turn.phrase("paused" if turn.state.run else "nothing_running", "command")


def _resume(turn: Turn) -> None:
    if turn.state.run is None:
        turn.phrase("nothing_running", "command")
    else:
        turn.present(msgspec.structs.replace(turn.state.run, announce=()))


def _start_over(turn: Turn) -> None:
    if turn.state.run is None:
        turn.phrase("nothing_running", "command")
    else:
        turn.present(turn.runner.start_over(turn.state.run))


def _yes_no(turn: Turn) -> None:
    """Yes or no when nothing was asked."""
    run = turn.state.run
    turn.phrase("when_done" if run else "nothing_running", "clarify")


def _help(turn: Turn) -> None:
    if turn.state.run is not None:
        turn.phrase("help", "command")
        return
    turn.heard = "start"
    turn.present(turn.runner.start(Opening(ANYTHING)))


def _are_you_there(turn: Turn) -> None:
    if turn.state.run is None:
        turn.phrase("here", "command")
    else:
        standing = turn.runner.script(turn.state.run).protocol.standing
        turn.phrase("comfort", "command", standing=standing)


def _back_to_first(turn: Turn) -> None:
    if not turn.state.parked:
        turn.phrase("no_parked", "command")
        return
    first, *others = turn.state.parked
    here = (turn.state.run,) if turn.state.run else ()
    turn.set(parked=(*others, *here))
    turn.present(msgspec.structs.replace(first, announce=()))


def _speed(faster: int) -> Callable[[Turn], None]:
    """During compressions the beat changes, otherwise the voice."""

    def change(turn: Turn) -> None:
        word = "faster" if faster > 0 else "slower"
        if turn.state.beat:
            rate = turn.state.rate + faster * BEAT_STEP
            rate = min(FASTEST_BEAT, max(SLOWEST_BEAT, rate))
            turn.set(rate=rate)
            turn.phrase(f"beat_{word}", "command")
        else:
            turn.do(do.Adjust(slower=-faster))
            turn.phrase(word, "command")

    return change


def _volume(louder: int) -> Callable[[Turn], None]:
    def change(turn: Turn) -> None:
        turn.do(do.Adjust(louder=louder))
        turn.phrase("louder" if louder > 0 else "quieter", "command")

    return change


_ACTS: dict[str, Callable[[Turn], None]] = {
    "next": _next,
    "skip": _skip,
    "repeat": Turn.again,
    "back": _back,
    "pause": _pause,
    "resume": _resume,
    "start-over": _start_over,
    "yes": _yes_no,
    "no": _yes_no,
    "help": _help,
    "are-you-there": _are_you_there,
    "back-to-first": _back_to_first,
    "stop-beat": _stop_beat,
    "start-beat": _start_beat,
    "slower": _speed(-1),
    "faster": _speed(+1),
    "louder": _volume(+1),
    "quieter": _volume(-1),
    visit_acts.NEW: visit_acts.new_person,
    **record_acts.ACTS,
}
COMMANDS = frozenset((*_ACTS, *PRESENCE, "stop"))
"""Every command that commands.yaml may name, besides those that mark an entry for the crew."""
