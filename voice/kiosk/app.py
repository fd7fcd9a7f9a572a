"""Puts the kiosk together around the loop."""

import datetime
import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

from voice.assistant import Assistant
from voice.audio.interface import Backend
from voice.config import Settings
from voice.dialogue import content
from voice.dialogue import interface as d
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import Resumed, State
from voice.engines.crew import Crew
from voice.events import LogEvent
from voice.kiosk import drawings, intents, journal, page_state, selftest, wire, words
from voice.kiosk import seen as s
from voice.kiosk.address import server_options
from voice.kiosk.feed import Feed, SoundClock
from voice.kiosk.intents import Meanings
from voice.kiosk.journal import Journal
from voice.kiosk.link import Link, listen
from voice.kiosk.notify import Notifier
from voice.kiosk.painter import Painter
from voice.kiosk.retention import Retention
from voice.kiosk.status import Status, status
from voice.kiosk.watch import Watch
from voice.observer import Moment
from voice.timers import Timers

ENGINES_S = 60.0
"""How long the first self-test waits for the engines."""


class Kiosk(Feed):
    """The page beside a loop: is told what happens, and hands on what is touched."""

    def __init__(
        self,
        settings: Settings,
        clock: SoundClock,
        *,
        live: bool,
        remote: bool = False,
        wipe: Callable[[], None] = lambda: None,
    ) -> None:
        """`live`: on a microphone; `wipe` is called when everything is to be forgotten."""
        super().__init__(clock)
        self._settings = settings
        self._live = live
        self._wipe = wipe
        self._words = words.load(settings)
        self._drawings = drawings.load(settings)
        self._began = time.monotonic()
        folder = state_folder(settings) if live or settings.kiosk.state else None
        self._journal = Journal(folder, self._axis) if folder else None
        self._left = self._journal.left() if self._journal else None
        self._retention = Retention(folder, settings.kiosk.keep_handover_days) if folder else None
        self._notifier = Notifier()
        listening = listen(settings.kiosk.host, settings.kiosk.port)
        self.port = int(listening.getsockname()[1])
        options = server_options(settings, self.port, remote)
        self._link = Link(listening, options, self._pages, self._status, self._asked)
        self._painter: Painter | None = None
        self._meanings: Meanings | None = None
        self._assistant: Assistant | None = None
        self._crew: Crew | None = None
        self._watch: Watch | None = None
        self._ready = threading.Event()

    @property
    def server_pid(self) -> int | None:
        """The process id of the page's server."""
        return self._link.pid

    def run(
        self,
        assistant: Assistant,
        backend: Backend,
        crew: Crew,
        interrupted: threading.Event,
    ) -> None:
        """Run the loop until it ends; the page is there from the first moment.

        After a power cut nothing comes before the step and the beat: they need no engine, and the
        crew starts when they are back.
        """
        self._assistant, self._crew = assistant, crew
        if self._left is None:
            crew.start()
        self._watch = Watch(self._settings, self, assistant, self._notifier, self._self_test)
        self._link.start()
        if self._retention:
            self._retention.purge(datetime.date.today())

        def load() -> Dialogue:
            known = content.load(self._settings)
            dialogue = Dialogue(known, self._settings, prepare=self._left is None)
            self._learn(dialogue, assistant)
            return dialogue

        try:
            at_once = self._live or self._left is not None
            greeting = "" if at_once else None
            assistant.run(backend, load, interrupted, greeting, needs_ear=False)
        finally:
            self._notifier.stopping()
            self._watch.close()
            if self._journal:
                self._journal.close()
            self._link.close()

    def _learn(self, dialogue: Dialogue, assistant: Assistant) -> None:
        """What is to be known is there: go on where a power cut ended, and begin to serve."""
        known, own = dialogue.content, self._settings.kiosk
        number = own.number or known.region.screen("{emergency}")
        place = page_state.Place(name=own.place, tell=own.tell, number=number)
        self._painter = Painter(known, self._words, self._drawings, place, self._clock.wall)
        self._meanings = Meanings(known)
        if self._left:
            left = self._left

            def resumed(moment: Moment) -> Resumed | None:
                return journal.resumed(left, known, now=moment.now, wall=time.time())

            assistant.take(resumed)
            threading.Thread(target=self._catch_up, args=(known,), daemon=True).start()
        assistant.take(self._begin)

    def _catch_up(self, known: Content) -> None:
        """Load what was not needed to go on after a power cut."""
        if self._ready.wait(ENGINES_S) and self._crew:
            self._crew.start()
            known.prepare()

    def _begin(self, moment: Moment) -> None:
        """On the loop's thread: it works from now on."""
        self._note(moment.state)
        if self._journal:
            self._journal.start()
        self._ready.set()
        if self._watch:
            self._watch.start()
        threading.Thread(target=self._self_test, name="selftest", daemon=True).start()

    def _self_test(self) -> None:
        """Look at the machine; chirps are for a room in which nobody needs help."""
        limit = time.monotonic() + ENGINES_S
        while time.monotonic() < limit and "loading" in self._engine_states():
            time.sleep(0.2)
        own, seen = self._settings.kiosk, self.seen
        chirps = self._live and own.selftest_sound and not s.holds(seen)
        now = datetime.datetime.now()
        self.tested(selftest.run(self._settings, seen.engines, seen.devices, chirps=chirps, at=now))

    def _engine_states(self) -> set[str]:
        states = self.seen.engines
        return {str(states.get(name, "loading")) for name in selftest.NEEDED}

    # --- the loop's thread -------------------------------------------------------------------

    def event(self, event: LogEvent) -> None:
        """See Observer."""
        super().event(event)
        if self._retention:
            self._retention.event(event, self._clock.wall(event.t))

    def state(self, state: State, timers: Timers, now: float) -> None:
        """See Observer."""
        super().state(state, timers, now)
        self._note(state)

    def forgotten(self) -> None:
        """See Observer."""
        super().forgotten()
        if self._retention:
            self._retention.forgotten()
        if self._settings.kiosk.keep_handover_days == 0:
            self._wipe()

    def _note(self, state: State) -> None:
        """Have it outlive a power cut; while it is asked who is there, what was left stays."""
        waits = state.confirm is not None and state.confirm.what == "continue"
        if self._journal and not waits:
            self._journal.note(state)

    # --- other threads -----------------------------------------------------------------------

    def _axis(self) -> float:
        return self._clock.axis(time.monotonic())

    def _pages(self, than: int, timeout_s: float) -> page_state.Page | None:
        if not self._ready.wait(timeout_s) or self._painter is None:
            return None
        return self.newer(than, timeout_s, self._painter)

    def _status(self) -> Status:
        return status(
            self.seen,
            self.selftest,
            ready=self._ready.is_set(),
            up_s=time.monotonic() - self._began,
            pages=self._link.open_pages,
            server_starts=self._link.starts,
        )

    def _asked(self, up: wire.Up) -> None:
        """A page wants something: checked here, decided on the loop's thread."""
        intent, meanings, assistant = up.intent, self._meanings, self._assistant
        if intent is None:
            return
        if meanings is None or assistant is None or not self._ready.is_set():
            self._link.refuse(up, "starting")
        elif not meanings.known(intent):
            self._link.refuse(up, "unknown")
        elif intent.positional and intent.seq is None:
            self._link.refuse(up, "bad")
        else:
            if self._watch:
                self._watch.touched()
            if intent.intent == intents.CLOSE:
                self.happened(s.Closed())
            else:
                assistant.take(lambda moment: self._meant(up, intent, meanings, moment))

    def _meant(
        self, up: wire.Up, intent: intents.Intent, meanings: Meanings, moment: Moment
    ) -> d.Input | None:
        """On the loop's thread, where what was shown is known for certain."""
        if intent.positional and not self.shows(intent.seq or 0):
            self._link.refuse(up, "old")
            return None
        event = meanings.input(intent, moment)
        if event is None:
            self._link.refuse(up, "unknown")
        elif intent.intent == intents.SAY:
            self.happened(s.Typed(intent.text.strip()))
        return event


def state_folder(settings: Settings) -> Path:
    """Where lies what outlives a power cut."""
    chosen = settings.kiosk.state or os.environ.get("STATE_DIRECTORY", "").partition(":")[0]
    return Path(chosen or "~/.local/state/rescue-voice").expanduser()
