"""The page as plain text, for a terminal or to compare two of them."""

import textwrap
from collections.abc import Iterator

from voice.review.sheet import AGREED, Section, Sheet, how_to_record
from voice.review.steps import Block

_WIDTH = 96
_LABEL = 20
"""Columns."""


def page(sheet: Sheet) -> str:
    """The whole text."""
    parts = [sheet.title, "=" * len(sheet.title)]
    for section in sheet.sections:
        parts += _section(section)
    signing = (f"{label:10}{'_' * 50}" for label in ("Name", "Role", "Date", "Signature"))
    parts += ["", "Signature", "-" * 9, *textwrap.wrap(AGREED, _WIDTH), "", *signing, ""]
    return "\n".join((*parts, how_to_record(sheet), ""))


def _section(section: Section) -> Iterator[str]:
    yield from ("", section.title, "-" * len(section.title))
    yield from textwrap.wrap(section.note, _WIDTH)
    for block in section.blocks:
        yield from _block(block)
    yield from section.verbatim


def _block(block: Block) -> Iterator[str]:
    if block.head:
        yield from ("", block.head)
    if block.spoken:
        yield f"  >> {block.spoken}"
    for label, text in block.rows:
        head = f"  {label:{_LABEL}} " if label else "  "
        yield from textwrap.wrap(
            text,
            _WIDTH,
            initial_indent=head,
            subsequent_indent=" " * len(head),
            break_on_hyphens=False,
        )
