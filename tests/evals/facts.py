"""Whether what must be said is said in time: facts.jsonl against the protocols as they are begun.

    python -m tests.evals.facts [--openings 4] [--show]

For each protocol some openings of the read set are said, then "next" to every step, which takes
the safe answer to every question. Of the facts that belong within four or eight steps, so many are
heard within these; of all, so many to the end, be it where questions were answered with yes or no.
Prints one JSON object.
"""

import argparse
import json
import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import msgspec

from voice.bench.triage import Case, Talk, read_cases
from voice.config import Settings
from voice.dialogue import content
from voice.dialogue.dialogue import Dialogue

HERE = Path(__file__).parent
STEPS = {"4": 4, "8": 8, "whole": 46}
"""Steps that are heard; no protocol has more before it repeats itself."""


class Fact(msgspec.Struct, frozen=True):
    """What a rescuer has to hear, and by which step."""

    protocol: str
    fact: str
    by: int | str
    any: tuple[str, ...]
    """Patterns on the lower-cased steps; one of them is enough."""

    def said(self, steps: Iterable[str]) -> bool:
        text = " ".join(steps).lower()
        return any(re.search(pattern, text) for pattern in self.any)


def main() -> int:
    """Say the openings and print how much was heard in time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--openings", type=int, default=4, metavar="N", help="for each protocol")
    parser.add_argument("--show", action="store_true", help="list what is not heard in time")
    args = parser.parse_args()
    settings = Settings()
    dialogue = Dialogue(content.load(settings), settings, always=True)
    lines = (HERE / "facts.jsonl").read_text("utf-8").splitlines()
    facts = [msgspec.json.decode(line, type=Fact) for line in lines]
    heard: Counter[str] = Counter()
    due: Counter[str] = Counter()
    missed: Counter[tuple[str, str, str]] = Counter()
    said_first = read_cases(HERE / "triage_dev.jsonl")
    for slug in sorted({fact.protocol for fact in facts}):
        for case in openings(said_first, slug, args.openings):
            steps = spoken(dialogue, case)
            whole = [*steps, *spoken(dialogue, case, "yes"), *spoken(dialogue, case, "no")]
            for fact in (fact for fact in facts if fact.protocol == slug):
                for until in within(fact):
                    due[until] += 1
                    said = fact.said(whole if until == "whole" else steps[: STEPS[until]])
                    heard[until] += said
                    missed[slug, until, fact.fact] += not said
    found = {until: {"facts": due[until], "heard": heard[until]} for until in STEPS}
    print(json.dumps(found, indent=1))
    if args.show:
        for (slug, until, fact), times in sorted(missed.items()):
            if times:
                print(f"{slug}, {until}: {fact} ({times} of {args.openings})", file=sys.stderr)
    return 0


def openings(cases: Iterable[Case], slug: str, count: int) -> list[Case]:
    """So many openings of one utterance for a protocol, from all over the cases."""
    fitting = [
        case
        for case in cases
        if case.kind == "opening" and case.protocol == slug and len(case.turns) == 1
    ]
    return fitting[:: max(1, len(fitting) // count)][:count]


def spoken(dialogue: Dialogue, case: Case, answer: str = "next") -> list[str]:
    """What is said to an opening, then to "next", or to an answer where something is asked."""
    talk = Talk(dialogue, None)
    steps = [talk.say(case.turns[0]).say]
    while len(steps) < STEPS["whole"]:
        steps.append(talk.say(answer if steps[-1].endswith("?") else "next").say)
    return steps


def within(fact: Fact) -> tuple[str, ...]:
    """Where a fact is looked for: what belongs into four steps also counts within eight."""
    return tuple(STEPS)[tuple(STEPS).index(str(fact.by)) :]


if __name__ == "__main__":
    sys.exit(main())
