"""Spans of time as they are spoken, and times as rescuers tell them."""

import re

import msgspec

from voice.spoken import cardinal

_MINUTE, _HOUR = 60.0, 3600.0
_ROUNDED_MIN = 5
"""Minutes to which spans of an hour and more are rounded."""

_NUMBERS = {cardinal(number).replace("-", " "): number for number in range(1, 60)}
_AGO = re.compile(r"^(?:about |around )?(.+?) (minutes?|hours?) ago$")
_HALF_AN_HOUR = 0.5


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How spans are said; `{n}` is a number in words."""

    moment: str
    minute: str
    minutes: str
    hour: str
    hours: str
    joined: str
    ago: str

    def span(self, seconds: float) -> str:
        """About so much time: 'nine minutes', 'two hours and ten minutes'."""
        minutes = round(seconds / _MINUTE)
        if minutes < 1:
            return self.moment
        if minutes < 60:
            return self._minutes(minutes)
        hours, rest = divmod(_ROUNDED_MIN * round(minutes / _ROUNDED_MIN), 60)
        whole = self.hour if hours == 1 else self.hours.format(n=cardinal(hours))
        return self.joined.format(hours=whole, minutes=self._minutes(rest)) if rest else whole

    def after_minutes(self, seconds: float) -> str:
        """The same where minutes were spoken of just before: 'nine'."""
        minutes = round(seconds / _MINUTE)
        return cardinal(minutes) if 1 <= minutes < 60 else self.span(seconds)

    def since(self, seconds: float) -> str:
        """'nine minutes ago'."""
        return self.ago.format(time=self.span(seconds))

    def _minutes(self, minutes: int) -> str:
        return self.minute if minutes == 1 else self.minutes.format(n=cardinal(minutes))


class When(msgspec.Struct, frozen=True):
    """When something was done, as the rescuer said it: on the clock, or so long ago."""

    clock: str = ""
    ago_s: float = 0.0


def told(said: str, clock_words: frozenset[str]) -> When | None:
    """A time in normalised words: 'five minutes ago', 'at ten fifteen', 'at 10 15'.

    `clock_words` are those that may stand in a time of day beside digits.
    """
    if found := _AGO.match(said):
        count = _count(found[1])
        return (
            When(ago_s=count * (_HOUR if found[2].startswith("h") else _MINUTE)) if count else None
        )
    at, _, clock = said.partition(" ")
    if at != "at" or not clock:
        return None
    words = clock.split()
    if not all(word.isdigit() or word in clock_words for word in words):
        return None
    return When(clock="at " + re.sub(r"\b(\d{1,2}) (\d{2})\b", r"\1:\2", clock))


def _count(said: str) -> float:
    """How many minutes or hours: in words, in digits, or 'half an'."""
    if said == "half an":
        return _HALF_AN_HOUR
    if said in ("a", "an"):
        return 1
    return float(said) if said.isdigit() and len(said) < 4 else _NUMBERS.get(said, 0)
