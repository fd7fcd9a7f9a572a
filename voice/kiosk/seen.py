"""What has been seen of the loop, as far as a screen needs it: a pure fold of what happens.

    see(seen, happened) -> seen

Times are in seconds on the input's axis.
"""

import msgspec
from msgspec.structs import replace

from voice.audio.metronome import Struck
from voice.dialogue.runner import Place
from voice.dialogue.state import Confirm, State
from voice.events import (
    AudioEnd,
    DeviceEvent,
    DeviceState,
    EngineEvent,
    EngineState,
    LogEvent,
    Metronome,
    Partial,
    ReplyEvent,
    SpeechStart,
    TranscriptEvent,
)

ASIDE_S = 8.0
"""How long an answer stays after its last word."""
SUMMARY = "command:handover"
ANEW = "command:new-person"
BY_ITSELF = frozenset(("event:timer", "event:silence", "event:power"))
"""What replies that nobody caused were taken for."""


class Became(msgspec.Struct, frozen=True):
    """The conversation stands like this from now on."""

    t: float
    state: State


class Spoke(msgspec.Struct, frozen=True):
    """These words begin to be heard; none: silence."""

    text: str


class Typed(msgspec.Struct, frozen=True):
    """Somebody wrote this."""

    text: str


class Closed(msgspec.Struct, frozen=True):
    """The answer or the summary was put away."""


class Forgotten(msgspec.Struct, frozen=True):
    """All that was said and heard is to be forgotten."""


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is shown, not yet in words."""

    t: float = 0.0
    state: State = State()
    heard: str = ""
    final: bool = True
    listening: bool = False
    spoken: str = ""
    asked: str = ""
    """The words that the next reply answers."""
    signs: int = 0
    """How often somebody made itself felt."""
    aside: tuple[str, str] | None = None
    """A reply that is no step, and the words that it answers."""
    aside_until: float | None = None
    summary: bool = False
    beat: Struck | None = None
    beat_on: bool = False
    engines: dict[str, EngineState] = {}
    devices: dict[str, DeviceState] = {}
    position: int = 0
    """Grows whenever an answer would mean something else than before."""


Happened = LogEvent | Became | Spoke | Typed | Closed | Forgotten | Struck


def see(seen: Seen, happened: Happened) -> Seen:
    """Take what happened and give what is to be shown now."""
    match happened:
        case Became(t=t, state=state):
            moved = _refers_to(state) != _refers_to(seen.state)
            return replace(seen, t=t, state=state, position=seen.position + moved)
        case Spoke(text=text):
            return replace(seen, spoken=text)
        case Typed(text=text):
            return replace(seen, heard=text, final=True, asked=text)
        case Closed():
            return replace(seen, aside=None, aside_until=None, summary=False)
        case Forgotten():
            return Seen(
                t=seen.t,
                engines=seen.engines,
                devices=seen.devices,
                listening=seen.listening,
                position=seen.position + 1,
            )
        case Struck():
            return replace(seen, beat=happened) if seen.beat_on else seen
        case Metronome(on=on):
            return replace(seen, beat_on=on, beat=seen.beat if on else None)
        case ReplyEvent(heard=heard):
            signed = heard not in BY_ITSELF
            return replace(_reply(seen, happened), signs=seen.signs + signed)
        case EngineEvent(name=name, state=engine):
            return replace(seen, engines={**seen.engines, name: engine})
        case DeviceEvent(name=name, state=device):
            return replace(seen, devices={**seen.devices, name: device})
        case AudioEnd(t=t, source="voice") if seen.aside:
            return replace(seen, aside_until=t + ASIDE_S)
        case _:
            return _hear(seen, happened)


def holds(seen: Seen) -> bool:
    """Whether there is anything to forget."""
    talked = seen.state.run or seen.state.parked or seen.state.log.entries or seen.state.before
    return bool(talked or seen.heard or seen.aside or seen.summary)


def tick(seen: Seen, now: float) -> Seen:
    """Put away an answer that has been there long enough."""
    over = seen.aside_until is not None and now >= seen.aside_until
    return replace(seen, aside=None, aside_until=None) if over else seen


def _hear(seen: Seen, event: LogEvent) -> Seen:
    match event:
        case SpeechStart():
            return replace(seen, listening=True, heard="", final=False)
        case Partial(text=text):
            return replace(seen, heard=text, final=False)
        case TranscriptEvent(text=text, accepted=True):
            return replace(seen, listening=False, heard=text, final=True, asked=text)
        case TranscriptEvent():
            return replace(seen, listening=False, heard="", final=True)
        case _:
            return seen


def _reply(seen: Seen, reply: ReplyEvent) -> Seen:
    """A step puts everything else away; other words stay beside it for a while."""
    if reply.kind == "protocol" or not reply.say or (reply.heard == ANEW and not seen.state.run):
        return replace(seen, aside=None, aside_until=None, summary=False, asked="")
    if reply.heard == SUMMARY:
        return replace(seen, aside=None, aside_until=None, summary=True, asked="")
    asked, text = seen.asked, reply.say
    if seen.aside and reply.kind == "answer" and not asked:  # the next sentence of one answer
        asked, text = seen.aside[0], f"{seen.aside[1]} {reply.say}"
    elif reply.heard == "event:timer":  # the coach's words are in the caption
        return seen
    return replace(seen, aside=(asked, text), aside_until=None, summary=False, asked="")


def _refers_to(state: State) -> tuple[Place | None, Confirm | None]:
    """What "yes", "next" and a choice refer to."""
    return (state.run.place if state.run else None, state.confirm)
