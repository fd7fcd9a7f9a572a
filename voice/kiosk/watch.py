"""What is due by the clock: asking who is there, telling systemd that we live, the self-test."""

import datetime
import threading
import time
from collections.abc import Callable

from voice.assistant import Assistant
from voice.config import Settings
from voice.dialogue import interface as d
from voice.kiosk import presence as p
from voice.kiosk import seen as s
from voice.kiosk import selftest
from voice.kiosk.feed import Feed
from voice.kiosk.notify import Notifier
from voice.observer import Moment

LOOK_S = 0.25
LOOP_S = 10.0
"""A loop that takes nothing for so long hangs, and systemd is no longer told that we live."""


class Watch:
    """One thread; it looks at the feed and lets the loop act."""

    def __init__(
        self,
        settings: Settings,
        feed: Feed,
        assistant: Assistant,
        notifier: Notifier,
        self_test: Callable[[], None],
    ) -> None:
        own = settings.kiosk
        self._settings = settings
        self._self_test = self_test
        self._feed = feed
        self._assistant = assistant
        self._notifier = notifier
        self._rules = p.Rules(
            silence_s=own.silence_s, beat_silence_s=own.beat_silence_s, answer_s=own.answer_s
        )
        self._presence = p.Presence(sign=time.monotonic())
        self._signs = 0
        self._touched = False
        self._loop_at = time.monotonic()
        self._told_at = 0.0
        self._tested = datetime.datetime.now()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kiosk-watch", daemon=True)

    def start(self) -> None:
        """Begin; the loop is ready."""
        self._notifier.ready()
        self._thread.start()

    def touched(self) -> None:
        """Somebody touched or typed something; from any thread."""
        self._touched = True

    def close(self) -> None:
        """End the thread."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(2.0)

    def _run(self) -> None:
        while not self._closing.wait(LOOK_S):
            now = time.monotonic()
            self._look(now)
            self._tell(now)
            self._test(datetime.datetime.now())

    def _look(self, now: float) -> None:
        seen = self._feed.seen
        if self._touched or seen.signs != self._signs:
            self._touched, self._signs = False, seen.signs
            self._presence = p.signed(self._presence, now)
        self._presence, due = p.look(
            self._presence,
            now,
            self._rules,
            running=s.holds(seen),
            beating=seen.beat_on,
            speaking=self._assistant.speaking,
        )
        if due == "ask" and seen.state.run is not None:
            self._take(lambda moment: d.StillThere(t=moment.now))
        elif due is not None:
            self._take(lambda moment: d.NewPerson(t=moment.now, silent=True))

    def _take(self, make: Callable[[Moment], d.Input]) -> None:
        """Let the loop act, unless somebody has made itself felt meanwhile."""
        signs = self._signs

        def made(moment: Moment) -> d.Input | None:
            return make(moment) if self._feed.seen.signs == signs else None

        self._assistant.take(made)

    def _tell(self, now: float) -> None:
        """Tell systemd that we live, as long as the loop does."""
        interval = self._notifier.watchdog_s / 3 or LOOP_S / 3
        if now - self._told_at < interval:
            return
        self._told_at = now
        self._assistant.take(self._loop_lives)
        if now - self._loop_at < LOOP_S:
            self._notifier.alive()

    def _loop_lives(self, moment: Moment) -> None:
        self._loop_at = time.monotonic()

    def _test(self, now: datetime.datetime) -> None:
        """The daily self-test, when nobody is there; it may hang, so not on this thread."""
        at = self._settings.kiosk.selftest_at
        if not s.holds(self._feed.seen) and selftest.due(now, self._tested, at):
            self._tested = now
            threading.Thread(target=self._self_test, name="selftest", daemon=True).start()
