"""Checks of where steps lead, on small protocols: no mistake is missed, none is made up."""

from pathlib import Path

import pytest

from tests.support import trial
from voice.dialogue import checks
from voice.dialogue.content import Content

QUESTION = """\
    kind: ask
    say: Is it wet?
    choices: [{name: yes, hear: [soaked], then: far}, {name: no, hear: [dry], then: far}]
    safe: yes
    on_unclear: Wet, yes or no?
"""


def mistakes(rest: str, folder: Path, content: Content) -> list[str]:
    return [mistake.reason for mistake in checks.check(trial.write(folder, rest), content)]


END = """\
    kind: end
    say: Stay here.
"""
REST = """\
  - {id: near, say: Look here.}
  - {id: far, say: Look away., kind: end}
"""


@pytest.mark.parametrize("step", [QUESTION, END], ids=["question", "end"])
@pytest.mark.parametrize("condition", ["    if: alone\n", "    unless: alone\n"])
def test_only_what_follows_a_step_that_may_be_skipped_can_be_reached(
    step: str, condition: str, tmp_path: Path, content: Content
) -> None:
    text = f"steps:\n  - id: first\n{condition}{step}{REST}"
    assert mistakes(text, tmp_path, content) == []
    always = mistakes(text.replace(condition, ""), tmp_path, content)
    assert "step `near` is never reached" in always


def test_a_circle_that_is_closed_by_skipping_a_step_is_found(
    tmp_path: Path, content: Content
) -> None:
    text = """\
steps:
  - {id: first, say: Look here.}
  - {id: leave, say: Now go., if: alone, kind: end}
  - {id: second, say: Look there., then: first}
"""
    assert any("comes round again" in found for found in mistakes(text, tmp_path, content))


@pytest.mark.parametrize(
    ("condition", "reasons"),
    [("if: pushing", []), ("unless: pushing", ["never happens"])],
)
def test_events_of_one_finding_need_different_conditions(
    condition: str, reasons: list[str], tmp_path: Path, content: Content
) -> None:
    text = f"""\
steps:
  - {{id: first, say: Look here., kind: end}}
events:
  - {{id: one, finding: gasping, unless: pushing, steps: [Push now.]}}
  - {{id: two, finding: gasping, {condition}, steps: [Keep pushing.]}}
"""
    found = mistakes(text, tmp_path, content)
    assert len(found) == len(reasons)
    assert all(reason in line for reason, line in zip(reasons, found, strict=True))


def test_a_dose_is_not_given_from_memory(tmp_path: Path, content: Content) -> None:
    text = """\
steps:
  - {id: first, say: Chew three hundred milligrams of aspirin., kind: end}
"""
    assert len(mistakes(text, tmp_path, content)) == 1
    file = tmp_path / "trial.yaml"
    file.write_text(file.read_text().replace("basis: memory", "basis: primary"))
    assert checks.check(file, content) == []
