"""The kiosk's real server, shown states that the test makes up instead of a loop's."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from tests.support.browsing import Tab
from voice.kiosk import page_state as p
from voice.kiosk import wire
from voice.kiosk.link import Link, listen

PLACE = p.Place(
    name="Shelter North, Harbour Street 12, by the entrance",
    tell="Harbour Street 12, entrance at the back, ground floor. Somebody waits at the gate.",
    number="112",
)
DISCLAIMER = (
    "First aid guidance by a machine, no substitute for a professional. "
    "No clinician has reviewed it."
)
ADULT = p.Protocol(slug="cpr-adult", title="C P R for an adult", reviewed=False)
CHECK = p.Protocol(slug="primary-check", title="First check", reviewed=False)
PUSH = p.Step(
    id="push",
    screen="Push hard and fast",
    say="Push hard and fast, arms straight. Follow my beat.",
    drawing="compressions-adult",
)
BREATHING = p.Step(
    id="breathing",
    screen="Breathing normally?",
    say="Tilt the head back and watch the chest. Are they breathing normally?",
    drawing="head-tilt",
    choices=(p.Choice(name="yes", label="Yes"), p.Choice(name="no", label="No")),
    safe="no",
)
LINES = (
    "C P R for an adult, began fifteen minutes ago. Compressions for twelve minutes.",
    "14:02  not breathing",
    "14:03  compressions started",
    "14:09  one shock",
    "14:14  breathing again",
)
PUSHING: dict[str, Any] = {
    "mode": "step",
    "protocol": ADULT,
    "step": PUSH,
    "since_s": 93.0,
    "swap_in_s": 27.0,
    "caption": p.Caption(heard="how hard do I push", spoken="Push hard and fast, arms straight."),
}
SCREENS: dict[str, dict[str, Any]] = {
    "idle": {"mode": "idle"},
    "listening": {
        "mode": "listening",
        "listening": True,
        "caption": p.Caption(heard="he's not breath", final=False),
    },
    "step": PUSHING,
    "question": {
        "mode": "question",
        "protocol": CHECK,
        "step": BREATHING,
        "since_s": 21.0,
        "caption": p.Caption(heard="no answer at all", spoken="Tilt the head back."),
    },
    "answer": {
        **PUSHING,
        "mode": "answer",
        "answer": p.Answer(
            question="how deep do I push",
            text="At least five centimetres, two inches. Let the chest come all the way up.",
        ),
    },
    "summary": {
        "mode": "summary",
        "protocol": ADULT,
        "step": PUSH,
        "since_s": 900.0,
        "handover": p.Handover(lines=LINES),
    },
    "still_there": {
        "mode": "still_there",
        "protocol": ADULT,
        "since_s": 900.0,
        "step": p.Step(
            id="confirm-still-there",
            screen="Are you still there?",
            say="Are you still there?",
            choices=(
                p.Choice(name="yes", label="I am here"),
                p.Choice(name="no", label="New person"),
            ),
        ),
    },
    "alarm": {
        "mode": "idle",
        "alarms": (
            p.Alarm(what="microphone", text="The microphone is silent. Touch the screen, or type."),
        ),
        "selftest": p.SelfTest(ok=False, at="07:00", failed=("speaker to microphone",)),
    },
}


class Show:
    """What the pages of a server show; what they ask for lies in `intents`."""

    def __init__(self) -> None:
        self.intents: list[p.Part | Any] = []
        self._news = threading.Condition()
        self._state = self._page(SCREENS["idle"])
        self._listening = listen("127.0.0.1", 0)
        port = self._listening.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}/"
        options = wire.Options(
            port=port, hosts=("127.0.0.1",), settings={"theme": "dark", "text_size": "normal"}
        )
        self.link = Link(
            self._listening, options, self._wait, lambda: p.SelfTest(ok=True, at=""), self._asked
        )
        self.link.start()

    def __call__(self, name: str = "", **changes: Any) -> p.Page:
        """Show one of `SCREENS`, or only the changes to it."""
        with self._news:
            self._state = self._page({**SCREENS.get(name, {}), **changes})
            self._news.notify_all()
            return self._state

    @property
    def seq(self) -> int:
        """Number of the state that is shown."""
        return self._state.seq

    def close(self) -> None:
        """End the server."""
        self.link.close()

    def _page(self, values: dict[str, Any]) -> p.Page:
        seq = self._state.seq + 1 if hasattr(self, "_state") else 1
        fixed: dict[str, Any] = {
            "seq": seq,
            "place": PLACE,
            "caption": p.Caption(),
            "listening": False,
            "disclaimer": DISCLAIMER,
            "now_ms": time.monotonic() * 1000,
        }
        return msgspec.convert({**fixed, **values}, p.Page, from_attributes=True)

    def _wait(self, told: int, seconds: float) -> p.Page | None:
        with self._news:
            self._news.wait_for(lambda: self._state.seq > told, seconds)
            return self._state if self._state.seq > told else None

    def _asked(self, up: wire.Up) -> None:
        self.intents.append(up.intent)


@contextmanager
def shown() -> Iterator[Show]:
    """A server that shows what it is told."""
    show = Show()
    try:
        yield show
    finally:
        show.close()


def beating(rate: float = 110.0, count: int | None = None, of: int | None = None) -> p.Beat:
    """A beat whose next stroke is 300 ms from now."""
    next_ms = time.monotonic() * 1000 + 300
    return p.Beat(on=True, rate=rate, next_ms=next_ms, count=count, of=of)


# Time since the pulse was last at its fullest, and the wall clock then, in milliseconds.
_PULSE = """() => {
  const pulse = document.getElementById('pulse-core').getAnimations()[0];
  const period = pulse.effect.getTiming().duration;
  return [pulse.currentTime % period, performance.timeOrigin + document.timeline.currentTime];
}"""


def pulse_late_ms(tab: Tab, beat: p.Beat) -> float:
    """How much later than the beat the pulse on a page is; negative: earlier."""
    since, wall = tab.page.evaluate(_PULSE)
    struck = wall - (time.time() - time.monotonic()) * 1000 - since
    period = 60_000 / beat.rate
    return float((struck - beat.next_ms + period / 2) % period - period / 2)
