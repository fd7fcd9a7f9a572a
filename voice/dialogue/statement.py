"""What a clinician signs: all that a protocol says and decides, as plain lines, and their digest.

One line a value, named by its place: `steps.call.say: Call {emergency} on speaker.` The lines come
from the typed protocol, not from its file, so comments, spacing and the order of keys do not count;
every field does, save those that say nothing to a rescuer (`_NOT_SIGNED`). What other files add to
the protocol's words belongs to it: the events that hold everywhere, the region slots that its lines
name, in every region, and the facts of regions that it asks for.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec

from voice.dialogue.protocol import Event, Protocol, Step, event_steps
from voice.dialogue.regions import Regions, slots_in
from voice.dialogue.script import Script

_NOT_SIGNED = frozenset(("open_questions",))
_SPOKEN = (".say", ".on_unclear", ".steps", "standing", "handover")
"""How the places of spoken lines end."""
_SHARED = "everywhere"


def lines(protocol: Protocol, everywhere: Iterable[Event], regions: Regions) -> tuple[str, ...]:
    """The statement, line by line, in the order of the file's fields."""
    script = Script(protocol, tuple(everywhere))
    own = {name: v for name, v in _plain(protocol).items() if name not in _NOT_SIGNED}
    shared = [event for event in script.events if event not in protocol.events]
    found = [*_flat("", own), *_flat(_SHARED, [_plain(event) for event in shared])]
    slots = sorted(set(slots_in("\n".join(found))))
    return (*found, *_slots(slots, regions), *_facts(_asked(script), regions))


def digest(statement: Iterable[str]) -> str:
    """The fingerprint of a statement, 64 hexadecimal digits."""
    return hashlib.sha256("\n".join(statement).encode()).hexdigest()


def is_spoken(line: str) -> bool:
    """Whether a line of a statement is heard by the rescuer, filled slots included."""
    place = line.partition(": ")[0]
    return place.endswith(_SPOKEN) or place.startswith("slots.")


def _plain(value: object) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.to_builtins(value)
    return found


def _flat(place: str, value: Any) -> Iterator[str]:
    """One line for every value inside; items with an id or a name are known by it."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _flat(f"{place}.{name}" if place else name, inner)
    elif isinstance(value, list | tuple):
        for item in value:
            name = (item.get("id") or item.get("name")) if isinstance(item, dict) else None
            rest = {k: v for k, v in item.items() if k not in ("id", "name")} if name else item
            yield from _flat(f"{place}.{name}" if name else place, rest)
    else:
        yield f"{place}: {_legible(value)}"


def _legible(value: object) -> str:
    """The value on one line; what could be taken for something else is quoted."""
    text = str(value)
    odd = not text.isprintable() or text.startswith('"')
    return json.dumps(text) if odd else text


def _slots(names: Iterable[str], regions: Regions) -> Iterator[str]:
    """What fills these slots, everywhere and where it differs."""
    plain: dict[str, Any] = msgspec.to_builtins(regions)
    for name in names:
        if name in regions.common:
            yield from _flat(f"slots.{name}", plain["common"][name])
        for key, region in plain["regions"].items():
            if name in region.get("slots", {}):
                yield from _flat(f"slots.{name}.{key}", region["slots"][name])


def _facts(asked: frozenset[str], regions: Regions) -> Iterator[str]:
    """Which of the facts that the protocol asks for hold in which region."""
    for key, region in regions.regions.items():
        for fact in sorted(asked.intersection(region.facts)):
            yield f"regions.{key}.facts: {fact}"


def _asked(script: Script) -> frozenset[str]:
    """Facts on which a step, an event or an answer depends."""
    steps: list[Step] = list(script.steps.values())
    steps += [step for event in script.events for step in event_steps(event)]
    items: list[Step | Event] = [*steps, *script.events]
    conditions = {fact for item in items for fact in (item.if_, item.unless) if fact}
    known = {fact for step in steps for choice in step.choices for fact in choice.known}
    return frozenset(conditions | known)
