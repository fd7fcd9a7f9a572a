"""Steps down when recognition gets slow (heat, a weak battery, another program) and up again.

Pure: it is told how long each turn took to recognise. Level by level the assistant understands a
little less well, and answers in time.
"""

from collections import deque

import msgspec

from voice.config import Governor as Rules

TINY_TURNS, PASSAGES = 1, 2
"""The levels from which the tiny recogniser takes the turns, and the model is not asked."""
LOWEST = PASSAGES
TINY_SHARE = 0.5
"""Time of the tiny recogniser relative to the one of turns, on the same machine."""
TURNS = 10
"""So many turns are looked at,"""
ENOUGH = 4
"""and no verdict is given on fewer."""
RELAPSE_S = 300.0
"""Whoever steps down again so soon has stepped up too early."""
LONGEST_HOLD_S = 600.0


class Change(msgspec.Struct, frozen=True):
    """Another level holds from now on."""

    level: int
    reason: str


class Governor:
    """Times are seconds; `t` is any clock that never goes back."""

    def __init__(self, rules: Rules) -> None:
        self.level = 0
        self._rules = rules
        self._recent: deque[float] = deque(maxlen=TURNS)
        self._hold_s = rules.hold_s
        self._changed_at = 0.0
        self._stepped_up_at: float | None = None

    def turn(self, t: float, seconds: float, *, complete: bool = True) -> Change | None:
        """A turn took so long to recognise, or was given up after that time."""
        if not complete and seconds < self._rules.slow_s:
            return None
        self._recent.append(seconds)
        if len(self._recent) < ENOUGH:
            return None
        usual = _nearly_longest(self._recent)
        if usual > self._rules.slow_s and self.level < LOWEST:
            return self._down(t, usual)
        if self.level and t - self._changed_at >= self._hold_s:
            expected = usual / TINY_SHARE
            if expected < self._rules.fine_s:
                return self._up(t, expected)
        return None

    def _down(self, t: float, usual: float) -> Change:
        again = self._stepped_up_at is not None and t - self._stepped_up_at < RELAPSE_S
        self._hold_s = min(2 * self._hold_s, LONGEST_HOLD_S) if again else self._rules.hold_s
        return self._change(t, self.level + 1, f"recognition takes {usual:.1f} s")

    def _up(self, t: float, expected: float) -> Change:
        self._stepped_up_at = t
        return self._change(t, self.level - 1, f"recognition would take {expected:.1f} s")

    def _change(self, t: float, level: int, reason: str) -> Change:
        self.level, self._changed_at = level, t
        self._recent.clear()
        return Change(level, reason)


def _nearly_longest(seconds: deque[float]) -> float:
    """The 95th percentile of few values, robust: one turn that took long proves nothing."""
    return sorted(seconds)[-2]
