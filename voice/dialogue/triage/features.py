"""What an utterance has in it besides its vector: stems, word pairs, pieces of words."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise

from voice.dialogue import words

_LITTLE = words.wordset(
    "a an the this that these those of in on at by to and or is am are was were be been being it "
    "its as so just really very do does did have has had got get um uh oh please there"
)
_PIECE = 4
"""Letters; pieces of words bear with misspellings and unknown endings."""
_LONG = 5


def lexical(text: str) -> dict[str, float]:
    """Stems, pairs of neighbours and pieces of longer words, each with its weight."""
    return _features(words.tokens(text))


def lexical_of(lines: Iterable[str]) -> list[dict[str, float]]:
    """The same of many single lines."""
    return [_features(tokens) for tokens in words.tokens_of(lines)]


def _features(tokens: Iterable[str]) -> dict[str, float]:
    stems = [words.stem(word) for word in tokens if word not in _LITTLE]
    found: defaultdict[str, float] = defaultdict(float)
    for stem in stems:
        found[stem] += 1.0
        if len(stem) >= _LONG:
            for start in range(len(stem) - _PIECE + 1):
                found["#" + stem[start : start + _PIECE]] += 0.3
    for one, other in pairwise(stems):
        found[f"{one} {other}"] += 0.5
    return dict(found)
