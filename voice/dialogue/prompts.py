"""Prompts for answers from a passage, in the two styles that models understand.

A prompt is a fixed prefix and a part of its own. The prefix never changes by a byte, so that its
evaluation is kept from question to question. The examples are ours and say nothing wrong; they
show the form: words taken from the notes, and a plain refusal when the notes do not answer.
"""

import re
from typing import Literal

import msgspec

from voice.dialogue.sentences import SentenceSplitter
from voice.dialogue.words import count

Style = Literal["completion", "gemma-chat"]

NO_GUIDANCE = "I have no reviewed guidance for that."
"""What the model is taught to say when the notes do not answer."""
LONGEST_NOTES = 20
"""Words of a passage that go into a prompt: reading takes a small machine longer than writing."""
LONGEST_QUESTION = 200
"""Characters."""

_TASK = "Each question is answered by a sentence copied from the notes."
_EXAMPLES = (
    (
        "can I squeeze the splinter out",
        "Do not squeeze the skin.\nPut the splinter's point under running water.",
        "Do not squeeze the skin.",
    ),
    (
        "he is hot and still has his scarf on",
        "Loosen tight clothes.\nDrink cool water in small sips.",
        "Loosen tight clothes.",
    ),
    (
        "how often do I change it",
        "Change the plaster every day, or when it is wet.",
        "Change the plaster every day, or when it is wet.",
    ),
    (
        "should I scratch it",
        "Never scratch the bite. It makes it swell.",
        "Never scratch the bite. It makes it swell.",
    ),
    (
        "what is the capital of France",
        "Loosen tight clothes.\nDrink cool water in small sips.",
        NO_GUIDANCE,
    ),
    (
        "how long does the cold pack stay on",
        "Put a cold pack on it for ten minutes.\nWash it with soap and water.",
        "Put a cold pack on it for ten minutes.",
    ),
    (
        "it itches what now",
        "Itching is normal. It stops after a few days.",
        "Itching is normal. It stops after a few days.",
    ),
)
"""Question, passage and answer."""
_DRAFT_TASK = (
    "First aid by somebody without training, as JSON: at most six steps, the most urgent first, one"
    " action each, at most fifteen words, no medicines, no numbers. No first aid: no steps."
)
_DRAFT_EXAMPLE = (
    "Told: a bee flew into the classroom\n"
    'Steps: {"steps": ["Move slowly to the door.", "Let the bee find its way out."]}'
)
_CONDITION = re.compile(r"^([^.?!]+)\?\s+([^.?!]+)")


class Prompt(msgspec.Struct, frozen=True):
    """What a model is given; `prefix` is byte-stable for a style."""

    prefix: str
    text: str
    stop: tuple[str, ...]


def answer_prompt(style: Style, question: str, passage: str) -> Prompt:
    """The prompt for an answer to `question` from `passage`, one line a reviewed text."""
    case = _case(_plain(question)[:LONGEST_QUESTION].rstrip(" ?.!"), _notes(passage))
    if style == "completion":
        return Prompt(prefix(style), case, ("\n",))
    return Prompt(prefix(style), f"{case}<end_of_turn>\n<start_of_turn>model\n", ("\n",))


def notes(passage: str) -> list[str]:
    """The sentences that an answer from a passage is asked to be copied from."""
    return SentenceSplitter.split(_notes(passage))


def prefix(style: Style) -> str:
    """What all prompts for answers of a style begin with."""
    return _PREFIXES[style]


def draft_prompt(style: Style, told: str) -> Prompt:
    """The prompt for steps about what was told, as JSON."""
    case = f"Told: {_plain(told)[:LONGEST_QUESTION].rstrip(' ?.!')}\nSteps:"
    if style == "completion":
        return Prompt(f"{_DRAFT_TASK}\n\n{_DRAFT_EXAMPLE}\n\n", f"{case} ", ("\n",))
    start, end = "<start_of_turn>user\n", "<end_of_turn>\n<start_of_turn>model\n"
    return Prompt(f"{start}{_DRAFT_TASK}\n\n{_DRAFT_EXAMPLE}\n\n", f"{case}{end}", ())


def _case(question: str, notes: str) -> str:
    return f"Question: {question}?\nNotes: {notes}\nCopied from the notes:"


def _examples() -> str:
    return "\n\n".join(f"{_case(q, _notes(passage))} {a}" for q, passage, a in _EXAMPLES)


def _notes(passage: str) -> str:
    """The first lines of the passage, as many as fit; the first in any case."""
    kept: list[str] = []
    for line in filter(None, map(_plain, passage.splitlines())):
        if kept and sum(map(count, kept)) + count(line) > LONGEST_NOTES:
            break
        kept.append(_stated(line) if line[-1] in ".!?" else f"{line}.")
    return " ".join(kept)


def _stated(line: str) -> str:
    """ "Soaked through? Add more." as "If soaked through, add more.": models copy statements."""
    return _CONDITION.sub(lambda m: f"If {_lower(m[1])}, {_lower(m[2])}", line)


def _lower(words: str) -> str:
    """With a small first letter, unless the first word is one letter (I, or A of A E D)."""
    return words if words[1:2] in ("", " ") else words[0].lower() + words[1:]


def _plain(text: str) -> str:
    """One line without marks that a prompt gives a meaning to."""
    return re.sub(r"[\x00-\x20<>\x7f]+", " ", text).strip()


_PREFIXES: dict[Style, str] = {
    "completion": f"{_TASK}\n\n{_examples()}\n\n",
    "gemma-chat": (
        f"<start_of_turn>user\n{_TASK} If the notes do not answer it, say: {NO_GUIDANCE}"
        f"\n\n{_examples()}\n\n"
    ),
}
