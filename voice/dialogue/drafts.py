"""Steps drafted by the language model: their format, and the checks that decide about them.

A draft has no passage that could support it, so only what speaks against it can be found. One line
that fails refuses it as a whole: what is left of an instruction may mean something else. Calls for
help are left out, because the program's own comes first and knows the number.
"""

import json
import re
from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from voice.dialogue import guard, medicines
from voice.dialogue.checks import doses, wording
from voice.dialogue.checks.subject import Subject
from voice.dialogue.content import DRAFT, Content
from voice.dialogue.protocol import Never, Protocol, Step
from voice.events import Rejected
from voice.spoken import spoken

MAX_STEPS = 6
MAX_TOKENS = 256
_LETTERS, _MORE = "[a-zA-Z'-]", wording.STEP_WORDS - 1

SCHEMA = json.dumps(
    {
        "type": "object",
        "properties": {
            "steps": {
                "type": "array",
                "maxItems": MAX_STEPS,
                "items": {
                    "type": "string",
                    "pattern": rf"^[A-Z]{_LETTERS}{{0,14}}( {_LETTERS}{{1,15}},?){{1,{_MORE}}}[.]$",
                },
            }
        },
        "required": ["steps"],
        "additionalProperties": False,
    }
)
"""What the model is held to while it writes: at most six sentences of at most 15 words."""

_CHECKS = (wording.lengths, wording.speakable, wording.nevers, doses.units, doses.read_sources)
"""Those of a protocol's checks that look at one line."""
_CALLS = re.compile(
    r"\b(?:calls?|phone|dial|ambulance|emergency (?:services?|number|line|room)|nine one one"
    r"|nine nine nine|one one two)\b",
    re.IGNORECASE,
)
_MEDICINE = re.compile(
    r"\b(?:medic\w+|drugs?|pills?|tablets?|capsules?|painkillers?|dos(?:e|es|age)|inject\w*|inhalers?"
    r"|glucose|charcoal|epipens?|antidotes?|antiseptics?|ointments?|creams?|syrups?|iodine|peroxide"
    r"|alcohol|milligrams?|micrograms?|millilitres?)\b",
    re.IGNORECASE,
)
"""Words for medicines in general; names are in `medicines`."""
_SENTENCE = re.compile(r"[^.?!]+[.?!]?")

_Line = Annotated[str, Meta(min_length=2, max_length=200)]


class _Written(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    steps: Annotated[tuple[_Line, ...], Meta(max_length=MAX_STEPS)]


class Draft(msgspec.Struct, frozen=True):
    """What the checks made of a draft."""

    lines: tuple[str, ...] = ()
    """Fit to be spoken, in order; empty when it was refused."""
    rejected: tuple[Rejected, ...] = ()
    detail: str = ""
    """Why there is nothing to be checked."""


def read(text: str, content: Content) -> Draft:
    """Parse what the model wrote and check each line."""
    try:
        written = msgspec.json.decode(text, type=_Written)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return Draft(detail=f"not in the format: {error}")
    lines = [spoken(" ".join(line.split())) for line in written.steps]
    against = [Rejected(line, why) for line in lines if (why := _objection(line, content))]
    against += [Rejected(line, "comes twice") for line in {x for x in lines if lines.count(x) > 1}]
    kept = tuple(line for line in lines if not _CALLS.search(line))
    if against:
        return Draft(rejected=tuple(against))
    return Draft(lines=kept) if kept else Draft(detail="it has no steps of its own")


def _objection(line: str, content: Content) -> str:
    """What speaks against a line, or an empty string."""
    never = tuple(item for protocol in content.library.values() for item in protocol.never)
    facts = tuple(item.fact for item in never)
    for sentence in _SENTENCE.findall(line):
        if reason := guard.check_alone(sentence.strip(), facts).reason:
            return reason
        if _MEDICINE.search(sentence) or medicines.named(sentence):
            return "names a medicine"
    return next(_mistakes(line, never, content), "")


def _mistakes(line: str, never: tuple[Never, ...], content: Content) -> Iterator[str]:
    """The mistakes that the line would be in a protocol."""
    subject = Subject(_as_protocol(line, never, content), content)
    found = (mistake for check in _CHECKS for mistake in check(subject))
    return (reason for path, reason in found if path.startswith("$.steps"))


def _as_protocol(line: str, never: tuple[Never, ...], content: Content) -> Protocol:
    frame = content.script(DRAFT).protocol
    return msgspec.structs.replace(frame, steps=(Step(id="line", say=line),), never=never)
