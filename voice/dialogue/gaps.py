"""How long the power was away, in words that are few enough to be rendered ahead."""

from collections.abc import Iterator

from voice.dialogue.durations import Words
from voice.spoken import cardinal

MINUTE_S = 60.0
LONGEST_MIN = 10
_SECONDS = (5, 10, 20, 30, 40, 50)
"""What a gap is rounded to below a minute."""


def told(gap_s: float, seconds: str, spans: Words) -> str:
    """A gap as it is said: 'twenty seconds', 'two minutes'; `seconds` is '{n} seconds'."""
    if gap_s < MINUTE_S - 5:
        nearest = min(_SECONDS, key=lambda known: abs(known - gap_s))
        return seconds.replace("{n}", cardinal(nearest))
    minutes = min(max(1, round(gap_s / MINUTE_S)), LONGEST_MIN)
    return spans.span(minutes * MINUTE_S)


def every(seconds: str, spans: Words) -> Iterator[str]:
    """Everything that `told` can give."""
    for gap in (*_SECONDS, *(minutes * MINUTE_S for minutes in range(1, LONGEST_MIN + 1))):
        yield told(gap, seconds, spans)
