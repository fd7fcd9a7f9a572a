"""Puts the kiosk together around the loop."""

import threading
from collections.abc import Callable

import msgspec

from voice.assistant import Assistant
from voice.audio.interface import Backend
from voice.config import Settings
from voice.dialogue import interface as d
from voice.dialogue.dialogue import Dialogue
from voice.errors import UserError
from voice.kiosk import drawings, intents, page_state, wire, words
from voice.kiosk import seen as s
from voice.kiosk.feed import Feed, SoundClock
from voice.kiosk.guard import LOOPBACK
from voice.kiosk.intents import Meanings
from voice.kiosk.link import Link, listen
from voice.kiosk.painter import Painter
from voice.observer import Moment

SHORTEST_TOKEN = 16


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """`/status`: how the machine is; no word of any conversation."""

    ok: bool
    mode: str
    engines: dict[str, str]
    devices: dict[str, str]
    pages: int
    server_starts: int


class Kiosk:
    """The page beside a loop: tells it what happens, and takes what is touched."""

    def __init__(self, settings: Settings, feed: Feed, clock: SoundClock, remote: bool) -> None:
        self._settings = settings
        self._feed = feed
        self._clock = clock
        self._words = words.load(settings)
        self._drawings = drawings.load(settings)
        self._listening = listen(settings.kiosk.host, settings.kiosk.port)
        self.port = int(self._listening.getsockname()[1])
        options = server_options(settings, self.port, remote)
        self._link = Link(self._listening, options, self._pages, self._status, self._asked)
        self._painter: Painter | None = None
        self._meanings: Meanings | None = None
        self._assistant: Assistant | None = None
        self._ready = threading.Event()

    def start(self) -> None:
        """Begin to serve."""
        self._link.start()

    def close(self) -> None:
        """End the server."""
        self._link.close()

    def run(
        self,
        assistant: Assistant,
        backend: Backend,
        load: Callable[[], Dialogue],
        interrupted: threading.Event,
    ) -> None:
        """Run the loop; pages are shown once there is something to show."""
        self._assistant = assistant

        def loaded() -> Dialogue:
            dialogue = load()
            self._learn(dialogue)
            return dialogue

        assistant.run(backend, loaded, interrupted)

    def _learn(self, dialogue: Dialogue) -> None:
        content, own = dialogue.content, self._settings.kiosk
        place = page_state.Place(
            name=own.place, tell=own.tell, number=own.number or content.region.screen("{emergency}")
        )
        self._painter = Painter(content, self._words, self._drawings, place, self._clock.wall)
        self._meanings = Meanings(content)
        self._ready.set()

    def _pages(self, than: int, timeout_s: float) -> page_state.Page | None:
        if self._painter is None:
            self._ready.wait(timeout_s)
            return None
        return self._feed.newer(than, timeout_s, self._painter)

    def _status(self) -> Status:
        seen = self._feed.seen
        return Status(
            ok=all(state == "ready" for state in seen.engines.values()),
            mode="running" if seen.state.run else "idle",
            engines=dict(seen.engines),
            devices=dict(seen.devices),
            pages=self._link.open_pages,
            server_starts=self._link.starts,
        )

    def _asked(self, up: wire.Up) -> None:
        """A page wants something: checked here, decided on the loop's thread."""
        intent, meanings, assistant = up.intent, self._meanings, self._assistant
        if intent is None:
            return
        if meanings is None or assistant is None:
            self._link.refuse(up, "starting")
            return
        if not meanings.known(intent):
            self._link.refuse(up, "unknown")
            return
        if intent.positional and intent.seq is None:
            self._link.refuse(up, "bad")
            return
        if intent.intent == intents.CLOSE:
            self._feed.happened(s.Closed())
            return

        def made(moment: Moment) -> d.Input | None:
            if intent.positional and not self._feed.shows(intent.seq or 0):
                self._link.refuse(up, "old")
                return None
            event = meanings.input(intent, moment)
            if event is None:
                self._link.refuse(up, "unknown")
            elif intent.intent == intents.SAY:
                self._feed.happened(s.Typed(intent.text.strip()))
            return event

        assistant.take(made)


def server_options(settings: Settings, port: int, remote: bool) -> wire.Options:
    """How the server is to be; UserError where it would be open to others by mistake."""
    own = settings.kiosk
    hosts: tuple[str, ...] = LOOPBACK
    if own.host not in ("127.0.0.1", "::1", "localhost"):
        if not remote:
            raise UserError(
                f"kiosk.host = {own.host} would show the page to other machines; if that is meant, "
                "give --remote as well, and set kiosk.token"
            )
        if len(own.token) < SHORTEST_TOKEN:
            raise UserError(f"kiosk.token needs at least {SHORTEST_TOKEN} letters for --remote")
        hosts = (*LOOPBACK, own.host, *own.names.split())
    return wire.Options(
        port=port,
        hosts=hosts,
        token=own.token if remote else "",
        settings={"theme": own.theme, "text_size": own.text_size},
    )
