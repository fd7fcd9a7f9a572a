"""What may be said soon: the lines that can follow the present step, the likeliest first."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from voice.dialogue.content import Content
from voice.dialogue.protocol import event_lines, step_lines
from voice.dialogue.runner import Run, Runner
from voice.dialogue.triage.openings import Opening
from voice.engines.speech_split import sentences

_FAR = 24
"""Positions looked at beyond the present one."""


def lines(content: Content, runner: Runner, run: Run) -> Iterator[str]:
    """Every line of the running protocol as spoken in this region, what comes next before the rest.

    A line may come more than once.
    """
    for line in _unfilled(runner, run, content):
        yield content.say(line)


def threats(content: Content, runner: Runner) -> Iterator[Run]:
    """The beginning of every protocol that is about a threat to life."""
    for protocol in content.by_urgency:
        if protocol.urgency == "critical":
            yield runner.start(Opening(protocol.id))


def _unfilled(runner: Runner, run: Run, content: Content) -> Iterator[str]:
    step = runner.step(run)
    yield from step_lines(step)
    following = _following(runner, run)
    for position in islice(following, 1 + len(step.choices)):
        yield from _lines_at(position, runner)
    script = runner.script(run)
    for answer in script.protocol.answers:
        yield sentences(answer.say)[0]  # the first sound is what is waited for
    for position in following:
        yield from _lines_at(position, runner)
    yield from script.protocol.lines()
    for event in script.events:
        yield from event_lines(event)
    yield content.phrase("comfort", standing=script.protocol.standing)


def _lines_at(position: Run, runner: Runner) -> Iterator[str]:
    yield from position.announce
    yield from step_lines(runner.step(position))


def _following(runner: Runner, run: Run) -> Iterator[Run]:
    """The positions that `next` and each answer lead to, then those behind them."""
    seen = {run.place}
    open_ends = deque([run])
    while open_ends and len(seen) <= _FAR:
        here = open_ends.popleft()
        step = runner.step(here)
        choices = [runner.choose(here, choice.name) for choice in step.choices]
        for position in (runner.advance(here), *choices):
            if not position.nowhere and position.place not in seen:
                seen.add(position.place)
                open_ends.append(position)
                yield position
