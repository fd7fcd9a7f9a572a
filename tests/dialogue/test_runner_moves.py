"""Where steps lead: what is skipped, what is passed through, and which event answers a finding."""

import copy
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import trial
from voice.dialogue import loader
from voice.dialogue.content import Content
from voice.dialogue.protocol import applies, goto
from voice.dialogue.reactions import SELF
from voice.dialogue.runner import Run, Runner
from voice.dialogue.script import Script
from voice.dialogue.triage.openings import Opening

CONDITIONAL = """\
steps:
  - {id: first, say: Look here.}
  - {id: maybe, say: Go along., if: wet, %s}
  - {id: second, say: Look there.}
  - {id: far, say: Look away., kind: end}
"""

EVENTS = """\
steps:
  - {id: first, say: Look here.}
  - {id: far, say: Look away., kind: end}
events:
  - {id: again, finding: not-breathing, if: pushing, steps: [Keep pushing.]}
  - {id: stopped, finding: not-breathing, steps: [Push now.]}
  - {id: wet-child, finding: child, if: wet, steps: [Dry the child.]}
  - {id: dry-child, finding: child, steps: [Carry the child.]}
  - id: towel
    hear: [the towel is gone]
    steps:
      - {id: use-coat, say: Use your coat., if: wet}
    then: far
"""

Begin = Callable[..., tuple[Runner, Run]]


@pytest.fixture
def begin(content: Content, tmp_path: Path) -> Begin:
    """Starts a protocol with these steps, as one more of the real content."""

    def start(rest: str, *facts: str) -> tuple[Runner, Run]:
        protocol = loader.read(trial.write(tmp_path, rest))[0]
        more = copy.copy(content)
        more.protocols = {**content.protocols, "trial": protocol}
        more.scripts = {**content.scripts, "trial": Script(protocol, content.everywhere)}
        runner = Runner(more)
        return runner, runner.start(Opening("trial", facts))

    return start


@pytest.mark.parametrize(
    "kind",
    ["then: far", "kind: goto, then: far", "kind: loop, then: far", "kind: end"],
    ids=["do with then", "goto", "loop", "end"],
)
def test_a_skipped_step_is_followed_by_what_is_written_after_it(kind: str, begin: Begin) -> None:
    runner, run = begin(CONDITIONAL % kind)
    run = runner.advance(run)
    assert run.place.step == "second"
    assert run.announce == ()


@pytest.mark.parametrize(
    ("kind", "place"),
    [("then: far", "maybe"), ("kind: goto, then: far", "far"), ("kind: end", "maybe")],
)
def test_a_step_that_applies_is_taken(kind: str, place: str, begin: Begin) -> None:
    runner, run = begin(CONDITIONAL % kind, "wet")
    assert runner.advance(run).place.step == place


def test_next_stays_at_an_end_that_applies(begin: Begin) -> None:
    runner, run = begin(CONDITIONAL % "kind: end", "wet")
    run = runner.advance(run)
    assert runner.advance(run).place == run.place


@pytest.mark.parametrize(("facts", "place"), [((), "far"), (("wet",), "use-coat")])
def test_a_skipped_last_step_of_an_event_leads_where_the_event_does(
    facts: tuple[str, ...], place: str, begin: Begin
) -> None:
    runner, run = begin(EVENTS, *facts)
    event = runner.script(run).event("towel")
    assert event is not None
    assert runner.happen(run, event).place.step == place


@pytest.mark.parametrize(("facts", "event"), [((), "stopped"), (("pushing",), "again")])
def test_of_several_events_of_one_finding_the_first_that_applies_holds(
    facts: tuple[str, ...], event: str, begin: Begin
) -> None:
    runner, run = begin(EVENTS, *facts)
    events = (e for e in runner.script(run).events if e.finding == "not-breathing")
    assert next(e.id for e in events if applies(e, run.facts)) == event


@pytest.mark.parametrize(
    ("facts", "place"), [(("child",), "dry-child-1"), (("child", "wet"), "wet-child-1")]
)
def test_it_begins_for_another_age_with_the_event_that_applies(
    facts: tuple[str, ...], place: str, begin: Begin
) -> None:
    _, run = begin(EVENTS, *facts)
    assert run.place.step == place


FORETOLD = """\
steps:
  - {id: first, say: Look here.}
  - {id: call, say: "Call {emergency}.", unless: called, sets: [called]}
  - {id: second, say: Look there.}
  - {id: far, say: Look away., kind: end}
events:
  - {id: deaf, hear: [she hears nothing], steps: [Point and show.]}
  - {id: freed, hear: [she is free now], then: call}
  - {id: gone, hear: [it is gone now], then: far}
"""


@pytest.mark.parametrize(
    ("event", "path"),
    [
        ("deaf", ["first", "call", "deaf-1", "second"]),
        ("freed", ["first", "call", "second"]),
        ("gone", ["first", "call", "far"]),
    ],
)
def test_what_an_opening_told_besides_comes_after_the_call(
    event: str, path: list[str], begin: Begin
) -> None:
    runner, run = begin(FORETOLD)
    run = runner.foretell(run, runner.script(run).event(event))
    places = [run.place.step]
    while len(places) < len(path):
        run = runner.advance(run)
        places.append(run.place.step)
    assert places == path


def test_no_news_in_an_opening_takes_the_call_away(content: Content) -> None:
    runner = Runner(content)
    for slug, protocol in content.protocols.items():
        plain = runner.start(Opening(slug))
        soon = next((n for n, said in enumerate(_spoken(runner, plain, 4)) if _calls(said)), None)
        if soon is None or protocol.urgency != "critical":
            continue
        for event in runner.script(plain).events:
            if goto(event.then) or event.finding not in (None, SELF):
                continue
            run = runner.start(Opening(slug, (SELF,) if event.finding else ()))
            said = _spoken(runner, runner.foretell(run, event), soon + 4)
            assert any(map(_calls, said)), (slug, event.id, said)


def _spoken(runner: Runner, run: Run, steps: int) -> list[str]:
    said = []
    while len(said) < steps and not run.nowhere:
        said.append(" ".join((*run.announce, runner.step(run).say)))
        run = runner.advance(run)
    return said


def _calls(said: str) -> bool:
    return "{emergency}" in said
