"""What passes between the loop's process and the server's: one JSON object a line, both ways."""

import time
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from voice.kiosk.intents import Intent
from voice.kiosk.page_state import Page

Refusal = Literal["old", "unknown", "fast", "bad", "starting"]


NOTHING = msgspec.Raw(b"null")


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """What the server is started with."""

    port: int
    hosts: tuple[str, ...]
    """Names under which the page may be called, without the port."""
    token: str = ""
    """What a page has to know; empty: nothing, on loopback alone."""
    most_pages: int = 32
    settings: dict[str, str] = {}


class Down(msgspec.Struct, frozen=True, kw_only=True):
    """To the server: a new state, and how the machine is."""

    page: Page | None = None
    status: msgspec.Raw = NOTHING
    refused: "Refused | None" = None


class Up(msgspec.Struct, frozen=True, kw_only=True):
    """To the loop: what a page asked for; nothing: the server is alive."""

    intent: Intent | None = None
    client: int = 0
    """Which page."""
    pages: Annotated[int, Meta(ge=0)] = 0
    """How many are open."""


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """An intent that was not carried out, told to the page that had it."""

    refused: Refusal
    intent: str
    client: int = 0


encode = msgspec.json.Encoder().encode
decode_down = msgspec.json.Decoder(Down).decode
decode_up = msgspec.json.Decoder(Up).decode
decode_intent = msgspec.json.Decoder(Intent).decode


def now_ms() -> float:
    """The clock that pages set theirs by: the monotonic one, in milliseconds."""
    return round(time.monotonic() * 1000, 1)
