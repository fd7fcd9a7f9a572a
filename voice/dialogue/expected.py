"""What a running protocol expects to hear: answers to its question, events, side questions.

Which of them an utterance comes closest to is decided by least squares over likeness to all
phrasings, in meaning and in words. A side question may also sound like its answer, or be about a
line for which no question is written; then that line, and what is near it, is the passage.
"""

from collections.abc import Iterable, Mapping, Sequence

import msgspec
import numpy as np

from voice.dialogue import words
from voice.dialogue.likeness import Likeness
from voice.dialogue.memo import remembered
from voice.dialogue.phrasings import Phrasings
from voice.dialogue.protocol import Answer, Event, Protocol, Step, event_lines
from voice.dialogue.script import Script
from voice.dialogue.vectors import Vectors

_LIKE_ITS_ANSWER, _LIKE_A_LINE = 0.4, 0.2
"""How much the likeness of a question to the answer's own words counts, or to a line's."""

_LIKE_ITS_PHRASINGS, _PHRASINGS = 0.5, 3
"""How much the likeness of a question to the nearest phrasings counts, and to how many of them."""
OUTSIDE = "outside"
"""The key of questions that no first aid answers."""

LONGEST_FACT = 30
"""Words that a fact may have to be spoken as an answer."""


class Line(msgspec.Struct, frozen=True):
    """Something that the protocol says, fit to be said as an answer."""

    text: str


Key = Event | Answer | Line | str
"""An event, a side question's answer, a line, or the name of a choice."""


class Closest(msgspec.Struct, frozen=True):
    """What an utterance comes closest to."""

    key: Key
    score: float
    """About 0 to 1; what is meant scores above 0.5."""
    lead: float
    """How far the next best stays behind."""


class Expected:
    """The expectations of one script, with or without the choices of a step. Immutable."""

    def __init__(
        self,
        keys: Iterable[tuple[Key, Sequence[str]]],
        vectors: Vectors,
        *,
        questions: bool = False,
    ) -> None:
        """`questions`: these are all questions, which people put in more ways than are written."""
        found = [(key, tuple(phrases)) for key, phrases in keys if phrases]
        self._keys = [key for key, _ in found]
        self._vectors = vectors
        phrases = [(n, text) for n, (_, said) in enumerate(found) for text in said]
        lines = [text for _, text in phrases]
        self._likeness = Likeness([n for n, _ in phrases], lines, vectors) if phrases else None
        self._ends = np.cumsum([len(said) for _, said in found])[:-1] if questions else None
        """Where the phrasings of each key end, but for the last."""
        own = {n: known for n, key in enumerate(self._keys) if (known := _own_words(key))}
        self._own = list(own)
        self._own_rows = vectors.rows(text for text, _ in own.values())
        self._own_counts = np.array([counts for _, counts in own.values()], np.float32)
        self.ranked = remembered(256)(self._ranked)
        """Every key for a text with its score, the best first."""

    def closest(self, text: str) -> Closest | None:
        """The key that fits best, or None when nothing is expected."""
        found = self.ranked(text)
        if not found:
            return None
        (key, score), *others = found
        return Closest(key, score, score - (others[0][1] if others else 0.0))

    def _ranked(self, text: str) -> list[tuple[Key, float]]:
        if self._likeness is None:
            return []
        vector = self._vectors.embed(text)
        cosines = self._likeness.cosines(vector)
        scores = self._likeness.scores(text, cosines)
        if vector is not None and self._own_rows is not None:
            near = np.maximum(self._vectors.at(self._own_rows) @ vector, 0)
            scores[self._own] += self._own_counts * near
        if cosines is not None and self._ends is not None:
            for n, asked in enumerate(np.split(cosines, self._ends)):
                nearest = np.sort(asked)[-_PHRASINGS:]
                scores[n] += _LIKE_ITS_PHRASINGS * float(nearest.mean())
        order = sorted(range(len(self._keys)), key=lambda n: -scores[n])
        return [(self._keys[n], float(scores[n])) for n in order]


def of_script(script: Script, asking: Step | None, more: Phrasings, vectors: Vectors) -> Expected:
    """All that may be heard: at this step that asks, or at any other."""
    choices = _choices(asking, more) if asking else []
    events = [(event, (*event.hear, *more.get(f"event {event.id}", ()))) for event in script.events]
    return Expected([*choices, *events, *_answers(script, more)], vectors)


def of_questions(
    script: Script, more: Phrasings, outside: Sequence[str], vectors: Vectors
) -> Expected:
    """The side questions of a script, the lines that a question may be about, and OUTSIDE."""
    about: list[tuple[Key, Sequence[str]]] = [
        (Line(text), (text,)) for text in statements(script.protocol)
    ]
    return Expected([*_answers(script, more), *about, (OUTSIDE, outside)], vectors, questions=True)


def phrasings(scripts: Iterable[Script], more: Mapping[str, Phrasings]) -> list[str]:
    """Every text whose vector is compared, each once."""
    found: list[str] = []
    for script in scripts:
        found += (line for lines in more.get(script.protocol.id, {}).values() for line in lines)
        for step in script.steps.values():
            found += (line for choice in step.choices for line in choice.hear)
        found += (line for event in script.events for line in event.hear)
        for answer in script.protocol.answers:
            found += (*answer.ask, answer.say)
        found += statements(script.protocol)
    return list(dict.fromkeys(found))


def statements(protocol: Protocol) -> list[str]:
    """What a protocol states: facts, warnings and lines that are no questions, slots unfilled."""
    facts = [item.fact for item in protocol.must] + [item.fact for item in protocol.never]
    found = [fact for fact in facts if words.count(fact) <= LONGEST_FACT]
    found += (step.say for step in protocol.steps if step.kind != "ask")
    for event in protocol.events:
        found += (line for line in event_lines(event) if not line.endswith("?"))
    return list(dict.fromkeys(found))


def _choices(step: Step, more: Phrasings) -> list[tuple[Key, Sequence[str]]]:
    return [
        (choice.name, (*choice.hear, *more.get(f"choice {step.id} {choice.name}", ())))
        for choice in step.choices
    ]


def _answers(script: Script, more: Phrasings) -> list[tuple[Key, Sequence[str]]]:
    return [
        (answer, (*answer.ask, *more.get(f"answer {answer.id}", ())))
        for answer in script.protocol.answers
    ]


def _own_words(key: Key) -> tuple[str, float] | None:
    """What is said for a key, and how much likeness to it counts."""
    match key:
        case Answer(say=text):
            return text, _LIKE_ITS_ANSWER
        case Line(text=text):
            return text, _LIKE_A_LINE
    return None
