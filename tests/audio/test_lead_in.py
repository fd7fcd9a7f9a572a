"""A wireless speaker that fell asleep loses the noise before a sentence, not its first word."""

import numpy as np
import pytest

from voice.audio.interface import SoundEvent, SoundStarted
from voice.audio.mixer import Mixer

RATE = 16_000


class Player:
    def __init__(self, lead_in_s: float) -> None:
        self.events: list[SoundEvent] = []
        self.mixer = Mixer(RATE, self.events.append, lead_in_s=lead_in_s)
        self.blocks: list[np.ndarray] = []
        self.number = 0

    def play(self, seconds: float) -> None:
        for _ in range(round(seconds * 100)):
            self.blocks.append(self.mixer.render().copy())
            self.mixer.consumed(len(self.blocks), len(self.blocks) * 0.01)

    def say(self, seconds: float = 0.2) -> None:
        self.number += 1
        self.mixer.begin_voice(self.number)
        self.mixer.feed_voice(self.number, np.full(round(seconds * RATE), 9000, np.int16), RATE)
        self.mixer.end_voice(self.number)

    def starts(self) -> list[float]:
        return [event.t for event in self.events if isinstance(event, SoundStarted)]

    def peak(self, start: float, end: float) -> float:
        sound = np.concatenate(self.blocks)[round(start * RATE) : round(end * RATE)]
        return float(np.abs(sound).max())


def test_after_a_pause_faint_noise_comes_first() -> None:
    player = Player(0.3)
    player.play(2.0)
    player.say()
    player.play(1.0)
    assert player.starts() == [pytest.approx(2.3)]
    assert 0 < player.peak(2.0, 2.3) < 0.001
    assert player.peak(2.3, 2.5) > 0.2


def test_what_follows_soon_follows_at_once() -> None:
    player = Player(0.3)
    player.play(2.0)
    player.say()
    player.play(0.8)
    player.say()
    player.play(0.5)
    player.mixer.beat(True, 120)
    player.play(2.0)
    player.say()
    player.play(0.5)
    voice = [e.t for e in player.events if isinstance(e, SoundStarted) and e.source == "voice"]
    assert voice == [pytest.approx(2.3), pytest.approx(2.8), pytest.approx(5.3)]


def test_words_that_are_taken_back_leave_no_debt() -> None:
    player = Player(0.3)
    player.play(2.0)
    player.say()
    player.play(0.1)
    player.mixer.stop_voice()
    player.play(2.0)
    player.say()
    player.play(1.0)
    assert player.starts() == [pytest.approx(4.4)]


def test_without_it_nothing_is_added() -> None:
    player = Player(0.0)
    player.play(2.0)
    player.say()
    player.play(0.5)
    assert player.starts() == [pytest.approx(2.0)]
