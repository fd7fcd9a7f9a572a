"""When nobody has been heard or felt for long: ask, and then forget. Pure; times in seconds."""

from typing import Literal

import msgspec

Due = Literal["ask", "forget"]


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How long is long."""

    silence_s: float
    """Without a sign of anybody, before it is asked; 0: never."""
    beat_silence_s: float
    """The same while somebody may be pushing to the beat."""
    answer_s: float
    """For an answer."""


class Presence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of whoever is there."""

    sign: float
    """When there was the last sign."""
    asked: float | None = None
    """When it was asked, if there was no sign since."""


def signed(presence: Presence, now: float) -> Presence:
    """Somebody spoke or touched something."""
    return Presence(sign=max(now, presence.sign))


def look(
    presence: Presence, now: float, rules: Rules, *, running: bool, beating: bool, speaking: bool
) -> tuple[Presence, Due | None]:
    """What is due now.

    `running`: there is something to forget; `beating`: the beat sounds; `speaking`: we do, and who
    listens is silent.
    """
    if not running or rules.silence_s <= 0:
        return Presence(sign=now), None
    if speaking and presence.asked is None:
        return presence, None
    if presence.asked is not None:
        if now - presence.asked < rules.answer_s:
            return presence, None
        return Presence(sign=now), "forget"
    longest = max(rules.silence_s, rules.beat_silence_s) if beating else rules.silence_s
    if now - presence.sign < longest:
        return presence, None
    return msgspec.structs.replace(presence, asked=now), "ask"
