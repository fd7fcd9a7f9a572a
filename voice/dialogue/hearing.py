"""What is likely to be said now, and when that counts instead of the words that were read first.

In noise a recogniser hears "my baby is so young" for "my baby is choking", and "very young" for
"carry on": what its own language makes likely. Told what people say here it hears better, but then
also what nobody said. So each text is weighed against the sound as if nothing were expected. The
words that were read first stand unless they mean nothing to us, and another text that does explains
the sound nearly as well, and better than whatever means something else.
"""

from collections.abc import Iterator, Sequence

from rapidfuzz import fuzz

from voice.dialogue.beginnings import URGENT
from voice.dialogue.commands import MARK, Phrasebook
from voice.dialogue.interpreter import Interpreter
from voice.dialogue.meaning import (
    Answered,
    Asking,
    Begin,
    Command,
    Noise,
    Talk,
    Told,
    Wondering,
)
from voice.dialogue.runner import Runner
from voice.dialogue.state import State
from voice.engines.interfaces import Weighed
from voice.engines.whisper_decode import letters

BEHIND = 5.0
"""Log probability by which a command may be behind the first text: the recogniser does not know how
much likelier commands are here than "Brazil" is."""
AHEAD, AHEAD_UNLIKE = 1.0, 2.0
"""The same by which it has to be ahead of everything with another meaning; the second where its
letters are unlike the first text's."""
LEAST, LEAST_TOKEN, LEAST_UNLIKE = -4.9, -0.75, -4.2
"""Log probability that it has to have whatever else was heard, by its number of tokens, or where
its letters are unlike the first text's: in mere noise all texts are improbable and one is best."""
LEAST_READ = -2.4
"""Log probability a token that a command has to have that was read first: words that are invented
for a noise have less."""
SHORTEST, LONGEST = 0.55, 2.0
"""Its letters for each of the first text: what follows a command in a sentence weighs nothing."""
BEHIND_OPENING, IMPROBABLE, IMPROBABLE_WORSE = 6.0, -6.0, -8.0
"""The same as BEHIND for what begins a protocol, and the log probability below which no token of it
may be: "there is gasping from her leg" has every word but one from the sound. The last holds where
it is an emergency anyhow, and a worse one."""
HARDLY_ALIKE, ALIKE, VERY_ALIKE = 45.0, 60.0, 88.0
"""Likeness of its letters to the first text's in percent: for a command not to be unlike it, and
for what begins a protocol where the first means nothing, or something less urgent."""
_NEVER = frozenset(("delete-log", "start-over", "yes", "no"))
"""Commands that are not taken from such words."""
_ANSWERS = 4
"""Ways to give an answer that are weighed."""


def hint(book: Phrasebook, state: State) -> str:
    """With nothing running: what may be said, as a recogniser would write it."""
    return "" if state.run else book.hints.opening


def likely(book: Phrasebook, runner: Runner, state: State) -> tuple[str, ...]:
    """In a protocol: the commands and the answers to its question, as a recogniser writes them."""
    if state.run is None or state.confirm:
        return ()
    answers = (
        f"{words[:1].upper()}{words[1:]}."
        for choice in runner.step(state.run).choices
        for words in choice.hear[:_ANSWERS]
    )
    return (*book.hints.commands, *answers)


def chosen(interpreter: Interpreter, state: State, weighed: Sequence[Weighed]) -> Weighed | None:
    """The text to act on instead of the first, if any: one that means the same, or means more."""
    first, *others = weighed
    if state.confirm:
        return None
    if state.run:
        return _command(interpreter, state, first, others)
    return next(_openings(interpreter, state, first, others), None)


def _command(
    interpreter: Interpreter, state: State, first: Weighed, others: Sequence[Weighed]
) -> Weighed | None:
    """The best text that is a whole command, where nothing else comes near it."""
    others = [text for text in others if SHORTEST <= _length(text, first) <= LONGEST]
    meant = {text: interpreter.whole(text.text, state) for text in (first, *others)}
    texts = [text for text in meant if meant[text]]
    best = max(texts, key=lambda text: text.logprob, default=first)
    found = meant[best]
    rivals = (text.logprob for text in texts if meant[text] != found)
    ahead = AHEAD if _likeness(best, first) >= HARDLY_ALIKE else AHEAD_UNLIKE
    behind = max(first.logprob - BEHIND, *(rival + ahead for rival in rivals), _least(best, first))
    return best if _may_be_taken(found) and best.logprob >= behind else None


def _least(text: Weighed, first: Weighed) -> float:
    """The log probability below which a command is not believed."""
    if text == first:
        return LEAST_READ * text.tokens
    least = LEAST + LEAST_TOKEN * text.tokens
    return least if _likeness(text, first) >= HARDLY_ALIKE else max(least, LEAST_UNLIKE)


def _likeness(one: Weighed, other: Weighed) -> float:
    return fuzz.ratio(one.text.lower(), other.text.lower())


def _length(text: Weighed, first: Weighed) -> float:
    return len(letters(text.text)) / max(1, len(letters(first.text)))


def _may_be_taken(found: Command | Answered | None) -> bool:
    match found:
        case Command(name=name):
            return name not in _NEVER and not name.startswith(MARK)
    return False


def _openings(
    interpreter: Interpreter, state: State, first: Weighed, others: Sequence[Weighed]
) -> Iterator[Weighed]:
    """What begins a protocol and sounds like the first text, which does not or not so urgently."""
    if interpreter.whole(first.text, state):
        return
    read = interpreter.read(first.text, state)
    for other in others:
        found = interpreter.read(other.text, state)
        if not isinstance(found, Begin) or first.logprob - other.logprob > BEHIND_OPENING:
            continue
        likeness = _likeness(first, other)
        match read:
            case Talk() | Told() | Wondering() | Noise() | Asking(answer=None):
                if likeness >= ALIKE and other.least >= IMPROBABLE:
                    yield other
            case Begin(opening=opening):
                worse = URGENT.intersection(found.opening.facts) - set(opening.facts)
                if worse and likeness >= VERY_ALIKE and other.least >= IMPROBABLE_WORSE:
                    yield other
