"""Everything that can be said, loaded from voice/content/<language> for one region."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from voice import heap
from voice.config import Settings
from voice.dialogue import (
    coach_plan,
    commands,
    expected,
    gaps,
    handover,
    loader,
    phrasings,
    regions,
    signatures,
    statement,
    vectors,
    yamlfile,
)
from voice.dialogue.coach_plan import Plan
from voice.dialogue.commands import Phrasebook
from voice.dialogue.everyday import Everyday
from voice.dialogue.handover import Handover
from voice.dialogue.phrasings import Phrasings
from voice.dialogue.protocol import Event, Protocol, event_lines
from voice.dialogue.regions import Region
from voice.dialogue.script import Script
from voice.dialogue.signatures import Status
from voice.dialogue.triage import findings, topics
from voice.dialogue.triage.findings import Findings
from voice.dialogue.triage.openings import Openings
from voice.dialogue.triage.rules import ANYTHING
from voice.dialogue.vectors import Vectors
from voice.dialogue.yamlfile import ContentError
from voice.engines.speech_split import sentences

FOLDER = Path(__file__).resolve().parent.parent / "content"
_URGENCY = ("critical", "urgent", "minor")
FIRST_WORDS = "nothing_running"
"""The phrase that a live assistant begins with."""
DRAFT = "draft"
"""What a draft of the language model runs in; it is not among the protocols."""
FIRST = (ANYTHING, "cpr-adult")
"""The protocols that most emergencies begin with: their speech is rendered first."""


class Content:
    """Protocols, phrases, commands and the region's words. Immutable; safe in any thread."""

    def __init__(
        self,
        library: dict[str, Protocol],
        statuses: dict[str, Status],
        everywhere: tuple[Event, ...],
        phrases: dict[str, str],
        phrasebook: Phrasebook,
        understood: Findings,
        kept: Handover,
        coach: Plan,
        everyday: Everyday,
        outside: tuple[str, ...],
        all_regions: regions.Regions,
        settings: Settings,
        draft: Protocol,
    ) -> None:
        self.library = library
        """Every protocol there is; what people tell of is recognised by all of them."""
        self.protocols = _usable(library, statuses, settings)
        """The protocols that may be used: nothing else is spoken."""
        self.statuses = statuses
        self.everywhere = everywhere
        self.phrases = phrases
        self.phrasebook = phrasebook
        self.findings = understood
        self.handover = kept
        self.coach = coach
        self.everyday = everyday
        self.outside = outside
        """Questions that no first aid answers."""
        self.regions = all_regions
        self.region: Region = all_regions.choose(settings.content.region)
        self._settings = settings
        runnable = {**self.protocols, DRAFT: draft}
        self._coach_left = {
            slug: coach.told_by(step.say for step in p.steps) for slug, p in runnable.items()
        }
        self.scripts = {slug: Script(p, everywhere) for slug, p in runnable.items()}
        self._more = phrasings.load(folder(settings) / "phrasings", self.scripts)
        self._stand_ins = {
            missing: p.id for p in self.protocols.values() for missing in p.stands_in_for
        }

    def script(self, slug: str) -> Script:
        """The protocol of this slug, ready to run."""
        return self.scripts[slug]

    def protocol(self, slug: str) -> Protocol:
        """The protocol of this slug, or the frame of a draft."""
        return self.scripts[slug].protocol

    def more(self, slug: str) -> Phrasings:
        """Further phrasings of what this protocol expects."""
        return self._more.get(slug, {})

    def reviewed(self, slug: str) -> bool:
        """Whether a clinician has signed this protocol as it is."""
        return self.statuses.get(slug) == "signed"

    def usable(self, slug: str) -> str | None:
        """The protocol that serves this slug: itself, its stand-in, or None."""
        if slug in self.protocols:
            return slug
        stand_in = self._stand_ins.get(slug)
        return stand_in if stand_in in self.protocols else None

    def resolve(self, slug: str) -> str:
        """The protocol that serves this slug; the primary check serves what nothing else does.

        It may not be usable itself.
        """
        return self.usable(slug) or ANYTHING

    def coach_left(self, slug: str) -> frozenset[str]:
        """The coach's cues that a protocol's own steps give."""
        return self._coach_left[slug]

    def say(self, line: str) -> str:
        """The line as spoken in this region."""
        return self.region.say(line)

    def phrase(self, name: str, **values: str) -> str:
        """A fixed phrase with its values filled in, as spoken in this region."""
        line = self.phrases[name]
        for key, value in values.items():
            line = line.replace("{" + key + "}", value)
        return self.region.say(line)

    def spoken(self) -> Iterator[str]:
        """Every fixed line that can be spoken in this region, the most needed first, each once."""
        yield from dict.fromkeys(self.say(line) for line in _raw_lines(self))

    @cached_property
    def openings(self) -> Openings:
        """Triage, made ready on first use."""
        library = self.library.values()
        known = topics.find(self._settings, folder(self._settings) / "heard", library)
        return Openings(library, self.findings, known)

    @cached_property
    def vectors(self) -> Vectors:
        """The vectors of all that any protocol expects to hear; worked out once, then kept."""
        encoder = self.openings.encoder
        if encoder is None:
            return vectors.none()
        folder = self._settings.cache_dir() / "triage"
        lines = (*expected.phrasings(self.scripts.values(), self._more), *self.outside)
        return vectors.load(lines, encoder, folder)

    def prepare(self) -> None:
        """Load what the first utterance needs; the first time on a machine it takes a minute."""
        self.openings.find("hello")
        self.vectors.embed("hello")
        heap.trim()

    @cached_property
    def by_urgency(self) -> list[Protocol]:
        """The usable protocols, critical ones first."""
        order = {slug: rank for rank, slug in enumerate(_URGENCY)}
        return sorted(self.protocols.values(), key=lambda p: (order[p.urgency], p.id))


