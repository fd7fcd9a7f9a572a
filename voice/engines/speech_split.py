"""Cuts spoken text into the pieces that are synthesised one after the other.

A piece is a sentence, or a clause of a long sentence so that its first audio comes early. Joining
the pieces with spaces gives the words of the text again.
"""

import re
from collections.abc import Iterator

LONG_SENTENCE = 70
"""Characters; about 4 s of speech, which takes half a second to synthesise on a slow core."""
SHORTEST_CLAUSE = 24
"""Characters; shorter clauses sound chopped."""
SENTENCE_PAUSE_S = 0.25
CLAUSE_PAUSE_S = 0.12

_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_CLAUSE = re.compile(r"(?<=[,;:])\s+")


def sentences(text: str) -> list[str]:
    """Split spoken text (see `voice.spoken`) after each full stop, question or exclamation mark."""
    return [part for part in _SENTENCE.split(text.strip()) if part]


def pieces(text: str) -> Iterator[tuple[str, float]]:
    """Give each piece with the pause in seconds that comes before it; the first has none."""
    pause = 0.0
    for sentence in sentences(text):
        for clause in _clauses(sentence):
            yield clause, pause
            pause = CLAUSE_PAUSE_S
        pause = SENTENCE_PAUSE_S


def _clauses(sentence: str) -> Iterator[str]:
    if len(sentence) <= LONG_SENTENCE:
        yield sentence
        return
    held = ""
    parts = _CLAUSE.split(sentence)
    for index, part in enumerate(parts):
        held = f"{held} {part}" if held else part
        rest = sum(len(later) for later in parts[index + 1 :])
        if len(held) >= SHORTEST_CLAUSE and rest >= SHORTEST_CLAUSE:
            yield held
            held = ""
    yield held
