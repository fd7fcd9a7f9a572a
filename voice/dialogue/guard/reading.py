"""Reads a sentence as signed words: what it affirms, what it denies, and under which condition.

This is no grammar. Where a sign is in doubt the word gets none, and matches nothing.
"""

import re
from collections.abc import Iterator
from enum import Enum
from typing import NamedTuple

import msgspec

from voice.dialogue.words import stem, tokens
from voice.spoken import spoken


class Sign(Enum):
    """Whether a word is affirmed or denied."""

    YES = "yes"
    NO = "no"
    UNCLEAR = "unclear"


class Term(NamedTuple):
    """One content word of a sentence, as a stem."""

    stem: str
    sign: Sign


class Statement(msgspec.Struct, frozen=True):
    """One sentence, read."""

    words: tuple[str, ...]
    """All words, normalised: equal for sentences that are the same when spoken."""
    main: tuple[Term, ...]
    """Content words in their order, outside any condition."""
    condition: tuple[Term, ...]
    """What must hold; empty for a sentence without condition."""
    markers: tuple[str, ...]
    """Kinds of condition, in order: if, unless, until, only, before, after, who, without."""
    quantities: frozenset[tuple[str, str]]
    """Numbers with the word that follows them."""
    qualifiers: frozenset[str]
    """Words that soften or narrow, such as gently, small and only."""
    proviso: bool
    """What follows on the same line of a passage may restrict it, so it cannot stand alone."""
    unclear: bool
    """A negation stands where it denies no word of its own ("not until", "not.")."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_NEGATORS = _set(
    "not no never nothing none nobody neither nor avoid refuse without skip instead rather cannot"
)
_BREAKS = _set("but just then instead otherwise")
"""Words after which an earlier negation no longer holds."""
_MARKERS = {
    word: kind
    for kind, words in {
        "if": "if when whenever while once provided",
        "unless": "unless except",
        "until": "until till",
        "who": "who whose which",
        "only": "only",
        "before": "before",
        "after": "after",
        "without": "without",
    }.items()
    for word in words.split()
}
_RESTRICTING = _set("not no never nothing none avoid leave only but unless except however until")
_FUNCTION = _set(
    """a an the this that these those i me my we us our you your he him his she her hers it its they
    them their theirs someone somebody anyone person patient casualty there here is are am was were
    be been being do does did done has have had having will would shall should can could may might
    must to of at by for with from and or so as than now please also always immediately very really
    still yes"""
)
"""Carry no advice of their own. Words of place (on, in, above, off) are not among them."""
_QUALIFIERS = _set(
    """only small half few little loose soft slow gentle light slight mild brief clean cool lukewarm
    own regular adult child baby"""
)
_NUMBER = re.compile(
    r"zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen"
    r"|sixteen|seventeen|eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
    r"|hundred|thousand|half|quarter|quarters|once|twice|dozen|couple|\d+"
)
_SENTENCE = re.compile(r"[^.!?\n]+[.!?]*")
_PIECE = re.compile(r"[,;:()]|\s[-\N{EN DASH}\N{EM DASH}]\s")


def passage_statements(text: str) -> list[Statement]:
    """The sentences of a passage. A question in it is the condition of what follows on its line."""
    return [found for line in text.splitlines() for found in _line(spoken(line))]


def statement(sentence: str) -> Statement:
    """Read one sentence by itself."""
    return _read(spoken(sentence), "", "")


def _line(line: str) -> Iterator[Statement]:
    question = ""
    for match in _SENTENCE.finditer(line):
        sentence = match.group()
        if sentence.rstrip().endswith("?"):
            question = sentence
        elif tokens(sentence):
            yield _read(sentence, question, rest=line[match.end() :])


class _Reader:
    """Collects terms word by word."""

    def __init__(self) -> None:
        self.terms: dict[bool, list[Term]] = {False: [], True: []}
        self.markers: list[str] = []
        self.qualifiers: set[str] = set()
        self.unclear = False
        self._denied_before = False

    def piece(self, words: list[str], conditional: bool) -> None:
        """Read what stands between two commas."""
        sign = Sign.UNCLEAR if self._denied_before else Sign.YES
        denied = dangling = False
        for word in words:
            if word in _BREAKS or word in _MARKERS:
                self.unclear |= dangling
                sign, denied, dangling = Sign.YES, False, False
            if word in _MARKERS:
                self.markers.append(_MARKERS[word])
                conditional = True
            if word in _NEGATORS:
                self.unclear |= denied
                sign, denied, dangling = Sign.NO, True, True
            elif (
                word not in _BREAKS and word not in _MARKERS and self._word(word, sign, conditional)
            ):
                dangling = False
        self.unclear |= dangling
        self._denied_before = denied

    def _word(self, word: str, sign: Sign, conditional: bool) -> bool:
        """Take a word; whether it carries meaning."""
        if word in _QUALIFIERS or (word.endswith("ly") and len(word) > 4):
            self.qualifiers.add(stem(word))
        if word in _FUNCTION:
            return False
        self.terms[conditional].append(Term(stem(word), sign))
        return True


def _read(sentence: str, question: str, rest: str) -> Statement:
    """Read a spoken sentence that holds only under `question` and is followed by `rest`."""
    reader = _Reader()
    if question:
        reader.markers.append("if")
        for piece in _PIECE.split(question):
            reader.piece(tokens(piece), conditional=True)
        reader.piece([], conditional=True)
    for piece in _PIECE.split(sentence):
        reader.piece(tokens(piece), conditional=False)
    words = tuple(tokens(question) + tokens(sentence))
    return Statement(
        words=words,
        main=tuple(reader.terms[False]),
        condition=tuple(reader.terms[True]),
        markers=tuple(reader.markers),
        quantities=frozenset(_quantities(words)),
        qualifiers=frozenset(reader.qualifiers),
        proviso=not _RESTRICTING.isdisjoint(tokens(rest)),
        unclear=reader.unclear,
    )


def _quantities(words: tuple[str, ...]) -> set[tuple[str, str]]:
    """Each run of number words with the content word that follows it."""
    found: set[tuple[str, str]] = set()
    run: list[str] = []
    for word in (*words, ""):
        if _NUMBER.fullmatch(word) or (run and word in ("to", "point", "and", "or")):
            run.append(word)
        elif run:
            found.add((" ".join(run), "" if word in _FUNCTION else stem(word)))
            run = []
    return found
