"""What a page may ask for, and what becomes of it in the conversation."""

from typing import Annotated

import msgspec
from msgspec import Meta

from voice.dialogue import interface as d
from voice.dialogue.content import Content
from voice.dialogue.runner import Runner
from voice.observer import Moment

LONGEST_TEXT = 200
CHOICE = "choice:"
SAY, CLOSE, NEW_PERSON, HERE = "say", "close", "new-person", "here"
SYNONYMS = {"summary": "handover", "here": "yes"}
"""Intents that are commands of another name."""
POSITIONAL = frozenset(("next", "back", "skip", "yes", "no", HERE))
"""Intents that mean something only at the step that was shown."""


class Intent(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message of a page."""

    intent: Annotated[str, Meta(min_length=1, max_length=40, pattern=r"^[a-z]+[a-z0-9:-]*$")]
    text: Annotated[str, Meta(max_length=LONGEST_TEXT)] = ""
    seq: Annotated[int, Meta(ge=0, lt=1 << 53)] | None = None
    """The state that was shown when it was meant."""

    @property
    def positional(self) -> bool:
        """Whether it answers what was shown."""
        return self.intent in POSITIONAL or self.intent.startswith(CHOICE)


class Meanings:
    """Turns intents into inputs for the dialogue. Immutable."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._runner = Runner(content)

    def known(self, intent: Intent) -> bool:
        """Whether there is such an intent."""
        name = SYNONYMS.get(intent.intent, intent.intent)
        own = (SAY, CLOSE, NEW_PERSON)
        return (
            name in own
            or name.startswith(CHOICE)
            or bool(self._content.phrasebook.phrases(name)[:1])
        )

    def input(self, intent: Intent, moment: Moment) -> d.Input | None:
        """What the dialogue takes for it: words beyond doubt, as the phrasebook knows them."""
        if intent.intent == NEW_PERSON:
            return d.NewPerson(t=moment.now)
        words = self._words(intent, moment)
        return d.Utterance(t=moment.now, text=words, speaking=moment.speaking) if words else None

    def _words(self, intent: Intent, moment: Moment) -> str:
        if intent.intent == SAY:
            return intent.text.strip()
        name = SYNONYMS.get(intent.intent, intent.intent)
        if name.startswith(CHOICE):
            return self._choice(name.removeprefix(CHOICE), moment)
        return next(iter(self._content.phrasebook.phrases(name)), "")

    def _choice(self, name: str, moment: Moment) -> str:
        """The words of a choice of the pending question."""
        run = moment.state.run
        if name in ("yes", "no"):
            return name
        if run is None or moment.state.confirm:
            return ""
        choices = self._runner.step(run).choices
        return next((choice.hear[0] for choice in choices if choice.name == name), "")
