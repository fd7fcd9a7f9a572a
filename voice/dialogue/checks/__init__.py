"""What `protocols check` proves about protocols, beyond what loading them already does."""

from pathlib import Path

from voice.dialogue import loader
from voice.dialogue.checks import calls, doses, structure, wording
from voice.dialogue.checks.subject import Subject
from voice.dialogue.content import Content
from voice.dialogue.yamlfile import ContentError, Mistake

CHECKS = (
    structure.targets,
    structure.endings,
    structure.reachable,
    structure.events,
    structure.names,
    structure.facts,
    calls.early,
    calls.waiting,
    calls.branches,
    calls.missing,
    wording.lengths,
    wording.speakable,
    wording.slots,
    wording.musts,
    wording.nevers,
    wording.collisions,
    doses.units,
    doses.read_sources,
)


def check(file: Path, content: Content) -> list[Mistake]:
    """Every mistake in one protocol's file, in the order of its lines."""
    try:
        protocol, document = loader.read(file, content.handover.items)
    except ContentError as error:
        return list(error.mistakes)
    subject = Subject(protocol, content, (other.stem for other in file.parent.glob("*.yaml")))
    return sorted({document.mistake(*found) for run in CHECKS for found in run(subject)})
