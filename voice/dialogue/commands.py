"""Commands and short answers as whole utterances; never words inside a sentence."""

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from itertools import chain, product

import msgspec

from voice.dialogue import durations, words
from voice.dialogue.durations import When
from voice.dialogue.yamlfile import ContentError, Document

_LONGER = 6
"""Words by which an utterance may be longer than the longest phrase: fillers, a time."""
_CLAUSES = 4
_STOPS = words.wordset("breathing breath breaths heart heartbeat pulse bleeding beat crying moving")
"""What somebody may tell has stopped; before "stop" any other word need not be understood."""
_OKAY_STOP = re.compile(r"[a-z]{0,3}k(?:ey|ie|ay|[aiy])stop")
"""The letters of an "okay, stop" as it is misheard: "Funky stop", "Okie stop", "Oak A. stop"."""
_TIME = "{when}"
MARK = "mark-"
"""What the names of commands begin with that keep something for the crew; a time may follow."""
_ALTERNATIVES = re.compile(r"\(([^()]*)\)")
_PART = re.compile(r"(?:\([^()]*\)|[^\s()])+")
"""Of a phrase: words and alternatives without a space between them."""


class Hints(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the recogniser is told to expect, as it would write it."""

    opening: str = ""
    """With nothing running."""
    commands: tuple[str, ...] = ()
    """While a protocol runs: whole utterances, weighed one by one."""


_NO_HINTS = Hints()


class CommandFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """commands.yaml."""

    fillers: tuple[str, ...]
    clock_words: tuple[str, ...]
    """Words of which times of day are made."""
    hints: Hints
    commands: dict[str, tuple[str, ...]]


class Heard(msgspec.Struct, frozen=True):
    """What a whole utterance means, and the time that was said with it."""

    meaning: str
    when: When | None = None


_SILENCE = Heard("stop")
_BEFORE_STOP = (_SILENCE, Heard("pause"), Heard("no"))


class Phrasebook:
    """Whole utterances by meaning, heard through fillers and repetition. Immutable."""

    def __init__(
        self,
        phrases: Mapping[str, Iterable[str]],
        fillers: Iterable[str],
        clock_words: Iterable[str] = (),
        hints: Hints = _NO_HINTS,
    ) -> None:
        """A phrase may hold alternatives, `(gave|used) the pen`, and may need a time, `{when}`."""
        self._meaning: dict[tuple[str, ...], str] = {}
        self._before_time: dict[tuple[str, ...], str] = {}
        for name, written in phrases.items():
            for phrase in written:
                self._learn(name, phrase)
        self._fillers = tuple(
            sorted((tuple(words.tokens(filler)) for filler in fillers), key=len, reverse=True)
        )
        self.clock_words = frozenset(clock_words)
        self.hints = hints
        self._longest = max(map(len, self._meaning), default=0)

    @property
    def marks(self) -> list[str]:
        """The entries of handover.yaml that can be marked by a command."""
        names = dict.fromkeys((*self._meaning.values(), *self._before_time.values()))
        return [name.removeprefix(MARK) for name in names if name.startswith(MARK)]

    def meaning(self, text: str) -> str | None:
        """What the whole utterance means, or None."""
        heard = self.heard(text)
        return heard.meaning if heard else None

    def heard(self, text: str) -> Heard | None:
        """What the whole utterance means, and any time that was said with it.

        In several clauses it may be said in several ways: "the crew is here, they're taking over".
        """
        said = words.tokens(text)
        if found := self._heard(said) or self._in_clauses(words.clauses(text)):
            return found
        return _SILENCE if _OKAY_STOP.fullmatch("".join(said)) else None

    def _in_clauses(self, clauses: list[str]) -> Heard | None:
        if not 1 < len(clauses) <= _CLAUSES:
            return None
        *before, last = (self._heard(clause.split()) for clause in clauses)
        if all(found == last for found in before):
            return last
        led = last == _SILENCE and all(map(_leads_to_stop, clauses, before))
        return last if led else None

    def _heard(self, tokens: Sequence[str]) -> Heard | None:
        said = _once(tuple(tokens))
        if len(said) > self._longest + _LONGER:
            return None
        for start in self._leading(said):
            for end in self._trailing(said, start):
                if found := self._meaning.get(_once(said[start:end])):
                    return Heard(found)
                if timed := self._timed(said[start:end]):
                    return timed
        return None

    def extended(self, phrases: Mapping[str, Iterable[str]]) -> "Phrasebook":
        """A phrasebook that knows these as well; they win over the ones known before."""
        other = Phrasebook(phrases, ())
        other._meaning = {**self._meaning, **other._meaning}
        other._before_time = self._before_time
        other._fillers = self._fillers
        other.clock_words = self.clock_words
        other.hints = self.hints
        other._longest = max(map(len, other._meaning), default=0)
        return other

    def phrases(self, name: str) -> list[str]:
        """The phrases with this meaning, normalised."""
        return [" ".join(said) for said, meaning in self._meaning.items() if meaning == name]

    def _learn(self, name: str, phrase: str) -> None:
        timed = phrase.endswith(_TIME)
        known = dict.fromkeys(_spoken(phrase.removesuffix(_TIME)), name)
        if timed or name.startswith(MARK):
            self._before_time.update(known)
        if not timed:
            self._meaning.update(known)

    def _timed(self, said: tuple[str, ...]) -> Heard | None:
        """A phrase that is followed by a time."""
        for length in range(1, len(said)):
            if found := self._before_time.get(said[:length]):
                when = durations.told(" ".join(said[length:]), self.clock_words)
                if when:
                    return Heard(found, when)
        return None

    def _leading(self, said: tuple[str, ...]) -> list[int]:
        """Where the utterance may begin: at its start or after any of its leading fillers."""
        starts = [0]
        while width := self._filler_at(said, starts[-1]):
            starts.append(starts[-1] + width)
        return starts

    def _trailing(self, said: tuple[str, ...], start: int) -> list[int]:
        ends = [len(said)]
        while True:
            end = ends[-1]
            width = next(
                (len(f) for f in self._fillers if f == said[max(start, end - len(f)) : end]), 0
            )
            if not width or end - width <= start:
                return ends
            ends.append(end - width)

    def _filler_at(self, said: tuple[str, ...], at: int) -> int:
        return next((len(f) for f in self._fillers if said[at : at + len(f)] == f), 0)


def alternatives(phrase: str) -> list[str]:
    """What a phrase with alternatives in brackets stands for: '(a|the|) pen' is three phrases."""
    parts = [
        part.split("|") if index % 2 else [part]
        for index, part in enumerate(_ALTERNATIVES.split(phrase))
    ]
    return ["".join(chosen) for chosen in product(*parts)]


def _spoken(phrase: str) -> Iterator[tuple[str, ...]]:
    """The words of all that a phrase stands for, which may be thousands: between its spaces there
    are far fewer alternatives to take apart.
    """
    parts = [[words.tokens(part) for part in alternatives(p)] for p in _PART.findall(phrase)]
    for chosen in product(*parts):
        yield tuple(chain.from_iterable(chosen))


def _leads_to_stop(clause: str, found: Heard | None) -> bool:
    """Whether a clause before "stop" takes nothing from it: "Wait, stop."; or any one word, which
    may be an "okay" or a "now" that was misheard: "O, key, stop.".
    """
    if found:
        return found in _BEFORE_STOP
    return " " not in clause and clause not in words.NEGATIONS | _STOPS


def _once(said: tuple[str, ...]) -> tuple[str, ...]:
    """'next next next' and 'go back go back' said once; recognisers loop and people insist."""
    for width in range(1, len(said) // 2 + 1):
        if len(said) % width == 0 and said == said[:width] * (len(said) // width):
            return said[:width]
    return said


def load(document: Document, entries: Container[str]) -> Phrasebook:
    """Read commands.yaml; `entries` are those that a command may mark. Raises ContentError."""
    file = document.convert(document.data, CommandFile)
    if unknown := [
        document.mistake(
            f"$.commands.{name}", f"no entry `{name.removeprefix(MARK)}` in handover.yaml"
        )
        for name in file.commands
        if name.startswith(MARK) and name.removeprefix(MARK) not in entries
    ]:
        raise ContentError(unknown)
    return Phrasebook(file.commands, file.fillers, file.clock_words, file.hints)
