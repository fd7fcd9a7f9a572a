"""Short answers and small talk: what needs no first aid, and plain yes and no."""

import re
from typing import Literal

from voice.dialogue import words

About = Literal["greeting", "thanks", "comfort", "chat"]

_YES = words.wordset("yes yeah yep yup")
_NO = words.wordset("no nope nah")
_BEFORE_YES = words.wordset("um uh er okay ok oh well so please")
_HEDGES = words.wordset(
    "think maybe sort kind guess sure know probably possibly perhaps bit little wait or hard"
)
_HUMS = words.wordset("uh huh mm hmm hm mhm ah ha aha oh um er erm m hum mmm uhuh uhhuh")
_AGREED = words.wordset("okay ok yeah yes yep yup right sure alright fine good")
_PLEA = re.compile(
    r"\b(?:what (?:do|should|can|shall) (?:i|we) do|hurry|come quick\w*|please come|help|"
    r"(?:some|any)(?:one|body) (?:please )?come|emergency)\b"
)
_PLEADING = words.wordset(
    "what do i we should can shall now hurry up please come quick quickly here oh my god jesus the "
    "help me us it is an emergency somebody someone anybody anyone fast just need okay right um "
    "could you my him her dad mum mom nan gran grandad wife husband son daughter brother sister"
)
_SHORT, _LONG = 8, 20
"""Words; a longer sentence says more than yes or no, unless it only goes on about it."""
_TURNS = words.wordset("but wait actually hang sorry mean except only until yes yeah no please")
"""What takes back or turns what was said before it."""
_TALK: tuple[tuple[About, re.Pattern[str]], ...] = (
    ("greeting", re.compile(r"^(hello|hi|hey|good (morning|evening|afternoon|day))( there)?$")),
    ("greeting", re.compile(r"\b(who|what) are you\b|\bwhat can you do\b")),
    ("thanks", re.compile(r"^(\w+ )?(thank you|thanks)( \w+){0,3}$")),
    (
        "comfort",
        re.compile(r"\bi am (so |really |very )?(scared|afraid|frightened|panicking|sorry)\b"),
    ),
    ("comfort", re.compile(r"\b(what if|is|are) (he|she|they|i) (\w+ )*(die|dies|dying)\b")),
    ("comfort", re.compile(r"\b(oh my god|i can not do this|please do not (leave|go))\b")),
)


def yes_or_no(text: str) -> str | None:
    """A sentence that begins with yes or no, and does not hedge, turn or contradict itself."""
    said = [word for word in words.tokens(text) if word not in _BEFORE_YES]
    if not 1 <= len(said) <= _LONG or _HEDGES & set(said):
        return None
    if len(said) > _SHORT and _TURNS & set(said[1:]):
        return None
    if said[0] in _YES:
        return None if words.NEGATIONS & set(said) else "yes"
    return "no" if said[0] in _NO and not _YES & set(said) else None


def backchannel(text: str) -> Literal["hum", "word"] | None:
    """What a listener says to show that they listen, and whether it has words."""
    said = set(words.tokens(text))
    if not said or not said <= _HUMS | _AGREED:
        return None
    return "hum" if said <= _HUMS else "word"


def pleads(text: str) -> bool:
    """Whether it is a cry for help and nothing else: "what do I do", "please hurry"."""
    return bool(_PLEA.search(words.normalise(text))) and _PLEADING.issuperset(words.tokens(text))


def small_talk(text: str) -> About | None:
    """What talk is about that no first aid answers."""
    plain = words.normalise(text)
    return next((about for about, pattern in _TALK if pattern.search(plain)), None)