def folder(settings: Settings) -> Path:
    """Where the content of the settings' language lies."""
    return FOLDER / settings.content.language


def load(settings: Settings | None = None, *, lenient: bool = False) -> Content:
    """Load the content that the settings ask for; raises ContentError or UserError.

    `lenient` leaves out protocols with mistakes, for checking the others.
    """
    settings = settings or Settings()
    home = folder(settings)

    def document(name: str) -> yamlfile.Document:
        return yamlfile.read(home / name, name)

    events, phrases = document("events.yaml"), document("phrases.yaml")
    everyday, outside = document("everyday.yaml"), document("outside.yaml")
    understood = findings.load(document("findings.yaml"))
    everywhere = events.convert(events.data, tuple[Event, ...])
    all_regions = regions.load(document("regions.yaml"))
    kept = handover.load(document("handover.yaml"))
    library = loader.read_all(home / "protocols", kept.items, lenient=lenient)
    return Content(
        library,
        {slug: _status(home, p, everywhere, all_regions) for slug, p in library.items()},
        everywhere,
        phrases.convert(phrases.data, dict[str, str]),
        commands.load(document("commands.yaml"), kept.items),
        understood,
        kept,
        coach_plan.load(document("coach.yaml"), all_regions.all()),
        Everyday(everyday.convert(everyday.data, dict[str, tuple[str, ...]])),
        outside.convert(outside.data, tuple[str, ...]),
        all_regions,
        settings,
        loader.read(home / "draft.yaml", kept.items)[0],
    )


def first_words(settings: Settings) -> str:
    """What a live assistant says first, found without loading everything else."""
    home = folder(settings)
    phrases = yamlfile.read(home / "phrases.yaml", "phrases.yaml")
    region = regions.load(yamlfile.read(home / "regions.yaml", "regions.yaml"))
    line = phrases.convert(phrases.data, dict[str, str])[FIRST_WORDS]
    return region.choose(settings.content.region).say(line)


def _status(
    home: Path, protocol: Protocol, everywhere: tuple[Event, ...], all_regions: regions.Regions
) -> Status:
    """Whether the protocol is signed as it is; signatures that cannot be read do not hold."""
    try:
        record = signatures.read(home, protocol.id)
    except ContentError:
        return "void"
    if record is None:
        return "draft"
    now = statement.digest(statement.lines(protocol, everywhere, all_regions))
    return signatures.status(record, now)


def _usable(
    library: dict[str, Protocol], statuses: dict[str, Status], settings: Settings
) -> dict[str, Protocol]:
    """Every protocol, or with `content.require_signed` the signed ones alone."""
    if not settings.content.require_signed:
        return library
    return {slug: p for slug, p in library.items() if statuses[slug] == "signed"}


def spoken_lines(content: Content) -> list[str]:
    """Every fixed line that can be spoken in the content's region, the most needed first."""
    return list(content.spoken())


def _raw_lines(content: Content) -> Iterator[str]:
    yield from content.coach.lines()
    for name, line in content.phrases.items():
        if name == "comfort":
            for protocol in content.by_urgency:
                yield content.phrase(name, standing=protocol.standing)
        elif set(regions.slots_in(line)) <= content.region.slots.keys():
            yield line
    for gap in gaps.every(content.phrases["seconds"], content.handover.spans):
        yield content.phrase("power_back", time=gap)
    for event in content.everywhere:
        yield from event_lines(event)
    for protocol in content.by_urgency:
        yield sentences(protocol.steps[0].say)[0]  # the rest is made while this is heard
    for slug in FIRST:
        if slug in content.protocols:
            yield from content.protocols[slug].lines()
    yield content.protocol(DRAFT).steps[-1].say
    for protocol in content.by_urgency:
        for step in protocol.steps:
            yield step.say
    for protocol in content.by_urgency:
        yield from protocol.lines()
    phrases = content.handover.phrases
    yield from (phrases.nothing, phrases.no_tourniquet, phrases.noted_briefly)
    yield from (content.handover.noted(what) for what in content.phrasebook.marks)
