"""What is likely to be said now, and when words that were heard with that in mind are believed.

In noise a recogniser hears "my baby is so young" for "my baby is choking". It hears better when it
knows what people say here, but then it also hears that where it was not said. So the words that it
heard without a hint stand, unless they mean nothing to us and the others do and sound like them.
"""

from rapidfuzz import fuzz

from voice.dialogue.commands import MARK, Phrasebook
from voice.dialogue.interpreter import Interpreter
from voice.dialogue.meaning import Asking, Begin, Command, Noise, Talk, Told, Wondering
from voice.dialogue.runner import Runner
from voice.dialogue.state import State

ALIKE, VERY_ALIKE = 45.0, 60.0
"""Likeness of the letters in percent from which one reading may stand for the other: for commands
in a protocol, and for what begins one."""
_NEVER = frozenset(("delete-log", "start-over", "yes", "no"))
"""Commands that are not taken from such words."""


def hint(book: Phrasebook, runner: Runner, state: State) -> str:
    """What may be said now, as a recogniser would write it."""
    if state.run is None:
        return book.hints.opening
    heard = (choice.hear[0] for choice in runner.step(state.run).choices if choice.hear)
    answers = " ".join(f"{words.capitalize()}." for words in heard)
    return f"{answers} {book.hints.command}".strip()


def prefers(interpreter: Interpreter, state: State, first: str, second: str) -> bool:
    """Whether the second reading, heard with the hint, is to be acted on instead of the first."""
    likeness = fuzz.ratio(first.lower(), second.lower())
    if state.confirm or likeness < ALIKE or interpreter.whole(first, state):
        return False
    if state.run:
        match interpreter.whole(second, state):
            case Command(name=name):
                return name not in _NEVER and not name.startswith(MARK)
        return False
    if likeness < VERY_ALIKE or not isinstance(interpreter.read(second, state), Begin):
        return False
    match interpreter.read(first, state):
        case Talk() | Told() | Wondering() | Noise() | Asking(answer=None):
            return True
    return False
