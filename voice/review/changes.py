"""What has changed since the last signature, line by line."""

import difflib
from collections.abc import Iterable, Iterator

from voice.dialogue import statement
from voice.dialogue.signatures import Record


def note(record: Record | None, text: tuple[str, ...]) -> str:
    """One sentence on what the text is compared with."""
    if record is None:
        return "It was never signed, so there is nothing to compare it with."
    last = record.signatures[-1]
    signed = f"version {last.version}, signed by {last.name} on {last.date}"
    if record.lines() == text:
        return f"Nothing: this is the text of {signed}."
    return f"Compared with {signed}: `-` was signed, `+` is new."


def lines(record: Record | None, text: tuple[str, ...]) -> tuple[str, ...]:
    """The difference to what was signed last: first what is spoken, then all the rest."""
    if record is None or record.lines() == text:
        return ()
    return tuple(
        line
        for name, wanted in (("spoken lines", True), ("the rest", False))
        for line in _difference(name, record.lines(), text, wanted)
    )


def _difference(name: str, old: Iterable[str], new: Iterable[str], spoken: bool) -> Iterator[str]:
    before, after = (
        [line for line in part if statement.is_spoken(line) == spoken] for part in (old, new)
    )
    return difflib.unified_diff(
        before, after, f"{name}, as signed", f"{name}, now", n=1, lineterm=""
    )
