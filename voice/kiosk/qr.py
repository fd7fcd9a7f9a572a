"""The handover as a code that a phone can read, made offline: inline SVG."""

import io
from collections.abc import Sequence
from functools import lru_cache

import segno

LARGEST = 900
"""Bytes; more makes modules too fine for a phone held before a screen."""


@lru_cache(maxsize=4)
def svg(lines: Sequence[str]) -> str:
    """The lines as an SVG element; what does not fit is left out from the end, line by line."""
    kept = list(lines)
    while len("\n".join(kept).encode()) > LARGEST and len(kept) > 1:
        kept.pop()
    text = "\n".join(kept).encode()[:LARGEST].decode(errors="ignore")
    out = io.BytesIO()
    segno.make_qr(text, error="l").save(
        out, kind="svg", xmldecl=False, svgns=True, omitsize=True, border=4, light="#fff"
    )
    return out.getvalue().decode().strip()
