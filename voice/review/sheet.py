"""The page of one protocol, section by section, before it becomes HTML or plain text.

Slots are filled for the region, and named: `Call [one one two {emergency}] on speaker.`
"""

import re
from collections.abc import Iterable, Iterator

import msgspec

from voice.dialogue import statement
from voice.dialogue.content import Content
from voice.dialogue.protocol import Event, Protocol, event_steps
from voice.dialogue.signatures import Record, Status
from voice.review import changes
from voice.review.steps import Block, Reader

AGREED = (
    "I have read every line above. Each may be spoken, word for word, to the people that this "
    "protocol is for, and the steps lead where they should."
)
PEOPLE = {"adult": "adults", "child": "children", "infant": "infants"}
STATUSES: dict[Status, str] = {
    "draft": "draft: nobody has signed it",
    "signed": "signed",
    "void": "draft again: it was changed after it was signed",
}


class Section(msgspec.Struct, frozen=True):
    """A part of the page under one heading."""

    title: str
    note: str = ""
    blocks: tuple[Block, ...] = ()
    verbatim: tuple[str, ...] = ()
    """Lines shown as they are."""


class Sheet(msgspec.Struct, frozen=True):
    """The whole page."""

    slug: str
    title: str
    version: int
    hash: str
    sections: tuple[Section, ...]


def how_to_record(sheet: Sheet) -> str:
    """The command that records a signature under exactly this page."""
    return (
        f"python run_assistant.py protocols sign {sheet.slug} --hash {sheet.hash[:12]} "
        '--name "…" --role "…" --date YYYY-MM-DD'
    )


def build(slug: str, content: Content, record: Record | None) -> Sheet:
    """The page of a protocol; `record`: its signatures so far."""
    protocol = content.library[slug]
    text = statement.lines(protocol, content.everywhere, content.regions)
    digest = statement.digest(text)
    read = Reader(protocol, content)
    sections = [
        Section("This protocol", blocks=(_head(protocol, content, record, digest),)),
        _list("Open questions for the clinician", protocol.open_questions, "None are noted."),
        Section("Sources", blocks=tuple(_sources(protocol))),
        Section("Steps, in order", _STEPS, tuple(read.steps())),
        Section("What may change on the way", _EVENTS, tuple(_events(protocol.events, read))),
        Section("The same in every protocol", _EVERYWHERE, tuple(_events(read.shared, read))),
        Section("Side questions", _ANSWERS, tuple(_answers(protocol, read))),
        Section("Said when asked for", blocks=tuple(_asked_for(protocol, read))),
        Section("What must be said, and where it is", blocks=tuple(_musts(protocol, read))),
        _list("What must never be advised", (never.fact for never in protocol.never), "Nothing."),
        _list("Red flags", protocol.red_flags, "None."),
        _joined("What people say when it has happened", protocol.triggers, "Nothing."),
        _joined("How people ask for the whole procedure", protocol.procedures, "They do not."),
        Section(
            "Changed since the last signature",
            changes.note(record, text),
            verbatim=changes.lines(record, text),
        ),
    ]
    return Sheet(slug, protocol.title, protocol.version, digest, tuple(sections))


_STEPS = (
    "The sentence in large type is spoken, word for word. Words in brackets are filled in for the "
    "region; the small word names the slot."
)
_EVENTS = "When the rescuer reports one of these, its lines are spoken."
_EVERYWHERE = "Written once for all protocols. What the protocol says itself comes first."
_ANSWERS = "Answers to questions in between. They do not move the step."


def _head(protocol: Protocol, content: Content, record: Record | None, digest: str) -> Block:
    others = (f"{PEOPLE[who]}: {slug}" for who, slug in sorted(protocol.other_ages.items()))
    rows = [
        ("Id", protocol.id),
        ("Version", str(protocol.version)),
        ("Urgency", protocol.urgency),
        ("Audience", protocol.audience),
        ("For", ", ".join(PEOPLE[who] for who in protocol.who)),
        ("Others", "; ".join(others)),
        ("Stands in for", ", ".join(protocol.stands_in_for)),
        ("Region", content.region.name),
        ("Status", STATUSES[content.statuses[protocol.id]]),
        ("Content hash", digest),
    ]
    for signature in record.signatures if record else ():
        holds = "" if signature.hash == digest else "; void: it was changed since"
        by = f"{signature.name}, {signature.role}, on {signature.date}"
        rows.append(("Signed by", f"{by} (version {signature.version}{holds})"))
    return Block(rows=tuple(row for row in rows if row[1]))


def _sources(protocol: Protocol) -> Iterator[Block]:
    basis = {
        "primary": "the guideline itself was read",
        "secondary": "a page that quotes the guideline was read",
        "memory": "from memory: neither the guideline nor a page about it was read",
    }
    for source in protocol.sources:
        about = f"edition {source.edition}; checked on {source.checked_on}; {basis[source.basis]}"
        yield Block(source.cite, rows=(("", about),))


def _events(events: Iterable[Event], read: Reader) -> Iterator[Block]:
    for event in events:
        yield read.event(event)
        for step in event_steps(event):
            yield read.step(step, f"{event.id}: ")


def _answers(protocol: Protocol, read: Reader) -> Iterator[Block]:
    for answer in protocol.answers:
        asked = " / ".join(answer.ask)
        yield Block(answer.id, read.spoken(answer.say), (("Asked as", asked),))


def _asked_for(protocol: Protocol, read: Reader) -> Iterator[Block]:
    yield Block("Standing advice: right at every step", read.spoken(protocol.standing))
    yield Block("Handover to the crew", read.spoken(protocol.handover))


def _musts(protocol: Protocol, read: Reader) -> Iterator[Block]:
    for must in protocol.must:
        found = dict.fromkeys(
            (place, read.spoken(line))
            for pattern in must.said
            for place, line in read.lines()
            if re.search(pattern, line, re.IGNORECASE)
        )
        yield Block(read.spoken(must.fact), rows=tuple(found) or (("", "No line says it."),))


def _list(title: str, items: Iterable[str], otherwise: str) -> Section:
    rows = tuple(("", item) for item in items)
    return Section(title, "" if rows else otherwise, (Block(rows=rows),) if rows else ())


def _joined(title: str, items: Iterable[str], otherwise: str) -> Section:
    text = " / ".join(items)
    return Section(title, "" if text else otherwise, (Block(rows=(("", text),)),) if text else ())
