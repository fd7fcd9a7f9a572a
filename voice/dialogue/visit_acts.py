"""One person after the other: is somebody still there, who begins anew, what a power cut left."""

from typing import Final

import msgspec

from voice.dialogue import coaching, gaps
from voice.dialogue import interface as do
from voice.dialogue.content import Content
from voice.dialogue.state import Confirm, Resumed, State
from voice.dialogue.turn import TIMER, Turn

GO_ON = frozenset(("next", "resume"))
"""Commands that are a yes to the question whether to continue."""
NEW: Final = "new-person"
"""The command, and the question whether it is meant."""
QUESTIONS = (NEW, "still-there", "continue")


def new_person(turn: Turn) -> None:
    """Begin anew; while the beat sounds a misheard word must not end it, so that is asked."""
    if turn.state.beat:
        turn.set(confirm=Confirm(NEW))
        turn.phrase("new_person", "clarify")
    else:
        begin_anew(turn)


def begin_anew(turn: Turn) -> None:
    """Forget everything, and say that whoever is there now may begin."""
    forget(turn)
    turn.phrase("nothing_running", "command")


def forget(turn: Turn) -> None:
    """Forget everything, silently."""
    turn.do(do.StopSpeaking(), do.CancelModel())
    turn.do(do.CancelTimer(name=TIMER), do.CancelTimer(name=coaching.TIMER))
    turn.state = State(requests=turn.state.requests)
    turn.do(do.Forget())


def still_there(turn: Turn) -> None:
    """Ask whether there is anybody."""
    turn.heard = "event:silence"
    turn.set(confirm=Confirm("still-there"))
    turn.phrase("still_there", "clarify")


def resume(turn: Turn, resumed: Resumed) -> None:
    """Take up what was going on when the power went, or ask whether to."""
    turn.heard = "event:power"
    state = msgspec.structs.replace(resumed.state, coach_due=None)  # its timer is not set
    if state.run is None:
        return
    if resumed.ask:
        confirm = Confirm("continue", beat=state.beat)
        turn.state = msgspec.structs.replace(state, beat=False, paused=True, confirm=confirm)
        turn.phrase("continue_or_new", "clarify")
        return
    turn.state = state
    turn.preface = _gap(turn.content, resumed.gap_s)
    turn.present(msgspec.structs.replace(state.run, announce=()))


def confirmed(turn: Turn, confirm: Confirm, answer: str) -> bool:
    """Act on the answer to one of these questions, a command's name; False: it is none to it."""
    if answer == NEW or (answer == "yes" and confirm.what == NEW):
        begin_anew(turn)
    elif confirm.what == NEW and answer == "no":
        turn.phrase("not_taken", "clarify")
    elif confirm.what != NEW and answer == "no":
        begin_anew(turn)
    elif confirm.what == "continue" and (answer == "yes" or answer in GO_ON) and turn.state.run:
        turn.beat(confirm.beat)
        turn.present(turn.state.run)
    elif confirm.what == "still-there" and answer in ("yes", "are-you-there"):
        turn.phrase("with_you" if turn.state.run else "nothing_running", "command")
    else:
        return False
    return True


def _gap(content: Content, gap_s: float | None) -> str:
    if gap_s is None:
        return content.phrase("power_back_unknown")
    told = gaps.told(gap_s, content.phrases["seconds"], content.handover.spans)
    return content.phrase("power_back", time=told)
