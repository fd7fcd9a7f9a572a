"""Where steps lead: targets, ends, loops, events and facts."""

from collections.abc import Iterator

from voice.dialogue import loader
from voice.dialogue.checks.subject import Found, Subject
from voice.dialogue.protocol import RETURN, Event, Protocol, Step, goto
from voice.dialogue.script import Script


def targets(subject: Subject) -> Iterator[Found]:
    """Protocols that are led to exist, and only those that do not are stood in for."""
    for path, target in _targets(subject):
        slug = goto(target)
        if slug and slug not in subject.slugs:
            yield path, f"no protocol `{slug}`"
    for who, slug in subject.protocol.other_ages.items():
        if slug not in subject.slugs:
            yield f"$.other_ages.{who}", f"no protocol `{slug}`"
    for index, slug in enumerate(subject.protocol.stands_in_for):
        if slug in subject.slugs:
            yield f"$.stands_in_for[{index}]", f"`{slug}` is written, nothing needs to stand in"


def endings(subject: Subject) -> Iterator[Found]:
    """Every path ends, leaves the protocol, or goes round by a step of kind `loop`."""
    path, last = list(subject.steps())[-1]
    if last.kind not in ("end", "loop", "goto") and last.then is None:
        yield path, f"the last step `{last.id}` is no end, loop or goto"
    if last.if_ or last.unless:
        yield path, f"the last step `{last.id}` may be skipped, and nothing follows it"
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


def events(subject: Subject) -> Iterator[Found]:
    """Of the events of one finding each can be the first that applies."""
    earlier: dict[str, list[Event]] = {}
    for path, event in subject.events():
        if event.finding is None:
            continue
        before = earlier.setdefault(event.finding, [])
        for other in before:
            if (other.if_, other.unless) in ((None, None), (event.if_, event.unless)):
                yield path, f"event `{event.id}` never happens: `{other.id}` comes before it"
                break
        before.append(event)


def names(subject: Subject) -> Iterator[Found]:
    """No step has the name of one that can be spoken in every protocol."""
    own = subject.protocol.events
    script = Script(subject.protocol, subject.content.everywhere)
    for path, step in subject.all_steps():
        event = script.detours.get(step.id)
        if event is not None and event not in own:
            yield f"{path}.id", f"a step of `{event.id}` in events.yaml is named `{step.id}`, too"


def facts(subject: Subject) -> Iterator[Found]:
    """Facts that are asked for can be known: spoken findings, `sets`, or the region's."""
    understood = subject.content.findings.names
    known = set(understood)
    for region in subject.content.regions.all().values():
        known.update(region.facts)
    for protocol in (*subject.content.library.values(), subject.protocol):
        known.update(_set_by(protocol))
    known.update(fact for event in subject.content.everywhere for fact in event.sets)
    for path, step in subject.all_steps():
        for name, fact in (("if", step.if_), ("unless", step.unless)):
            if fact is not None and fact not in known:
                yield f"{path}.{name}", f"nothing ever sets the fact `{fact}`"
        if step.log_if is not None and step.log_if not in known:
            yield f"{path}.log_if", f"nothing ever sets the fact `{step.log_if}`"
        for index, choice in enumerate(step.choices):
            for number, fact in enumerate(choice.known):
                if fact not in known:
                    where = f"{path}.choices[{index}].known[{number}]"
                    yield where, f"nothing ever sets the fact `{fact}`"
    for path, event in subject.events():
        if event.finding and event.finding not in understood:
            yield f"{path}.finding", f"`{event.finding}` is no finding of findings.yaml"


def _targets(subject: Subject) -> Iterator[Found]:
    """Where steps, choices and events lead, with the paths of their `then`."""
    for path, step in subject.steps():
        yield from loader.targets(step, path)
    for path, event in subject.events():
        if event.then:
            yield f"{path}.then", event.then
        for index, item in enumerate(event.steps):
            if isinstance(item, Step):
                yield from loader.targets(item, f"{path}.steps[{index}]")


def _set_by(protocol: Protocol) -> Iterator[str]:
    items: list[Step | Event] = [*protocol.steps, *protocol.events]
    items += [step for event in protocol.events for step in event.steps if isinstance(step, Step)]
    for item in items:
        yield from item.sets
        if isinstance(item, Step):
            yield from (fact for choice in item.choices for fact in choice.sets)


def _onward(subject: Subject, step: Step, loops: bool) -> list[str]:
    """The steps of this protocol that may follow one; it may be skipped itself."""
    following = subject.script.following(step.id)
    found = [following] if step.if_ or step.unless else []
    if step.kind == "ask":
        found += [choice.then or following for choice in step.choices]
    elif step.kind != "end" and (loops or step.kind != "loop"):
        found.append(step.then or following)
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
