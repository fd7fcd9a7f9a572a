"""Commands and short answers as whole utterances; never words inside a sentence."""

from collections.abc import Iterable, Mapping

import msgspec

from voice.dialogue import words
from voice.dialogue.yamlfile import Document


class CommandFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """commands.yaml."""

    fillers: tuple[str, ...]
    commands: dict[str, tuple[str, ...]]


class Phrasebook:
    """Whole utterances by meaning, heard through fillers and repetition. Immutable."""

    def __init__(self, phrases: Mapping[str, Iterable[str]], fillers: Iterable[str]) -> None:
        self._meaning = {
            tuple(words.tokens(phrase)): name for name, said in phrases.items() for phrase in said
        }
        self._fillers = tuple(
            sorted((tuple(words.tokens(filler)) for filler in fillers), key=len, reverse=True)
        )
        self._longest = max(map(len, self._meaning), default=0)

    def meaning(self, text: str) -> str | None:
        """What the whole utterance means, or None."""
        said = _once(tuple(words.tokens(text)))
        if len(said) > self._longest + 6:
            return None
        for start in self._leading(said):
            for end in self._trailing(said, start):
                if found := self._meaning.get(_once(said[start:end])):
                    return found
        return None

    def extended(self, phrases: Mapping[str, Iterable[str]]) -> "Phrasebook":
        """A phrasebook that knows these as well; they win over the ones known before."""
        other = Phrasebook(phrases, ())
        other._meaning = {**self._meaning, **other._meaning}
        other._fillers = self._fillers
        other._longest = max(map(len, other._meaning), default=0)
        return other

    def phrases(self, name: str) -> list[str]:
        """The phrases with this meaning, normalised."""
        return [" ".join(said) for said, meaning in self._meaning.items() if meaning == name]

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


def _once(said: tuple[str, ...]) -> tuple[str, ...]:
    """'next next next' and 'go back go back' said once; recognisers loop and people insist."""
    for width in range(1, len(said) // 2 + 1):
        if len(said) % width == 0 and said == said[:width] * (len(said) // width):
            return said[:width]
    return said


def load(document: Document) -> Phrasebook:
    """Read commands.yaml."""
    file = document.convert(document.data, CommandFile)
    return Phrasebook(file.commands, file.fillers)
