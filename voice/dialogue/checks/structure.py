"""Where steps lead: targets, ends, loops, the early call for help, and facts."""

import re
from collections.abc import Iterator

from voice.dialogue.checks.subject import Found, Subject
from voice.dialogue.protocol import RETURN, Event, Protocol, Step, goto
from voice.dialogue.triage.openings import ANYTHING

CALL_BY_STEP, CALL_AT_LATEST = 2, 4
"""A critical protocol calls for help by this step; after actions declared first, by the other."""

_CALL = re.compile(r"\b(call|tell|ring|phone)\b[^.]*\{emergency\}", re.IGNORECASE)


def targets(subject: Subject) -> Iterator[Found]:
    """Protocols that exist may not be stood in for; what is not written yet is only reported."""
    for index, slug in enumerate(subject.protocol.stands_in_for):
        if slug in subject.content.protocols:
            yield f"$.stands_in_for[{index}]", f"`{slug}` is written, nothing needs to stand in"


def endings(subject: Subject) -> Iterator[Found]:
    """Every path ends, leaves the protocol, or goes round by a step of kind `loop`."""
    path, last = list(subject.steps())[-1]
    if last.kind not in ("end", "loop", "goto") and last.then is None:
        yield path, f"the last step `{last.id}` is no end, loop or goto"
    paths = {step.id: where for where, step in subject.all_steps()}
    done: set[str] = set()
    for start in paths:
        if circle := _circle(subject, start, [], done):
            yield paths[circle], f"step `{circle}` comes round again without a step of kind `loop`"


def reachable(subject: Subject) -> Iterator[Found]:
    """Every step can be reached from the first step or by an event."""
    seen: set[str] = set()
    waiting = [subject.script.first]
    for _, event in subject.events():
        entrance = subject.script.entrance(event)
        waiting += [name for name in (entrance, event.then) if name in subject.script.steps]
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += _onward(subject, subject.script.step(name), loops=True)
    for path, step in subject.all_steps():
        if step.id not in seen:
            yield path, f"step `{step.id}` is never reached"


def early_call(subject: Subject) -> Iterator[Found]:
    """A critical protocol calls for help at once, or right after an action declared first."""
    if subject.protocol.urgency != "critical":
        return
    latest = CALL_BY_STEP
    for number, step in enumerate(_safe_path(subject), start=1):
        if _CALL.search(step.say):
            return
        if step.act_first:
            latest = min(number + 1, CALL_AT_LATEST)
        if number >= latest:
            break
    yield "$.steps[0]", f"the call for help does not come by step {latest} of the safe path"


def facts(subject: Subject) -> Iterator[Found]:
    """Facts that are asked for can be known: spoken findings, `sets`, or the region's."""
    understood = subject.content.findings.names
    known = set(understood)
    for region in subject.content.regions.all().values():
        known.update(region.facts)
    for protocol in (*subject.content.protocols.values(), subject.protocol):
        known.update(_set_by(protocol))
    known.update(fact for event in subject.content.everywhere for fact in event.sets)
    for path, step in subject.all_steps():
        for name, fact in (("if", step.if_), ("unless", step.unless)):
            if fact is not None and fact not in known:
                yield f"{path}.{name}", f"nothing ever sets the fact `{fact}`"
        for index, choice in enumerate(step.choices):
            for number, fact in enumerate(choice.known):
                if fact not in known:
                    where = f"{path}.choices[{index}].known[{number}]"
                    yield where, f"nothing ever sets the fact `{fact}`"
    for path, event in subject.events():
        if event.finding and event.finding not in understood:
            yield f"{path}.finding", f"`{event.finding}` is no finding of findings.yaml"


def leads_to(protocol: Protocol) -> set[str]:
    """The protocols that this one names."""
    named = {target for step in protocol.steps for target in _targets(step)}
    for event in protocol.events:
        named.add(event.then or "")
        for step in event.steps:
            named.update(() if isinstance(step, str) else _targets(step))
    slugs = {slug for slug in map(goto, named) if slug}
    return slugs | set(protocol.other_ages.values()) | {ANYTHING} - {protocol.id}


def _targets(step: Step) -> Iterator[str]:
    yield from (choice.then for choice in step.choices if choice.then)
    if step.then:
        yield step.then


def _set_by(protocol: Protocol) -> Iterator[str]:
    items: list[Step | Event] = [*protocol.steps, *protocol.events]
    items += [step for event in protocol.events for step in event.steps if isinstance(step, Step)]
    for item in items:
        yield from item.sets
        if isinstance(item, Step):
            yield from (fact for choice in item.choices for fact in choice.sets)


def _onward(subject: Subject, step: Step, loops: bool) -> list[str]:
    """The steps of this protocol that may follow one."""
    if step.kind == "end" or (step.kind == "loop" and not loops):
        return []
    following = subject.script.following(step.id)
    if step.kind == "ask":
        found = [choice.then or following for choice in step.choices]
    else:
        found = [step.then or following]
        found += [following] if step.if_ or step.unless else []
    return [name for name in found if name != RETURN and goto(name) is None]


def _circle(subject: Subject, name: str, path: list[str], done: set[str]) -> str | None:
    """A step that is reached again from itself without a loop, if there is one from here."""
    if name in path:
        return name
    if name in done:
        return None
    for onward in _onward(subject, subject.script.step(name), loops=False):
        if circle := _circle(subject, onward, [*path, name], done):
            return circle
    done.add(name)
    return None


def _safe_path(subject: Subject) -> Iterator[Step]:
    """The steps when nothing is known and every question is answered by its safe choice."""
    known = subject.script.steps
    target, seen = subject.script.first, set[str]()
    while target in known and target not in seen:
        seen.add(target)
        step = known[target]
        yield step
        target = subject.script.after(step.id)
        if step.kind == "ask":
            choice = next(choice for choice in step.choices if choice.name == step.safe)
            target = choice.then or subject.script.following(step.id)
