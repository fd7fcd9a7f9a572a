"""Further ways in which people say what a protocol expects to hear.

A file a protocol, `content/<language>/phrasings/<slug>.yaml`: under `event <id>`, `answer <id>` or
`choice <step> <name>` a text of one line a phrasing. They are never spoken, and no line is a whole
command or answer by itself: what is said is only compared with them, so they are kept apart from
the protocol that a clinician reads and signs.
"""

import string
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

from voice.dialogue import yamlfile
from voice.dialogue.script import Script
from voice.dialogue.yamlfile import ContentError, Mistake

Phrasings = Mapping[str, tuple[str, ...]]
"""The further phrasings of one protocol by `event <id>`, `answer <id>`, `choice <step> <name>`."""

_PUNCTUATION = str.maketrans("", "", string.punctuation)
"""Not heard. Contractions are not written out: this is done at every start."""


def load(folder: Path, scripts: Mapping[str, Script]) -> dict[str, Phrasings]:
    """Those of every protocol that has some; raises ContentError with all mistakes."""
    found: dict[str, Phrasings] = {}
    mistakes: list[Mistake] = []
    for file in sorted(folder.glob("*.yaml")):
        if script := scripts.get(file.stem):
            document = yamlfile.read(file, f"{folder.name}/{file.name}")
            texts = document.convert(document.data, dict[str, str])
            found[file.stem] = {key: tuple(text.splitlines()) for key, text in texts.items()}
            mistakes += (
                document.mistake(f"$.{key}", why) for key, why in _wrong(found[file.stem], script)
            )
    if mistakes:
        raise ContentError(mistakes)
    return found


def _wrong(phrasings: Phrasings, script: Script) -> Iterator[tuple[str, str]]:
    """What belongs to nothing, and what would mean two things."""
    known = dict(_own(script))
    for key in phrasings.keys() - known.keys():
        yield key, f"`{key}` is nothing that `{script.protocol.id}` expects"
    every = (*known.items(), *phrasings.items())
    meant: dict[str, dict[str, str]] = defaultdict(dict)
    for key, lines in every:
        if key not in known or not lines:
            continue
        kind = key.partition(" ")[0]
        group = meant[key.rpartition(" ")[0] if kind == "choice" else kind]
        plain = "\0".join(lines).lower().translate(_PUNCTUATION).split("\0")  # one is slow
        for line, heard in zip(lines, plain, strict=True):
            other = group.setdefault(heard, key)
            if other != key and key in phrasings:
                yield key, f"`{line}` already means `{other}`"


def _own(script: Script) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Everything a script expects, with the phrasings that stand in the protocol itself."""
    for event in script.events:
        yield f"event {event.id}", event.hear
    for answer in script.protocol.answers:
        yield f"answer {answer.id}", answer.ask
    for step in script.steps.values():
        for choice in step.choices:
            yield f"choice {step.id} {choice.name}", choice.hear
