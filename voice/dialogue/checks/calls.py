"""The call for help: early on the safe path and on every branch, never in the way of the rest."""

import re
from collections.abc import Callable, Iterable, Iterator
from itertools import takewhile

from voice.dialogue.checks.subject import Found, Subject
from voice.dialogue.protocol import CALLED, Choice, Step, goto
from voice.dialogue.words import wordset

CALL_BY_STEP, CALL_AT_LATEST = 2, 4
"""Help is called by this step; after actions declared first (`act_first`), by the other."""

_CALL = re.compile(r"\b(call|tell|ring|phone)\b[^.]*\{emergency\}", re.IGNORECASE)
_ON_CONDITION = re.compile(r"\?|:.*\b(call|tell|ring|phone)\b|\b(if|when)\b", re.IGNORECASE)
"""Marks a call that is made only if things get worse, as in `Pale? Call {emergency}.`"""

_THREATS = wordset("unresponsive not-breathing gasping cannot-breathe heavy-bleeding")
"""Facts that need the call whatever the protocol is about."""


def early(subject: Subject) -> Iterator[Found]:
    """A critical protocol calls for help at once, or right after an action declared first."""
    if subject.protocol.urgency != "critical":
        return
    steps = list(subject.safe_path(subject.script.first))
    call, latest = _first_call(steps, _calls)
    if call is None or steps.index(call) >= latest:
        yield "$.steps[0]", f"the call for help does not come by step {latest} of the safe path"
    elif call.kind == "end":
        yield "$.steps[0]", f"nothing follows the call for help at `{call.id}`"


def waiting(subject: Subject) -> Iterator[Found]:
    """No question waits behind the call for help."""
    for path, step in subject.all_steps():
        if step.kind == "ask" and _calls(step):
            yield path, f"step `{step.id}` makes the call for help wait for an answer"


def branches(subject: Subject) -> Iterator[Found]:
    """An answer that needs the call leads to it at once, not after other actions."""
    paths = {step.id: path for path, step in subject.all_steps()}
    for question, choice in _questions_before_the_call(subject):
        target = choice.then or subject.script.following(question.id)
        path = subject.safe_path(target, frozenset(choice.sets))
        steps = list(takewhile(lambda step: step.kind != "ask", path))
        call, latest = _first_call(steps, _surely_calls)
        if call and steps.index(call) >= latest:
            answer = f"`{choice.name}` at `{question.id}`"
            yield paths[call.id], f"after {answer} the call comes later than step {latest}"


def missing(subject: Subject) -> Iterator[Found]:
    """An answer that tells of a threat to life leads to the call, or to another protocol."""
    paths = {step.id: path for path, step in subject.all_steps()}
    for question, choice in _questions_before_the_call(subject):
        if _THREATS.isdisjoint((*choice.known, *choice.sets)):
            continue
        target = choice.then or subject.script.following(question.id)
        steps = list(subject.safe_path(target, frozenset(choice.sets)))
        leads = [target, *(t for step in steps for t in (step.then, _safe(step)) if t)]
        if not any(map(_calls, steps)) and not any(map(goto, leads)):
            path = f"{paths[question.id]}.choices[{question.choices.index(choice)}]"
            answer = f"`{choice.name}` at `{question.id}`"
            yield path, f"{answer} tells of a threat to life, and no call for help follows"


def _safe(step: Step) -> str | None:
    """Where the safe choice of a question leads."""
    return next((choice.then for choice in step.choices if choice.name == step.safe), None)


def _first_call(steps: list[Step], calls: Callable[[Step], bool]) -> tuple[Step | None, int]:
    """The first step that calls for help, and by which step (from 1) it has to come."""
    latest = CALL_BY_STEP
    for number, step in enumerate(steps, start=1):
        if calls(step):
            return step, latest
        if step.act_first and number <= latest:
            latest = min(number + 1, CALL_AT_LATEST)
    return None, latest


def _questions_before_the_call(subject: Subject) -> Iterable[tuple[Step, Choice]]:
    """Every answer that can be given while help has not been called yet."""
    steps = subject.script.steps
    waiting, seen = [subject.script.first], set[str]()
    while waiting:
        name = waiting.pop()
        if name in seen or name not in steps:
            continue
        seen.add(name)
        step = steps[name]
        following = subject.script.following(name)
        skipped = step.if_ or step.unless
        if _calls(step):
            # Skipped because help has been called already, it leaves nobody without.
            waiting += [following] if skipped and step.unless != CALLED else []
            continue
        waiting += [following] if skipped else []
        waiting += [choice.then or following for choice in step.choices]
        waiting += [] if step.choices else [subject.script.after(name)]
        yield from ((step, choice) for choice in step.choices)


def _calls(step: Step) -> bool:
    return bool(_CALL.search(step.say))


def _surely_calls(step: Step) -> bool:
    return _calls(step) and not _ON_CONDITION.search(step.say)
