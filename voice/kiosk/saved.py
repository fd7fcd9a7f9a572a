"""What a power cut must not take: the running protocol without a word of anybody.

    of(state, now) -> saved        restored(saved, content, now) -> state

What is kept names steps, facts and entries of the content; times are told by how long ago they
were. Words that were said or heard are in none of it. A time of day that was told for an entry is
kept, because the crew needs it: digits and the content's few words for times, nothing else. A
draft of the language model consists of words and is not kept.
"""

import msgspec
from msgspec.structs import replace

from voice.dialogue.coach import Coach
from voice.dialogue.content import DRAFT, Content
from voice.dialogue.handover import CREW, MOVED, START
from voice.dialogue.log import Entry, Log
from voice.dialogue.runner import Place, Run
from voice.dialogue.state import State

FORMAT = 1


class SavedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A position in a protocol."""

    place: Place
    facts: tuple[str, ...] = ()
    trail: tuple[Place, ...] = ()
    unclear: int = 0
    casualty: int = 1


class SavedEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something kept for the crew, by the name of its kind."""

    ago_s: float
    what: str
    protocol: str | None = None
    casualty: int = 1
    clock: str = ""
    essential: bool = False
    assumed: bool = False


class SavedCoach(msgspec.Struct, frozen=True, kw_only=True):
    """How far the coach has come; None: no compressions."""

    began_ago_s: float | None = None
    praised_ago_s: float = 0.0
    marks: int = 0
    told: tuple[str, ...] = ()


class Saved(msgspec.Struct, frozen=True, kw_only=True):
    """Everything in the file."""

    format: int = FORMAT
    at: float
    """When this held, in seconds since 1970."""
    run: SavedRun
    parked: tuple[SavedRun, ...] = ()
    paused: bool = False
    beat: bool = False
    rate: float = 110.0
    coach: SavedCoach = SavedCoach()
    entries: tuple[SavedEntry, ...] = ()


def of(state: State, now: float, wall: float) -> Saved | None:
    """What to keep of a state; nothing when nothing is going on. `now` is on the state's axis."""
    run = state.run
    if run is None or run.place.slug == DRAFT:
        return None
    return Saved(
        at=wall,
        run=_run(run),
        parked=tuple(_run(other) for other in state.parked if other.place.slug != DRAFT),
        paused=state.paused,
        beat=state.beat or bool(state.confirm and state.confirm.beat),
        rate=state.rate,
        coach=_coach(state.coach, now),
        entries=tuple(
            SavedEntry(
                ago_s=round(now - entry.t, 2),
                what=entry.what,
                protocol=entry.protocol,
                casualty=entry.casualty,
                clock=entry.clock,
                essential=entry.essential,
                assumed=entry.assumed,
            )
            for entry in state.log.entries
        ),
    )


def restored(saved: Saved, content: Content, now: float) -> State | None:
    """The state as it was, on an axis where it was saved at `now`; None if it no longer exists."""
    run = _restored(saved.run, content)
    if saved.format != FORMAT or run is None:
        return None
    parked = (_restored(other, content) for other in saved.parked)
    return State(
        run=run,
        parked=tuple(other for other in parked if other is not None),
        paused=saved.paused,
        beat=saved.beat,
        rate=saved.rate,
        log=_log(saved, content, now),
        coach=_restored_coach(saved, now),
    )


def _run(run: Run) -> SavedRun:
    return SavedRun(
        place=run.place,
        facts=tuple(sorted(run.facts)),
        trail=tuple(place for place in run.trail if place.slug != DRAFT),
        unclear=run.unclear,
        casualty=run.casualty,
    )


def _restored(saved: SavedRun, content: Content) -> Run | None:
    if not _exists(saved.place, content):
        return None
    return Run(
        place=saved.place,
        facts=frozenset(saved.facts),
        trail=tuple(place for place in saved.trail if _exists(place, content)),
        unclear=saved.unclear,
        casualty=saved.casualty,
    )


def _exists(place: Place, content: Content) -> bool:
    """Whether the content still has this step; it may be another version of it by now."""
    if place.slug not in content.protocols:
        return False
    steps = content.script(place.slug).steps
    return place.step in steps and (place.home is None or place.home in steps)


def _coach(coach: Coach, now: float) -> SavedCoach:
    return SavedCoach(
        began_ago_s=None if coach.began is None else round(now - coach.began, 2),
        praised_ago_s=round(now - coach.praised, 2),
        marks=coach.marks,
        told=tuple(sorted(coach.told)),
    )


def _restored_coach(saved: Saved, now: float) -> Coach:
    kept = saved.coach
    return Coach(
        began=None if kept.began_ago_s is None else now - kept.began_ago_s,
        praised=now - kept.praised_ago_s,
        marks=kept.marks,
        told=frozenset(kept.told),
    )


def _log(saved: Saved, content: Content, now: float) -> Log:
    log = Log()
    for kept in saved.entries:
        entry = Entry(
            t=now - kept.ago_s,
            what=kept.what,
            detail="",
            protocol=kept.protocol,
            casualty=kept.casualty,
            clock=kept.clock,
            essential=kept.essential,
            assumed=kept.assumed,
        )
        if detail := _detail(kept, content):
            log = log.add(replace(entry, detail=detail))
    return log


def _detail(kept: SavedEntry, content: Content) -> str:
    """The words of an entry, from the content again; empty when it no longer has them."""
    if kept.what in (START, MOVED):
        protocol = content.protocols.get(kept.protocol or "")
        return content.say(protocol.title.partition(",")[0]) if protocol else ""
    if kept.what == CREW:
        return content.say(content.handover.phrases.crew_here)
    item = content.handover.items.get(kept.what)
    return content.say(item.say) if item else ""
