"""Between loop and page: the clock of what is heard, and which touches still count."""

import random

from voice.dialogue.runner import Place, Run
from voice.dialogue.state import Confirm, State
from voice.events import DeviceEvent
from voice.kiosk.feed import Feed, SoundClock
from voice.timers import Timers


def test_a_busy_machine_does_not_shake_the_clock() -> None:
    """Reports come up to 80 ms late; the beat on the page may be 50 ms off."""
    chance, now = random.Random(5), [100.0]
    clock = SoundClock(lambda: now[0])
    errors = []
    for block in range(3000):
        t = block * 0.010
        now[0] = 100.0 + t + (chance.random() * 0.08 if chance.random() < 0.5 else 0.001)
        clock.note(t)
        errors.append(abs(clock.axis(100.0 + t) - t))
    assert max(errors[100:]) < 0.025


def test_the_clock_follows_a_device_that_came_back_later() -> None:
    now = [100.0]
    clock = SoundClock(lambda: now[0])
    for block in range(1000):
        now[0] = 100.0 + block * 0.010 + (0.2 if block >= 500 else 0.0)
        clock.note(block * 0.010)
    assert abs(clock.axis(now[0]) - 9.99) < 0.005


def test_a_touch_counts_as_long_as_its_question_stands() -> None:
    feed = Feed(SoundClock())

    def become(state: State) -> int:
        feed.state(state, Timers(), 1.0)
        return feed.seq

    first = become(State(run=Run(Place("a", "one"))))
    assert feed.shows(first)
    feed.event(DeviceEvent(t=1.0, name="microphone", state="lost"))
    assert feed.shows(first), "something else changed"
    second = become(State(run=Run(Place("a", "two"))))
    assert not feed.shows(first)
    assert feed.shows(second)
    asked = become(State(run=Run(Place("a", "two")), confirm=Confirm("stop-beat")))
    assert not feed.shows(second), "yes would mean something else now"
    feed.forgotten()
    assert not feed.shows(asked)
