"""What `protocols check` proves about protocols, beyond what loading them already does."""

from pathlib import Path

from voice.dialogue import loader
from voice.dialogue.checks import structure, wording
from voice.dialogue.checks.subject import Subject
from voice.dialogue.content import Content
from voice.dialogue.yamlfile import ContentError, Mistake

CHECKS = (
    structure.targets,
    structure.endings,
    structure.reachable,
    structure.early_call,
    structure.facts,
    wording.lengths,
    wording.speakable,
    wording.slots,
    wording.musts,
    wording.nevers,
    wording.collisions,
)


def check(file: Path, content: Content) -> list[Mistake]:
    """Every mistake in one protocol's file, in the order of its lines."""
    try:
        protocol, document = loader.read(file)
    except ContentError as error:
        return list(error.mistakes)
    subject = Subject(protocol, document, content)
    return sorted({subject.mistake(*found) for run in CHECKS for found in run(subject)})


def not_yet_written(content: Content) -> dict[str, list[str]]:
    """Protocols that others lead to and that do not exist, with those that lead there."""
    wanted: dict[str, list[str]] = {}
    for protocol in content.protocols.values():
        for slug in structure.leads_to(protocol):
            if slug not in content.protocols:
                wanted.setdefault(slug, []).append(protocol.id)
    return dict(sorted(wanted.items()))
