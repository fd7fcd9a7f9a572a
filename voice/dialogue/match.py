"""Which of many stored phrasings an utterance comes closest to, by the words that carry meaning."""

import math
from collections import Counter
from collections.abc import Iterable
from typing import Generic, TypeVar

import msgspec
from rapidfuzz import fuzz, process

from voice.dialogue import words

Key = TypeVar("Key")

SAME_WORD = 86.0
"""Spelling similarity (0 to 100) from which two longer words count as one, for misspellings."""


_ONE_WORD = 0.8
"""What a phrasing of one meaning-bearing word counts when more was said than that word."""


class Match(msgspec.Struct, Generic[Key], frozen=True):
    """One phrasing and how well it fits, 0 to 1."""

    key: Key
    score: float


class Matcher(Generic[Key]):
    """Finds the phrasing nearest to an utterance. Immutable once built; safe in any thread."""

    def __init__(self, phrases: Iterable[tuple[Key, str]]) -> None:
        self._entries = [
            (key, words.normalise(text), words.content(text), words.negated(words.tokens(text)))
            for key, text in phrases
        ]
        counts = Counter(stem for entry in self._entries for stem in entry[2])
        total = len(self._entries) + 1
        self._weights = {stem: math.log(1 + total / n) for stem, n in counts.items()}
        self._long = [stem for stem in counts if len(stem) >= 5]
        self._unknown = math.log(1 + total / 2)
        self._by_stem: dict[str, list[int]] = {}
        for index, entry in enumerate(self._entries):
            for stem in entry[2]:
                self._by_stem.setdefault(stem, []).append(index)
        self._wordless = [i for i, entry in enumerate(self._entries) if not entry[2]]

    def best(self, text: str, cutoff: float) -> Match[Key] | None:
        """The best phrasing, if it scores at least `cutoff`."""
        found = self.ranked(text)
        return found[0] if found and found[0].score >= cutoff else None

    def ranked(self, text: str) -> list[Match[Key]]:
        """All phrasings that share anything with the text, best first."""
        plain = words.normalise(text)
        said = {stem: self._known(stem) for stem in words.content(text)}
        total = sum(self._weight(stem) for stem in said.values())
        negated = words.negated(words.tokens(text))
        hits: Counter[int] = Counter()
        for stem in set(said.values()):
            for index in self._by_stem.get(stem, ()):
                hits[index] += 1
        stems = set(said.values())
        found = [
            Match(self._entries[index][0], self._score(index, plain, stems, total, negated))
            for index in [*hits, *self._wordless]
        ]
        found.sort(key=lambda match: -match.score)
        return found

    def _score(self, index: int, plain: str, stems: set[str], total: float, negated: bool) -> float:
        _, phrase, phrase_stems, phrase_negated = self._entries[index]
        if plain == phrase:
            return 1.0
        if not phrase_stems:
            return fuzz.ratio(plain, phrase, score_cutoff=SAME_WORD) / 100
        shared = sum(self._weight(stem) for stem in phrase_stems if stem in stems)
        recall = shared / sum(self._weight(stem) for stem in phrase_stems)
        precision = shared / total if total else 0.0
        score = 0.6 * recall + 0.4 * precision
        if len(phrase_stems) == 1 and precision < 1:
            score *= _ONE_WORD
        return score * (0.95 if negated == phrase_negated else 0.7)

    def _weight(self, stem: str) -> float:
        return self._weights.get(stem, self._unknown)

    def _known(self, stem: str) -> str:
        """The stored stem that a misspelt one means, or the stem itself."""
        if stem in self._weights or len(stem) < 5:
            return stem
        near = process.extractOne(stem, self._long, scorer=fuzz.ratio, score_cutoff=SAME_WORD)
        return near[0] if near else stem
