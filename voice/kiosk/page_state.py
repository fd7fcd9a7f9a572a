"""The message that the page gets, one JSON text a change: always everything that it shows.

Times ending in `_ms` are milliseconds on the server's monotonic clock.
"""

from typing import Literal

import msgspec

Mode = Literal["idle", "listening", "step", "question", "answer", "summary", "still_there"]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """Base of all parts."""


class Place(Part, frozen=True, kw_only=True):
    """Where this kiosk is."""

    name: str
    tell: str
    """What to tell the emergency services about the way here."""
    number: str
    """The number to call."""


class Caption(Part, frozen=True, kw_only=True):
    """What is heard and what is being spoken."""

    heard: str = ""
    final: bool = True
    spoken: str = ""


class Protocol(Part, frozen=True, kw_only=True):
    """The emergency that is being dealt with."""

    slug: str
    title: str
    reviewed: bool


class Choice(Part, frozen=True, kw_only=True):
    """One of the answers to a question."""

    name: str
    label: str


class Step(Part, frozen=True, kw_only=True):
    """What is to be done now, or the question that is to be answered."""

    id: str
    screen: str
    say: str
    drawing: str | None = None
    choices: tuple[Choice, ...] = ()
    safe: str | None = None


class Answer(Part, frozen=True, kw_only=True):
    """What was said beside the steps, and to what words."""

    question: str
    text: str


class Beat(Part, frozen=True, kw_only=True):
    """The beat of the compressions."""

    on: bool
    rate: float
    next_ms: float
    """When a beat is audible; the others follow at the rate, until the next message."""
    count: int | None = None
    """The push of the set that was heard last."""
    of: int | None = None


class Alarm(Part, frozen=True, kw_only=True):
    """What is wrong, in words."""

    what: str
    text: str


class SelfTest(Part, frozen=True, kw_only=True):
    """How the last self-test went."""

    ok: bool
    at: str
    """Time of day."""
    failed: tuple[str, ...] = ()


class Handover(Part, frozen=True, kw_only=True):
    """The summary for the crew."""

    lines: tuple[str, ...]
    qr: str | None = None
    """The lines as an SVG that a phone can read; made by the server."""


class Page(Part, frozen=True, kw_only=True):
    """All that the page shows."""

    seq: int
    """Grows with every change; messages that nobody had time for are left out."""
    mode: Mode
    place: Place
    connection: str = "live"
    caption: Caption
    listening: bool
    protocol: Protocol | None = None
    step: Step | None = None
    answer: Answer | None = None
    beat: Beat | None = None
    now_ms: float
    since_s: float | None = None
    swap_in_s: float | None = None
    alarms: tuple[Alarm, ...] = ()
    selftest: SelfTest | None = None
    handover: Handover | None = None
    disclaimer: str
    settings: dict[str, str] = {}
