"""How finished an utterance sounds, from its words alone."""

import re
from collections.abc import Callable

from voice.listening.turn_types import Completeness

# Words that are hardly ever the last one of what somebody wants to say.
_DANGLING = re.compile(
    r"an?|the|and|or|but|because|if|when|while|which|who|than|with|without|of|to|from|for|into"
    r"|onto|at|as|is|are|was|were|my|your|his|its|our|their|um+|uh+|er+|erm|hm+|well"
    r"|there's|it's|he's|she's|i'm|i've|i"
)
_WORD = re.compile(r"[\w']+")


def completeness(
    text: str, whole: Callable[[str], bool], settled: Callable[[str], bool] = lambda text: False
) -> Completeness:
    """Judge a transcript; `whole` knows the commands and answers that are valid now, `settled` the
    sentences to which nothing needs to be added.
    """
    if whole(text):
        return "whole"
    # Whisper puts the full stop of a sentence that has come to its end, and seldom forgets it.
    ended = text.rstrip().endswith((".", "!", "?")) and not text.rstrip().endswith("..")
    words = _WORD.findall(text.lower().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'"))
    if not ended or not words or _DANGLING.fullmatch(words[-1]):
        return "open"
    return "whole" if settled(text) else "sentence"
