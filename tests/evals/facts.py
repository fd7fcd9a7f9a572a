"""How soon the facts that matter are spoken: within the first four and eight steps, or at all.

    python -m tests.evals.facts [--show]

facts.jsonl has an opening for each topic, and facts of the fact sheets with patterns for the words
in which they may be said, written without a look at the protocols: `early` ones have to come soon,
`whole` ones anywhere. After the opening "next" is said, which takes the safe choice of a question.
Prints the shares; with `--show` what is missing, too.
"""

import argparse
import json
import re
from pathlib import Path

import msgspec

from voice.bench.triage import Talk
from voice.config import Settings
from voice.dialogue import content as content_files
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue

FILE = Path(__file__).with_name("facts.jsonl")
_SOON = (4, 8)
"""Spoken steps."""


class Fact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something to be said, and patterns of which one is in the words that say it."""

    fact: str
    any: tuple[str, ...]

    def said(self, spoken: str) -> bool:
        """Whether it is among what is spoken."""
        return any(re.search(pattern, spoken) for pattern in self.any)


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A topic and what has to be said of it."""

    id: str
    topic: str
    opening: str
    early: tuple[Fact, ...]
    whole: tuple[Fact, ...]


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--show", action="store_true", help="also what is missing")
    args = parser.parse_args()
    settings = Settings()
    content = content_files.load(settings)
    dialogue = Dialogue(content, settings, always=True)
    found: dict[str, int] = {}
    for case in read(FILE):
        lines = spoken(dialogue, case.opening, max(_SOON))
        parts = {f"first {n}": (case.early, lines[:n]) for n in _SOON}
        parts["whole"] = ((*case.early, *case.whole), script(content, case.topic))
        for name, (facts, said) in parts.items():
            missing = [fact.fact for fact in facts if not fact.said(" ".join(said))]
            found[name] = found.get(name, 0) + len(facts) - len(missing)
            found[f"of {name}"] = found.get(f"of {name}", 0) + len(facts)
            if args.show and missing:
                print(f"{case.id}, {name}: {missing}\n    {' | '.join(said[:8])}")
    print(json.dumps(found))
    return 0


def read(file: Path) -> list[Case]:
    """The cases, one JSON object a line."""
    lines = file.read_text("utf-8").splitlines()
    return [msgspec.json.decode(line, type=Case) for line in lines]


def spoken(dialogue: Dialogue, opening: str, steps: int) -> list[str]:
    """What is said after an opening, step by step, in lower case."""
    talk = Talk(dialogue, None)
    replies = [talk.say(opening), *(talk.say("next") for _ in range(steps - 1))]
    return [reply.say.lower() for reply in replies]


def script(content: Content, slug: str) -> list[str]:
    """Every line that a protocol itself can speak, in lower case."""
    return [content.say(line).lower() for line in content.protocols[slug].lines()]


if __name__ == "__main__":
    raise SystemExit(main())
