"""What is said and heard: length, speakable words, required and forbidden facts, collisions."""

import re
from collections import defaultdict
from collections.abc import Iterator
from functools import lru_cache

from voice.dialogue import words
from voice.dialogue.checks.subject import Found, Subject
from voice.dialogue.protocol import Step
from voice.dialogue.regions import slots_in

MAX_SENTENCES = 2
STEP_WORDS, ANSWER_WORDS = 15, 30
"""Words in one spoken line, in whatever region it is longest."""

_UNSPEAKABLE = (
    (re.compile(r"\d"), "numbers are written as words"),
    (re.compile(r"\b(AED|CPR|EMS|ICE|IV|OK)\b"), "write letters apart, as in `A E D`"),
    (re.compile(r"\b(cm|mm|ml|mg|kg|km|sec|min|e\.g|i\.e|etc)\b"), "write the word out"),
    (re.compile(r"[^A-Za-z ,.:;?!'{}_\-]"), "only letters and plain punctuation can be spoken"),
)
_FORBIDS = re.compile(r"\b(never|not|no|nothing|don't|doesn't|only|without|until)\b", re.IGNORECASE)
_SENTENCE = re.compile(r"[^.?!]+[.?!]?")

_normalise = lru_cache(maxsize=None)(words.normalise)
"""Each file is held against the triggers of all others, so that most phrases come up often."""


def lengths(subject: Subject) -> Iterator[Found]:
    """Lines are short enough to be taken in under stress."""
    for lines, most in (
        (subject.step_lines(), STEP_WORDS),
        (subject.answer_lines(), ANSWER_WORDS),
    ):
        for path, line in lines:
            longest = max(map(words.count, (line, *subject.in_regions(line))))
            if longest > most:
                yield path, f"{longest} words, at most {most} can be taken in: {line}"
            if (many := words.sentences(line)) > MAX_SENTENCES:
                yield path, f"{many} sentences, at most {MAX_SENTENCES}: {line}"
    if words.sentences(standing := subject.protocol.standing) > 1:
        yield "$.standing", f"one sentence, since it is said after another: {standing}"


def speakable(subject: Subject) -> Iterator[Found]:
    """Every line can be read aloud as it is written."""
    for path, line in subject.lines():
        for pattern, why in _UNSPEAKABLE:
            if found := pattern.search(re.sub(r"\{\w+\}", "", line)):
                yield path, f"`{found[0]}`: {why}"


def slots(subject: Subject) -> Iterator[Found]:
    """Every slot is filled in every region."""
    regions = subject.content.regions.all()
    for path, line in subject.lines():
        for slot in slots_in(line):
            missing = sorted(name for name, region in regions.items() if slot not in region.slots)
            if missing:
                yield path, f"slot `{{{slot}}}` is not filled in {', '.join(missing)}"


def musts(subject: Subject) -> Iterator[Found]:
    """Every fact that must be said is said somewhere."""
    lines = [line for _, line in subject.lines()]
    for index, must in enumerate(subject.protocol.must):
        for number, pattern in enumerate(must.said):
            if not any(re.search(pattern, line, re.IGNORECASE) for line in lines):
                path = f"$.must[{index}].said[{number}]"
                yield path, f"no line says `{pattern}` ({must.fact})"


def nevers(subject: Subject) -> Iterator[Found]:
    """No sentence advises what may never be advised."""
    for path, line in subject.lines():
        for sentence in _SENTENCE.findall(line):
            if _FORBIDS.search(sentence):
                continue
            for never in subject.protocol.never:
                if any(re.search(p, sentence, re.IGNORECASE) for p in never.unsaid):
                    yield path, f"says what may not be advised ({never.fact}): {sentence.strip()}"


def collisions(subject: Subject) -> Iterator[Found]:
    """No phrase means two things at once."""
    for path, step in subject.all_steps():
        yield from _choices(subject, path, step)
    heard: dict[str, str] = {}
    for path, event in subject.events():
        for index, phrase in enumerate(event.hear):
            yield from _once(heard, phrase, event.id, f"{path}.hear[{index}]")
    asked: dict[str, str] = {}
    for number, answer in enumerate(subject.protocol.answers):
        for index, phrase in enumerate(answer.ask):
            yield from _once(asked, phrase, answer.id, f"$.answers[{number}].ask[{index}]")
    yield from _triggers(subject)


def _choices(subject: Subject, path: str, step: Step) -> Iterator[Found]:
    heard: dict[str, str] = {}
    for number, choice in enumerate(step.choices):
        for index, phrase in enumerate(choice.hear):
            where = f"{path}.choices[{number}].hear[{index}]"
            yield from _once(heard, phrase, choice.name, where)
            command = subject.content.phrasebook.meaning(phrase)
            if command in ("yes", "no") and command in {c.name for c in step.choices}:
                if command != choice.name:
                    yield where, f"`{phrase}` means {command}, here it means {choice.name}"
            elif command is not None and command not in ("yes", "no"):
                yield where, f"`{phrase}` is the command `{command}`"


def _triggers(subject: Subject) -> Iterator[Found]:
    others: dict[str, set[str]] = defaultdict(set)
    for protocol in subject.content.library.values():
        if protocol.id != subject.protocol.id:
            for phrase in protocol.triggers:
                others[_normalise(phrase)].add(protocol.id)
    for index, phrase in enumerate(subject.protocol.triggers):
        for other in sorted(others[_normalise(phrase)]):
            yield f"$.triggers[{index}]", f"`{phrase}` also triggers `{other}`"


def _once(heard: dict[str, str], phrase: str, meaning: str, path: str) -> Iterator[Found]:
    plain = _normalise(phrase)
    other = heard.setdefault(plain, meaning)
    if other != meaning:
        yield path, f"`{phrase}` also means `{other}`"
