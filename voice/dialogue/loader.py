"""Reads protocol files; every mistake becomes one line with file, line and reason."""

import re
from collections.abc import Callable, Container, Iterator
from pathlib import Path
from typing import Any

import msgspec

from voice.dialogue import yamlfile
from voice.dialogue.protocol import (
    GOTO,
    RETURN,
    Answer,
    Event,
    Must,
    Never,
    Protocol,
    Source,
    Step,
    event_steps,
)
from voice.dialogue.yamlfile import ContentError, Document, Mistake

_ITEMS: dict[str, type[msgspec.Struct]] = {
    "sources": Source,
    "steps": Step,
    "events": Event,
    "answers": Answer,
    "must": Must,
    "never": Never,
}
"""Lists whose items are checked one by one, so that each mistake is reported."""

Report = Callable[[str, str], None]
"""Takes a path in the document and what is wrong there."""


def read_all(
    folder: Path, entries: Container[str], *, lenient: bool = False
) -> dict[str, Protocol]:
    """Every protocol of a folder by its slug; raises ContentError with all mistakes.

    `entries` are those of handover.yaml. `lenient` leaves out those with mistakes instead.
    """
    protocols: dict[str, Protocol] = {}
    mistakes: list[Mistake] = []
    for file in sorted(folder.glob("*.yaml")):
        try:
            protocols[file.stem] = read(file, entries)[0]
        except ContentError as error:
            mistakes.extend(error.mistakes)
    if mistakes and not lenient:
        raise ContentError(mistakes)
    return protocols


def read(file: Path, entries: Container[str] | None = None) -> tuple[Protocol, Document]:
    """One protocol and the document it came from; raises ContentError.

    `entries` are the names that may stand in `log`; without them any may.
    """
    document = yamlfile.read(file, file.name)
    protocol = _convert(document)
    mistakes: list[Mistake] = []
    if protocol.id != file.stem:
        mistakes.append(document.mistake("$.id", f"`{protocol.id}` is not the file's name"))

    def report(path: str, why: str) -> None:
        mistakes.append(document.mistake(path, why))

    _check_places(protocol, report)
    if entries is not None:
        _check_log(protocol, entries, report)
    if mistakes:
        raise ContentError(mistakes)
    return protocol, document


def _convert(document: Document) -> Protocol:
    data = document.data
    if not isinstance(data, dict):
        raise ContentError([document.mistake("$", "a protocol is a list of `name: value`")])
    mistakes: list[Mistake] = []
    for name, into in _ITEMS.items():
        items = data.get(name)
        for index, item in enumerate(items if isinstance(items, list) else ()):
            try:
                document.convert(item, into, f"$.{name}[{index}]")
            except ContentError as error:
                mistakes.extend(error.mistakes)
    if mistakes:
        raise ContentError(mistakes)
    return document.convert(data, Protocol)


def _check_places(protocol: Protocol, report: Report) -> None:
    """Ids are unique, targets exist, and each step has what its kind needs."""
    places: set[str] = set()
    for path, step, _ in _steps(protocol):
        if step.id in places:
            report(f"{path}.id", f"step `{step.id}` stands here twice")
        places.add(step.id)
    for path, step, in_event in _steps(protocol):
        _check_kind(step, path, report)
        for where, target in targets(step, path):
            _check_target(target, places, in_event, where, report)
    for index, event in enumerate(protocol.events):
        path = f"$.events[{index}]"
        if not event.finding and not event.hear and not event.log:
            report(path, f"event `{event.id}` needs a `finding`, phrases to `hear` or a `log`")
        if not event.steps and not event.then:
            report(path, f"event `{event.id}` has neither `steps` nor `then`")
        if event.then and not event.steps:
            _check_target(event.then, places, False, f"{path}.then", report)
    for name in ("events", "answers"):
        _check_unique(getattr(protocol, name), f"$.{name}", report)
    _check_patterns(protocol, report)


def _check_log(protocol: Protocol, entries: Container[str], report: Report) -> None:
    """What is kept for the crew has words in handover.yaml."""
    events = ((f"$.events[{index}]", event.log) for index, event in enumerate(protocol.events))
    steps = ((path, step.log) for path, step, _ in _steps(protocol))
    for path, log in (*steps, *events):
        if log is not None and log not in entries:
            report(f"{path}.log", f"no entry `{log}` in handover.yaml")


def _check_kind(step: Step, path: str, report: Report) -> None:
    names = [choice.name for choice in step.choices]
    if step.kind == "ask":
        if len(names) < 2:
            report(path, f"question `{step.id}` needs at least two choices")
        if len(set(names)) < len(names):
            report(f"{path}.choices", f"question `{step.id}` has two choices of one name")
        if step.safe is None:
            report(path, f"question `{step.id}` names no safe choice")
        elif step.safe not in names:
            report(f"{path}.safe", f"`{step.safe}` is none of the choices")
        if step.on_unclear is None:
            report(path, f"question `{step.id}` has no `on_unclear`")
    elif step.choices or step.safe or step.on_unclear:
        report(path, f"step `{step.id}` has choices but is no question (`kind: ask`)")
    if step.kind in ("loop", "goto") and step.then is None:
        report(path, f"{step.kind} `{step.id}` does not say where to go (`then`)")
    if step.kind == "timer" and step.seconds is None:
        report(path, f"timer `{step.id}` has no `seconds`")
    if step.kind == "end" and step.then is not None:
        report(f"{path}.then", f"end `{step.id}` cannot lead on")
    if step.log_if and not step.log:
        report(f"{path}.log_if", "`log_if` belongs to a `log`")
    if step.seconds is not None and step.kind not in ("timer", "loop"):
        report(f"{path}.seconds", "`seconds` belong to a timer or loop")
    if step.advance_after and step.repeat_after:
        report(f"{path}.repeat_after", f"step `{step.id}` cannot both advance and repeat")


def _check_target(target: str, places: set[str], in_event: bool, path: str, report: Report) -> None:
    if target == RETURN:
        if not in_event:
            report(path, "`return` leads back from an event; this step belongs to none")
    elif not target.startswith(GOTO) and target not in places:
        report(path, f"no step `{target}`")


def _check_unique(items: tuple[Any, ...], path: str, report: Report) -> None:
    seen: set[str] = set()
    for index, item in enumerate(items):
        if item.id in seen:
            report(f"{path}[{index}].id", f"`{item.id}` stands here twice")
        seen.add(item.id)


def _check_patterns(protocol: Protocol, report: Report) -> None:
    groups = [("must", "said", protocol.must), ("never", "unsaid", protocol.never)]
    for name, field, items in groups:
        for index, item in enumerate(items):
            for number, pattern in enumerate(getattr(item, field)):
                try:
                    re.compile(pattern)
                except re.error as error:
                    report(f"$.{name}[{index}].{field}[{number}]", f"not a pattern: {error}")


def _steps(protocol: Protocol) -> Iterator[tuple[str, Step, bool]]:
    """Every step with its path and whether it belongs to an event."""
    for index, step in enumerate(protocol.steps):
        yield f"$.steps[{index}]", step, False
    for number, event in enumerate(protocol.events):
        for index, step in enumerate(event_steps(event)):
            yield f"$.events[{number}].steps[{index}]", step, True


def targets(step: Step, path: str) -> Iterator[tuple[str, str]]:
    """Where a step can lead, with the paths where that is written."""
    if step.then:
        yield f"{path}.then", step.then
    for index, choice in enumerate(step.choices):
        if choice.then:
            yield f"{path}.choices[{index}].then", choice.then
