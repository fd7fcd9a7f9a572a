"""Reviewed text for a side question: a fixed answer, or the lines that come closest to it."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

import msgspec

from voice.dialogue import medicines, words
from voice.dialogue.content import Content
from voice.dialogue.expected import LONGEST_FACT
from voice.dialogue.match import Matcher
from voice.dialogue.protocol import Answer, Protocol, event_lines, step_lines

SAME_QUESTION, WORD_FOR_WORD = 0.72, 0.95
"""Likeness to a stored phrasing from which its fixed answer is given; the second to what hardly is
about first aid: "how do I do two hours"."""
RELATED = 0.42
"""Likeness from which a line belongs to the subject of the question."""
RELATED_IDLE = 0.75
"""The same with nothing running, when most questions are not about first aid."""
LONGEST_PASSAGE = 120
"""Words."""


class Passage(msgspec.Struct, frozen=True):
    """Lines about the subject of a question."""

    topic: str
    """The protocol they come from."""
    text: str
    """One line a reviewed text."""
    best: str
    """The one line that answers best, fit to be spoken as it is."""


class Line(msgspec.Struct, frozen=True):
    """A spoken line or fact, found by its own words or by the questions that it answers."""

    topic: str
    text: str
    speakable: bool


class Passages:
    """Finds answers and passages in the whole collection. Immutable; safe in any thread."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._answers = lru_cache(maxsize=None)(self._answers_of)
        self._lines = lru_cache(maxsize=None)(self._lines_of)

    def answer(
        self, question: str, running: str | None, like: float = SAME_QUESTION
    ) -> tuple[str, Answer] | None:
        """The fixed answer to the question and its topic; of the running protocol, if one runs."""
        found = self._alike(question, running, like)
        meant = self._meant(question, (topic for topic, _ in found))
        match = next((item for item in found if item[0] == meant), None)
        if match is None:
            return None
        answer = match[1]
        return match if medicines.answered(question, answer.say, answer.ask) else None

    def depends(self, question: str) -> bool:
        """Whether, with nothing running, the answer depends on what has happened: "can I give her
        water".
        """
        found = self._alike(question, None, SAME_QUESTION)
        return bool(found) and self._meant(question, (topic for topic, _ in found)) is None

    def passage(self, question: str, running: str | None) -> Passage | None:
        """The passage for a question, or None when nothing is about it.

        While a protocol runs only its own lines count: another topic's can be wrong here.
        """
        if running is None and _vague(question):
            return None
        like = RELATED if running else RELATED_IDLE
        ranked = self._lines(running).ranked(question)
        near = [match.key for match in ranked if match.score >= like]
        meant = self._meant(question, (line.topic for line in near))
        near = [line for line in near if line.topic == meant]
        best = next((line for line in near if line.speakable), None)
        if best is None:
            return None
        lines = [best.text, *(line.text for line in near)]
        return Passage(best.topic, _joined(lines), best.text)

    def of_lines(self, topic: str, lines: Iterable[str]) -> Passage:
        """The passage that these lines make, the first of them fit to be the answer."""
        said = [self._content.say(line) for line in lines]
        return Passage(topic, _joined(said), said[0])

    def _alike(self, question: str, running: str | None, like: float) -> list[tuple[str, Answer]]:
        """The answers that are asked for so, with their topics, the likest first."""
        if running is None and _vague(question):
            return []
        ranked = self._answers(running).ranked(question)
        return [match.key for match in ranked if match.score >= like]

    def _meant(self, question: str, topics: Iterable[str]) -> str | None:
        """The topic among these that the question is about, if one is. With nothing running the
        same words are answered by several protocols, each for its own casualty.
        """
        found = set(topics)
        if len(found) < 2:
            return next(iter(found), None)
        about = self._content.openings.about(question)
        return about if about in found else None

    def _answers_of(self, topic: str | None) -> Matcher[tuple[str, Answer]]:
        """The fixed answers of one topic, or of all."""
        return Matcher(
            ((protocol.id, answer), phrase)
            for protocol in self._about(topic)
            for answer in protocol.answers
            for phrase in answer.ask
        )

    def _lines_of(self, topic: str | None) -> Matcher[Line]:
        say = self._content.say
        return Matcher(
            (Line(protocol.id, say(text), speakable), key)
            for protocol in self._about(topic)
            for text, key, speakable in _lines(protocol)
        )

    def _about(self, topic: str | None) -> Iterable[Protocol]:
        return [self._content.protocol(topic)] if topic else self._content.by_urgency


def _vague(question: str) -> bool:
    """Whether one word alone tells what it is about: "what time is it" is no first aid."""
    return len(words.content(question)) < 2


def _lines(protocol: Protocol) -> Iterator[tuple[str, str, bool]]:
    """Text, what it is found by, and whether it may be spoken."""
    for answer in protocol.answers:
        yield answer.say, answer.say, True
        for phrase in answer.ask:
            yield answer.say, phrase, True
    for fact in protocol.must:
        yield fact.fact, fact.fact, words.count(fact.fact) <= LONGEST_FACT
    for step in protocol.steps:
        for text in step_lines(step):
            yield text, text, step.kind != "ask"
    for event in protocol.events:
        for text in event_lines(event):
            yield text, text, not text.endswith("?")


def _joined(lines: Iterable[str]) -> str:
    """The lines one after the other, each once, up to the longest passage."""
    kept: list[str] = []
    room = LONGEST_PASSAGE
    for line in dict.fromkeys(lines):
        room -= words.count(line)
        if room < 0:
            break
        kept.append(line)
    return "\n".join(kept)
