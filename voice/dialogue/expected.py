"""What a running protocol expects to hear: answers to its question, events, side questions.

Which of them an utterance comes closest to is decided as for openings: by least squares over
likeness to all phrasings, in meaning and in words. A side question may also sound like its answer.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache

import msgspec

from voice.dialogue import words
from voice.dialogue.protocol import Answer, Event, Step
from voice.dialogue.script import Script
from voice.dialogue.triage.classifier import Array, Classifier, Features
from voice.dialogue.triage.features import lexical
from voice.dialogue.triage.learned import Vectors

_LIKE_ITS_ANSWER = 0.4
"""How much the likeness of a question to the answer's own words counts."""

Key = Event | Answer | str
"""An event, a side question's answer, or the name of a choice."""


class Closest(msgspec.Struct, frozen=True):
    """What an utterance comes closest to."""

    key: Key
    score: float
    """About 0 to 1; what is meant scores above 0.5."""
    lead: float
    """How far the next best stays behind."""


class Expected:
    """The expectations of one script, with or without the choices of a step. Immutable."""

    def __init__(self, keys: Iterable[tuple[Key, Sequence[str]]], vectors: Vectors) -> None:
        found = [(key, tuple(phrases)) for key, phrases in keys if phrases]
        self._keys = [key for key, _ in found]
        self._embed = vectors.embed
        phrases = [(str(n), text) for n, (_, said) in enumerate(found) for text in said]
        features = [_features(text, vectors.of.get(text)) for _, text in phrases]
        self._classifier = Classifier([n for n, _ in phrases], features) if phrases else None
        self._said = [
            vectors.of.get(key.say) if isinstance(key, Answer) else None for key in self._keys
        ]
        self.ranked = lru_cache(maxsize=256)(self._ranked)
        """Every key for a text with its score, the best first."""

    def closest(self, text: str) -> Closest | None:
        """The key that fits best, or None when nothing is expected."""
        found = self.ranked(text)
        if not found:
            return None
        (key, score), *others = found
        return Closest(key, score, score - (others[0][1] if others else 0.0))

    def _ranked(self, text: str) -> list[tuple[Key, float]]:
        if self._classifier is None:
            return []
        vector = self._embed(text)
        found = {int(s.topic): s.score for s in self._classifier.scores(_features(text, vector))}
        for n, said in enumerate(self._said):
            if said is not None and vector is not None:
                found[n] += _LIKE_ITS_ANSWER * max(float(said @ vector), 0.0)
        return [(self._keys[n], found[n]) for n in sorted(found, key=lambda n: -found[n])]


def of_step(script: Script, step: Step, vectors: Vectors) -> Expected:
    """All that may be heard at a step."""
    choices = [(choice.name, choice.hear) for choice in step.choices]
    return Expected([*choices, *_events(script), *_answers(script)], vectors)


def of_questions(script: Script, vectors: Vectors) -> Expected:
    """The side questions of a script alone."""
    return Expected(_answers(script), vectors)


def phrasings(scripts: Iterable[Script]) -> list[str]:
    """Every text whose vector is compared, each once."""
    found: list[str] = []
    for script in scripts:
        for step in script.steps.values():
            found += (line for choice in step.choices for line in choice.hear)
        found += (line for event in script.events for line in event.hear)
        for answer in script.protocol.answers:
            found += (*answer.ask, answer.say)
    return list(dict.fromkeys(found))


def _events(script: Script) -> list[tuple[Key, Sequence[str]]]:
    return [(event, event.hear) for event in script.events]


def _answers(script: Script) -> list[tuple[Key, Sequence[str]]]:
    return [(answer, answer.ask) for answer in script.protocol.answers]


def _features(text: str, vector: Array | None) -> Features:
    return Features(lexical(text), {}, vector, words.negated(words.tokens(text)))
