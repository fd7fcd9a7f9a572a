"""What words would mean now, for whoever hears them: nothing is done about it."""

import re
from collections.abc import Sequence
from typing import Literal

from voice.dialogue import hearing, small_talk, words
from voice.dialogue import meaning as m
from voice.dialogue.content import Content
from voice.dialogue.interpreter import Interpreter
from voice.dialogue.runner import Runner
from voice.dialogue.state import State
from voice.engines.interfaces import Weighed

Whole = Literal["whole", "sentence", "open"]

_OPEN_END = re.compile(
    r"(?:,|-|\N{EN DASH}|\N{HORIZONTAL ELLIPSIS}|\.\.\.|\b(?:and|but|or|so|because|if|when|"
    r"the|a|an|my|his|her|their|is|are|was|to|of|with|he|she|they|i|um+|uh+|er+|it's|he's|she's))\s*$",
    re.IGNORECASE,
)


class Understanding:
    """Answers the listening room's questions about a text. Immutable; safe in any thread."""

    def __init__(self, content: Content, runner: Runner, interpreter: Interpreter) -> None:
        self._content = content
        self._runner = runner
        self._interpreter = interpreter

    def whole(self, text: str, state: State) -> Whole:
        """How complete an utterance is: a whole command or answer, a sentence, or trailing off."""
        if self._interpreter.whole(text, state):
            return "whole"
        return "open" if not text.strip() or _OPEN_END.search(text) else "sentence"

    def settled(self, text: str, state: State) -> bool:
        """Whether a sentence answers what a protocol asked, or asks something itself: what may be
        said after it is another turn.
        """
        return self._interpreter.settled(text, state)

    def begins(self, text: str, state: State) -> bool:
        """Whether a protocol would begin, with none that runs."""
        return state.run is None and isinstance(self._interpreter.read(text, state), m.Begin)

    def hint(self, state: State) -> str:
        """What may be said now; for the recogniser."""
        return hearing.hint(self._content.phrasebook, state)

    def likely(self, state: State) -> tuple[str, ...]:
        """Whole utterances that may be meant now; for the recogniser."""
        return hearing.likely(self._content.phrasebook, self._runner, state)

    def chosen(self, state: State, weighed: Sequence[Weighed]) -> Weighed | None:
        """Which of several texts is to be acted on instead of the first, if any."""
        return hearing.chosen(self._interpreter, state, weighed)

    def silences(self, text: str, state: State) -> bool:
        """Whether the whole utterance is the command to be silent."""
        return self._interpreter.whole(text, state) == m.Command("stop")

    def silencers_in(self, text: str) -> list[str]:
        """The ways to say that which occur in a text."""
        said = f" {' '.join(words.tokens(text))} "
        return [p for p in self._content.phrasebook.phrases("stop") if f" {p} " in said]

    def agrees(self, text: str, state: State) -> bool:
        """Whether somebody only shows that they listen: "uh-huh", or "yes" with nothing asked."""
        kind = small_talk.backchannel(text)
        if kind == "word":
            return not isinstance(self._interpreter.whole(text, state), m.Answered)
        return kind == "hum"
