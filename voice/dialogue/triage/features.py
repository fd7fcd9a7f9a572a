"""What an utterance has in it besides its vector: stems, word pairs, pieces of words, concepts."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import pairwise

from voice.dialogue import words
from voice.dialogue.triage.findings import Findings
from voice.dialogue.yamlfile import Document

_LITTLE = words.wordset(
    "a an the this that these those of in on at by to and or is am are was were be been being it "
    "its as so just really very do does did have has had got get um uh oh please there"
)
_PIECE = 4
"""Letters; pieces of words bear with misspellings and unknown endings."""
_LONG = 5


def lexical(text: str) -> dict[str, float]:
    """Stems, pairs of neighbours and pieces of longer words, each with its weight."""
    stems = [words.stem(word) for word in words.tokens(text) if word not in _LITTLE]
    found: defaultdict[str, float] = defaultdict(float)
    for stem in stems:
        found[stem] += 1.0
        if len(stem) >= _LONG:
            for start in range(len(stem) - _PIECE + 1):
                found["#" + stem[start : start + _PIECE]] += 0.3
    for one, other in pairwise(stems):
        found[f"{one} {other}"] += 0.5
    return dict(found)


class Concepts:
    """Groups of words of like meaning, and the findings. Immutable; safe in any thread."""

    def __init__(self, groups: Mapping[str, Iterable[str]], findings: Findings) -> None:
        self._findings = findings
        self._groups: dict[tuple[str, ...], set[str]] = {}
        for name, phrases in groups.items():
            for phrase in phrases:
                self._groups.setdefault(_stems(phrase), set()).add(name)
        self._longest = max(map(len, self._groups), default=0)
        self.fingerprint = f"{sorted((k, sorted(v)) for k, v in self._groups.items())}{findings}"
        """Changes with everything that `read` depends on."""

    def read(self, text: str) -> dict[str, float]:
        """The concepts and findings of a text, each with its weight; whole phrases count more."""
        stems = _stems(text)
        found: dict[str, float] = {}
        for start in range(len(stems)):
            for width in range(1, min(self._longest, len(stems) - start) + 1):
                for name in self._groups.get(stems[start : start + width], ()):
                    weight = 1.0 if width == 1 else 1.2
                    found[name] = max(weight, found.get(name, 0.0))
        for finding in self._findings.read(text):
            found["=" + finding] = 1.0
        return found


def load_concepts(document: Document, findings: Findings) -> Concepts:
    """Read concepts.yaml."""
    return Concepts(document.convert(document.data, dict[str, tuple[str, ...]]), findings)


def _stems(text: str) -> tuple[str, ...]:
    return tuple(words.stem(word) for word in words.tokens(text))
