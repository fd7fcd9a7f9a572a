"""Drafts of the language model, where no protocol fits: asked for, checked, held, begun.

The primary check serves until a draft is there, and goes on when none comes. A draft begins only
between the primary check's questions, and never once a life is known to be in danger.
"""

import re
from typing import Any

import msgspec

from voice.dialogue import drafts, words
from voice.dialogue import interface as do
from voice.dialogue.state import Drafting
from voice.dialogue.triage.rules import ANYTHING
from voice.dialogue.turn import Turn
from voice.events import DraftEvent

THREATS = frozenset(
    ("not-breathing", "gasping", "unresponsive", "heavy-bleeding", "choking", "cannot-breathe")
)
_PROCEDURE = re.compile(
    r"\b(?:how (?:do|can|should|would) (?:i|we|you)|how to|what (?:do|should) (?:i|we) do)\b"
)


def wanted(turn: Turn, question: str) -> bool:
    """Whether an idle question asks for a whole first-aid procedure."""
    asks = turn.state.run is None and bool(_PROCEDURE.search(words.normalise(question)))
    return asks and turn.content.openings.perhaps(question)


def begin(turn: Turn, told: str, deadline_s: float) -> None:
    """Ask for a draft about what was told; without words or time for one, do nothing."""
    if not told or deadline_s <= 0:
        return
    drop(turn)
    request = turn.state.requests + 1
    told = words.printable(told)
    idle = turn.state.run is None
    drafting = Drafting(request, until=turn.now + deadline_s, idle=idle)
    turn.set(requests=request, drafting=drafting)
    turn.do(do.AskDraft(request=request, told=told, deadline_s=deadline_s))


def arrived(turn: Turn, request: int, text: str) -> None:
    """The model's draft: keep it if it passes the checks."""
    drafting = turn.state.drafting
    if drafting is None or drafting.request != request:
        return
    draft = drafts.read(text, turn.content)
    if draft.lines:
        turn.set(drafting=msgspec.structs.replace(drafting, lines=draft.lines))
        _report(turn, "ready", steps=draft.lines)
    else:
        turn.set(drafting=None)
        _report(turn, "rejected", detail=draft.detail, rejected=draft.rejected)


def ended(turn: Turn, end: do.ModelEnded) -> None:
    """There will be no draft."""
    drafting = turn.state.drafting
    if drafting and drafting.request == end.request and not drafting.lines:
        turn.set(drafting=None)
        _report(turn, "late" if end.reason == "late" else "failed", detail=end.detail)


def drop(turn: Turn) -> None:
    """Forget the draft, whether it is there or not."""
    if drafting := turn.state.drafting:
        turn.set(drafting=None)
        if not drafting.lines:
            turn.do(do.CancelModel())
        _report(turn, "dropped")


def look(turn: Turn) -> None:
    """At the end of a turn: begin a draft that is there and fits, drop one that fits no more."""
    drafting, run = turn.state.drafting, turn.state.run
    if drafting is None:
        return
    late = not drafting.lines and turn.now > drafting.until
    elsewhere = drafting.idle if run else not drafting.idle
    if late or elsewhere or (run and (run.place.slug != ANYTHING or THREATS & run.facts)):
        drop(turn)
        return
    asking = run is not None and turn.runner.step(run).kind == "ask"
    if not drafting.lines or asking or turn.state.paused or turn.state.confirm:
        return
    turn.set(drafting=None)
    begun = turn.runner.draft(run, drafting.lines)
    announce = (turn.content.phrases["draft"],)
    instead = turn.take_back()
    if not instead:
        turn.heard = "start"
    turn.present(msgspec.structs.replace(begun, announce=announce), append=not instead)


def _report(turn: Turn, reason: Any, **more: Any) -> None:
    turn.do(do.Report(event=DraftEvent(t=turn.now, reason=reason, **more)))
