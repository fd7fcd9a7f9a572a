"""What an utterance says about the emergency: findings, with negation and correction understood."""

import re
from collections.abc import Iterable
from itertools import pairwise

import msgspec

from voice.dialogue import words
from voice.dialogue.memo import remembered
from voice.dialogue.protocol import WHO
from voice.dialogue.yamlfile import ContentError, Document, Mistake

_QUESTION_TAIL = re.compile(
    r"\b(and )?(what|how) (do|should|can|shall|must|would) (i|we|you)( do| help)?"
    r"( now| next| first| here| about it| for (him|her|them))*$"
)
_CUTS = re.compile(
    r"\b(?:but|wait|if|whether|however|although|though|(?<!now and )then|because|while|"
    r"(?<!now )and (?:now|then|he|she|they|there|it|i)"
    r"|(?<!if )(?<!when )(?<!until )(?<!once )(?<!after )(?<!before )(?<!unless )(?<!whether )"
    r"(?<!that )(?<!says )(?<!think )(?<!thinks )(?<!case )(?<!cause )(?<!because )(?<!like )"
    r"(?:he|she|they) (?:has |have |is |are )?(?:just )?(?:stopped|not) breathing)\b"
)
_CORRECTION = re.compile(
    r"\b(wait|actually|sorry|now|again|no longer|any more|i mean|correction)\b"
)
_SUPPOSING = re.compile(
    r"^(?:(?:so|and|but|okay|ok|um|uh|oh|hey|please|well|then) )*(?:"
    r"what|if|whether|in case|suppose|how|why|when|where|which|who|tell me|"
    r"(?:should|shall|can|could|do|does|did|is|are|was|were|would|will|may|has|have|am) "
    r"(?:i|he|she|they|it|we|you|this|that|the|a|there|my|his|her|their|someone|somebody|anyone))\b"
)


_AROUND = 3
"""Words."""
ELSEWHERE = "elsewhere"
"""The finding that something is told of another time or no reality."""
BY_THE_WAY = frozenset((*WHO, ELSEWHERE))
"""Findings of words that may tell of nothing: "mum", "last week"."""
NAMES = "names"
"""No finding: what things are called that have words of an emergency in their names."""


class Finding(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that can be understood from speech; may stand in the list more than once."""

    id: str
    about: str
    """Of the findings about one thing only one can hold."""
    patterns: tuple[str, ...]


class Findings:
    """All findings of a language, most urgent first. Immutable; safe in any thread."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        findings = tuple(findings)
        names = [text for finding in findings if finding.id == NAMES for text in finding.patterns]
        self._other_things = re.compile("|".join(f"(?:{text})" for text in names or [r"(?!)"]))
        self._all = tuple(finding for finding in findings if finding.id != NAMES)
        self._about = {finding.id: finding.about for finding in self._all}
        self._patterns = tuple(
            (finding, re.compile("|".join(f"(?:{text})" for text in finding.patterns)))
            for finding in self._all
        )
        self.names = frozenset(self._about)
        self.read = remembered(4096)(self._read)

    def __str__(self) -> str:
        return "\n".join(f"{f.id} {f.about} {f.patterns}" for f in self._all)

    def _read(self, text: str, supposing: bool = False) -> tuple[str, ...]:
        """The findings that the text states, most urgent first.

        Questions and suppositions ("what if he stops breathing") state nothing unless `supposing`.
        Of findings about the same thing the more urgent holds, unless the other corrects it.
        """
        held: dict[str, int] = {}
        corrects = False
        for clause in statements(text, supposing):
            corrects = corrects or bool(_CORRECTION.search(clause))
            found = self._in_clause(clause)
            for about, rank in found.items():
                if corrects or rank < held.get(about, rank + 1):
                    held[about] = rank
            corrects = corrects and not found
        return tuple(self._all[rank].id for rank in sorted(held.values()))

    def here(self, text: str) -> frozenset[str]:
        """What is stated in clauses that speak of here and now, not of a film or of last year."""
        clauses = (self._in_clause(clause) for clause in statements(text))
        stated = ({self._all[rank].id for rank in found.values()} for found in clauses)
        return frozenset(name for names in stated if ELSEWHERE not in names for name in names)

    def around(self, text: str, names: Iterable[str]) -> list[str]:
        """Each place that tells one of these findings, with the few words before and after it."""
        wanted = [pattern for finding, pattern in self._patterns if finding.id in names]
        clauses = statements(text)
        places = ((c, match) for c in clauses for p in wanted for match in p.finditer(c))
        return [_place(clause, match) for clause, match in places]

    def beyond(self, text: str) -> str:
        """The plain text without the words that tell its findings."""
        found = set(self.read(text))
        plain = words.normalise(text)
        for finding, pattern in self._patterns:
            if finding.id in found:
                plain = pattern.sub(" ", plain)
        return plain

    def add(self, facts: frozenset[str], new: Iterable[str]) -> frozenset[str]:
        """The facts after learning new ones, which replace what is known about the same thing."""
        for fact in new:
            about = self._about.get(fact)
            facts = frozenset(f for f in facts if about is None or self._about.get(f) != about)
            facts |= {fact}
        return facts

    def _in_clause(self, clause: str) -> dict[str, int]:
        """For each subject the rank of the most urgent finding about it."""
        found: dict[str, int] = {}
        clause = self._other_things.sub("it", clause)
        for rank, (finding, pattern) in enumerate(self._patterns):
            if finding.about not in found and pattern.search(clause):
                found[finding.about] = rank
        return found


def _place(clause: str, match: re.Match[str]) -> str:
    before, after = clause[: match.start()].split(), clause[match.end() :].split()
    return " ".join((*before[-_AROUND:], match[0], *after[:_AROUND]))


@remembered(256)
def statements(text: str, supposing: bool = False) -> tuple[str, ...]:
    """The normalised clauses of a text; without questions and suppositions, unless wanted."""
    found: list[str] = []
    for piece in words.clauses(text):
        piece = _QUESTION_TAIL.sub("", piece).strip()
        for part in _cut(piece):
            if part and (supposing or not _SUPPOSING.match(part)):
                found.append(part)
    return tuple(found)


def _cut(piece: str) -> list[str]:
    """Split at words that begin a new statement; the word stays, it may mark a correction."""
    starts = [0, *(match.start() for match in _CUTS.finditer(piece)), len(piece)]
    parts = (piece[a:b].strip() for a, b in pairwise(starts))
    return [part.removeprefix("and ").removeprefix("but ") for part in parts]


def load(document: Document) -> Findings:
    """Read findings.yaml."""
    findings = document.convert(document.data, tuple[Finding, ...])
    mistakes: list[Mistake] = []
    for index, finding in enumerate(findings):
        for number, pattern in enumerate(finding.patterns):
            try:
                re.compile(pattern)
            except re.error as error:
                path = f"$[{index}].patterns[{number}]"
                mistakes.append(document.mistake(path, f"not a pattern: {error}"))
    if mistakes:
        raise ContentError(mistakes)
    return Findings(findings)
