"""The lines from which triage learns: how people tell of each topic, of nothing, and unclearly."""

from collections.abc import Iterable
from pathlib import Path

from voice.dialogue import yamlfile
from voice.dialogue.protocol import Protocol

NOTHING = "nothing"
"""The topic of what is no emergency; also the file whose lines mean it. It is many things that have
nothing in common, so each text of that file is a topic of its own (`nothing:orders`) to learn."""
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
            topic = {"nothing": f"{NOTHING}:{name}", "unclear": ASK + name}.get(file.stem, name)
            found += ((topic, line) for line in text.splitlines())
    return tuple(found)


def public(topic: str) -> str:
    """The topic as it is known outside of training: all that is no emergency is one."""
    return NOTHING if topic.startswith(f"{NOTHING}:") else topic


def complete(exemplars: Iterable[Exemplar], protocols: Iterable[Protocol]) -> tuple[Exemplar, ...]:
    """The lines of topics that are written, together with those protocols' own triggers."""
    protocols = tuple(protocols)
    slugs = {protocol.id for protocol in protocols}
    kept = [
        (topic, line)
        for topic, line in exemplars
        if topic in slugs or public(topic) == NOTHING or topic.startswith(ASK)
    ]
    own = ((protocol.id, line) for protocol in protocols for line in protocol.triggers)
    return tuple(dict.fromkeys((*kept, *own)))
