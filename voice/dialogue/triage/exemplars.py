"""The lines from which triage learns: how people tell of each topic, of nothing, and unclearly."""

from collections.abc import Iterable
from pathlib import Path

from voice.dialogue import yamlfile
from voice.dialogue.protocol import Protocol

NOTHING = "nothing"
"""The topic of what is no emergency; also the file whose lines mean it."""
ASK = "ask:"
"""Begins the topic of openings that need a question back; the question's name follows."""

Exemplar = tuple[str, str]
"""A topic and one way to tell of it."""


def load(folder: Path) -> tuple[Exemplar, ...]:
    """Read every file of a folder: topics, each with a text of one line a way to say it."""
    found: list[Exemplar] = []
    for file in sorted(folder.glob("*.yaml")):
        document = yamlfile.read(file, file.name)
        for name, text in document.convert(document.data, dict[str, str]).items():
            topic = {"nothing": NOTHING, "unclear": ASK + name}.get(file.stem, name)
            found += ((topic, line) for line in text.splitlines())
    return tuple(found)


def complete(exemplars: Iterable[Exemplar], protocols: Iterable[Protocol]) -> tuple[Exemplar, ...]:
    """The lines of topics that are written, together with those protocols' own triggers."""
    protocols = tuple(protocols)
    slugs = {protocol.id for protocol in protocols}
    kept = [
        (topic, line)
        for topic, line in exemplars
        if topic in slugs or topic == NOTHING or topic.startswith(ASK)
    ]
    own = ((protocol.id, line) for protocol in protocols for line in protocol.triggers)
    return tuple(dict.fromkeys((*kept, *own)))
