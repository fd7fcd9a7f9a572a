"""What of a turn is kept for the crew that takes over."""

import msgspec

from voice.dialogue.durations import When
from voice.dialogue.handover import CPR, CPR_STOPPED, CREW, MOVED, START
from voice.dialogue.log import Entry
from voice.dialogue.runner import Run
from voice.dialogue.state import State
from voice.dialogue.turn import Turn

SAME_EMERGENCY_S = 3600.0
"""What is told so long after everything else is about somebody else."""
_CONFIRMS_S = 60.0
"""So long after it was assumed, words that it was done mean the same and not a second time."""
_BACK = frozenset(("breathing", "awake"))
"""Facts that end compressions; a pause for the machine does not."""


def tell(turn: Turn, what: str, when: When | None = None) -> bool:
    """Keep what was said to have been done; False: it is known already.

    What happens once is told again only to correct its time. What was just assumed is confirmed.
    """
    known = turn.state.log.of(turn.casualty, what)
    if known and when is None:
        confirms = known[-1].assumed and turn.now - known[-1].t <= _CONFIRMS_S
        if confirms or not turn.content.handover.items[what].many:
            return False
    _keep(turn, what, when)
    return True


def _keep(turn: Turn, what: str, when: When | None = None, *, assumed: bool = False) -> None:
    """Keep an entry of handover.yaml, once a turn."""
    if what in turn.kept:
        return
    turn.kept.add(what)
    when = when or When()
    item = turn.content.handover.items[what]
    turn.keep(
        Entry(
            t=turn.now - when.ago_s,
            what=what,
            detail=item.say,
            clock=when.clock,
            essential=item.essential,
            assumed=assumed,
        )
    )


def delete(turn: Turn, yes: bool) -> None:
    """Delete everything that was kept, once that was confirmed; `repeat` does not bring it back."""
    if yes:
        run, parked = turn.state.run, tuple(map(_untold, turn.state.parked))
        log = turn.state.log.deleted(turn.now)
        turn.set(run=run and _untold(run), parked=parked, before="", log=log, last=None)
    turn.phrase("log_deleted" if yes else "log_kept", "command")


def _untold(run: Run) -> Run:
    """The run without the words that were told last."""
    return msgspec.structs.replace(run, told="")


def whom(turn: Turn, another: bool) -> int:
    """The number of the casualty that a new opening is about."""
    runs = [*turn.state.parked, *([turn.state.run] if turn.state.run else [])]
    last = max((run.casualty for run in runs), default=1)
    if another and runs:
        return last + 1
    entries = turn.state.log.of(turn.casualty)
    stale = bool(entries) and turn.now - entries[-1].t > SAME_EMERGENCY_S
    return last + 1 if stale else turn.casualty


def observe(turn: Turn, before: State) -> None:
    """Keep what a turn changed: where it led, what is known since, what was done."""
    old, new = before.run, turn.state.run
    if new is None:
        return
    if old is not None and old.casualty != new.casualty:
        waited = (run for run in before.parked if run.casualty == new.casualty)
        old = next(waited, None)
        turn.done = False
    _done(turn, old, new)
    _moved(turn, old, new)
    _learned(turn, old, new)
    _compressions(turn, old, new)


def _done(turn: Turn, old: Run | None, new: Run) -> None:
    """The step that was left, when it was done, and the new one if it counts from now on."""
    if old is not None and turn.done:
        _step(turn, old, at_once=False)
    if old is None or old.place != new.place:
        _step(turn, new, at_once=True)


def _step(turn: Turn, run: Run, at_once: bool) -> None:
    step = turn.runner.step(run)
    if step.log is None or (step.log_if and step.log_if not in run.facts):
        return
    known = turn.state.log.of(run.casualty, step.log)
    if not known and turn.content.handover.items[step.log].at_once == at_once:
        _keep(turn, step.log, assumed=True)


def _moved(turn: Turn, old: Run | None, new: Run) -> None:
    slug = new.place.slug
    if old is not None and old.place.slug == slug:
        return
    known = turn.state.log.of(new.casualty, START, MOVED)
    if any(entry.protocol == slug for entry in known):
        return
    title = turn.content.protocol(slug).title.partition(",")[0]
    what = MOVED if known else START
    turn.keep(Entry(t=turn.now, what=what, detail=title, essential=not known))


def _learned(turn: Turn, old: Run | None, new: Run) -> None:
    """Facts that were not known before, each by the first entry that fits it."""
    told = set()
    fresh = new.facts - (old.facts if old else frozenset())
    for what, item in turn.content.handover.items.items():
        if item.fact not in fresh or item.fact in told:
            continue
        if item.after and not turn.state.log.of(new.casualty, *item.after):
            continue
        told.add(item.fact)
        _keep(turn, what)


def _compressions(turn: Turn, old: Run | None, new: Run) -> None:
    if old is not None and old.place == new.place:
        return
    marks = turn.state.log.of(new.casualty, CPR, CPR_STOPPED)
    going = bool(marks) and marks[-1].what == CPR
    beat = turn.runner.step(new).beat
    if beat == "on" and not going:
        _keep(turn, CPR)
    elif beat == "off" and going and _BACK & new.facts:
        _keep(turn, CPR_STOPPED)


def arrived(turn: Turn) -> None:
    """The crew is here."""
    detail = turn.content.handover.phrases.crew_here
    turn.keep(Entry(t=turn.now, what=CREW, detail=detail, essential=True))
