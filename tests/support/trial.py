"""A small protocol for tests of the format: what stands above its steps."""

from pathlib import Path

HEAD = """\
id: trial
version: 1
title: A protocol for the tests
urgency: minor
who: [adult]
sources: [{cite: Tests, edition: "2025", checked_on: 2026-11-22, basis: memory}]
triggers: [a zebra sat on the piano]
standing: Stay calm.
handover: Tell them everything.
"""


def write(folder: Path, rest: str) -> Path:
    """The protocol `trial` with these steps, events and so on, in a file."""
    file = folder / "trial.yaml"
    file.write_text(HEAD + rest)
    return file
