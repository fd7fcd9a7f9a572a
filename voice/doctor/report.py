"""What the doctor finds, as a table for people and as JSON."""

import textwrap
from collections.abc import Iterable
from typing import Literal

import msgspec

State = Literal["ok", "note", "missing"]
"""`note`: the assistant runs, but less well; `missing`: it does not run live."""
_MARKS = {"ok": "ok", "note": "note", "missing": "MISSING"}


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    area: str
    name: str
    state: State
    detail: str
    advice: str = ""
    """What to do about it, for all states but `ok`."""
    facts: dict[str, float | int | str] = {}
    """The same for programs: what an engine says it loaded, seconds, bytes."""


class Report(msgspec.Struct, frozen=True):
    """Everything that was looked at."""

    findings: tuple[Finding, ...]
    ready: bool

    @classmethod
    def of(cls, findings: Iterable[Finding]) -> "Report":
        """Sum up; nothing missing means ready."""
        found = tuple(findings)
        return cls(found, not any(finding.state == "missing" for finding in found))


def line(finding: Finding, width: int) -> str:
    """One row of the table, its text folded to a width in columns (0: not folded)."""
    head = f"  {_MARKS[finding.state]:7}  {finding.name:12}  "
    if not width:
        return head + finding.detail
    return textwrap.fill(
        finding.detail, width, initial_indent=head, subsequent_indent=" " * len(head)
    )


def conclusion(report: Report) -> list[str]:
    """The end of the table: what to do next, the needed things first."""
    missing = [finding for finding in report.findings if finding.state == "missing"]
    notes = [finding for finding in report.findings if finding.state == "note"]
    advice = dict.fromkeys(finding.advice for finding in missing + notes if finding.advice)
    if not missing:
        head = "ready"
    elif all(finding.area == "sound" for finding in missing):
        head = "ready for recordings (run --input FILE.wav --output FILE.wav), not for live use"
    else:
        head = "not ready"
    steps = [f"  {number}. {text}" for number, text in enumerate(advice, 1)]
    return [f"{head}; what to do next:", *steps] if steps else [head]
