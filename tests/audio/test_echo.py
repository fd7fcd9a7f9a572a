"""The real cancellers in a simulated room: our voice goes, the rescuer's stays."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pytest
import soundfile

from tests.support.recordings import person, phrase
from tests.support.sound_server import find
from voice.audio.echo import Canceller
from voice.audio.interface import INPUT_BLOCK
from voice.audio.room import Room
from voice.listening.vad import Frame, VoiceActivity

RATE = 48_000
BLOCK = RATE // 100
KNOWN = 300
"""Blocks of our voice after which its way to the microphone counts as known."""


@dataclass
class Heard:
    """What came of a scene: the microphone, both views of it, and the voice activity's verdict."""

    microphone: np.ndarray
    careful: np.ndarray
    strict: np.ndarray
    frames: list[Frame]

    def voiced(self, start_s: float, end_s: float) -> list[float]:
        """When somebody was heard between two moments."""
        times = [(frame.sample + 512) / 16_000 for frame in self.frames if frame.voiced]
        return [t for t in times if start_s <= t < end_s]

    def gone(self, view: np.ndarray, seconds: slice) -> float:
        """By how many dB a view is below the microphone."""
        span = slice(seconds.start * 16_000, seconds.stop * 16_000)
        return float(10 * np.log10(power(self.microphone[span]) / power(view[span])))


def blocks(sound: np.ndarray, size: int) -> Iterator[np.ndarray]:
    yield from np.split(sound[: len(sound) // size * size], len(sound) // size)


def played(seconds: float) -> np.ndarray:
    """A person's voice at the mixer's rate and our level, as long as is asked."""
    voice, rate = soundfile.read(person("jfk"), dtype="float32")
    return np.resize(0.4 * np.repeat(voice, RATE // rate), round(seconds * RATE)).astype("f4")


def quiet(seconds: float) -> np.ndarray:
    """A room in which nobody is."""
    noise = np.random.default_rng(3).normal(0, 8, round(seconds * 16_000))
    return np.rint(noise).astype(np.int16)


def hear(sound: np.ndarray, near: np.ndarray, room: Room) -> Heard:
    canceller, activity = Canceller(RATE), VoiceActivity(0.5)
    views: list[tuple[np.ndarray, ...]] = []
    frames: list[Frame] = []
    pairs = zip(blocks(sound, BLOCK), blocks(near, INPUT_BLOCK), strict=True)
    for k, (far, close) in enumerate(pairs):
        canceller.far.played(far)
        canceller.far.consumed(k + 1, (k + 1) * 0.01)
        microphone = room.hear(close, far)
        careful, strict = canceller.clean(k * INPUT_BLOCK, microphone)
        views.append((microphone, careful, strict))
        frames += activity.push(careful, strict, echo_known=k >= KNOWN)
    return Heard(*(np.concatenate(view) for view in zip(*views, strict=True)), frames)


def power(sound: np.ndarray) -> float:
    return float(np.mean(sound.astype(float) ** 2)) + 1e-9


def stop() -> np.ndarray:
    said, _ = soundfile.read(phrase("stop"), dtype="int16")
    return said[np.flatnonzero(np.abs(said) > 500)[0] :]


@pytest.mark.parametrize("delay_ms", [20, 250])
def test_our_own_voice_is_taken_out_whatever_the_delay(delay_ms: float) -> None:
    heard = hear(played(10), quiet(10), Room(RATE, -10, delay_ms))
    assert heard.gone(heard.careful, slice(6, 10)) > 16
    assert heard.gone(heard.strict, slice(3, 10)) > 20
    assert heard.voiced(0, 10) == []


def test_the_path_is_still_known_after_a_pause_in_which_the_clocks_drifted() -> None:
    sound = played(28)
    sound[15 * RATE : 26 * RATE] = 0
    heard = hear(sound, quiet(28), Room(RATE, -10, 60))
    assert heard.gone(heard.careful, slice(26, 27)) > 12


@pytest.mark.parametrize("echo_db", [-10, 0])
@pytest.mark.parametrize("at", [5.0, 8.3, 10.0])
def test_nobody_is_heard_in_our_own_voice_even_where_the_delay_jumps(at: float, echo_db: float):
    heard = hear(played(13), quiet(13), Room(RATE, echo_db, 60, jump_at_s=at))
    assert len(heard.voiced(0, 13)) <= 3  # 0.1 s, too little for a turn
    assert heard.gone(heard.careful, slice(11, 13)) > 16


def test_a_jump_of_the_delay_is_made_up_for_within_a_quarter_of_a_second() -> None:
    heard = hear(played(13), quiet(13), Room(RATE, -10, 60, jump_at_s=11.75))
    assert heard.gone(heard.careful, slice(12, 13)) > 16


def test_stop_is_heard_at_once_in_our_own_voice_also_where_the_delay_jumps() -> None:
    said, near, at = stop(), quiet(15), (8.4, 12.3)
    for begin in at:
        start = round(begin * 16_000)
        near[start : start + len(said)] += said
    heard = hear(played(15), near, Room(RATE, -10, 60, jump_at_s=12))
    for begin in at:
        assert 0 < heard.voiced(begin, begin + 1)[0] - begin < 0.3


def test_stop_is_heard_in_the_first_seconds_of_our_voice_too() -> None:
    said, near = stop(), quiet(5)
    for begin in (1.0, 2.5):
        start = round(begin * 16_000)
        near[start : start + len(said)] += said
    heard = hear(played(5), near, Room(RATE, -10, 60))
    for begin in (1.0, 2.5):
        assert 0 < heard.voiced(begin, begin + 1)[0] - begin < 0.3
    assert heard.voiced(0, 1.0) == []


def test_the_rescuers_voice_is_as_it_was() -> None:
    said, _ = soundfile.read(phrase("not_breathing"), dtype="int16")
    near, start = np.zeros(16_000 * 12, np.int16), 16_000 * 8
    near[start : start + len(said)] = said
    room = Room(RATE, -10, 120)
    over_us = hear(played(12), near, room).careful
    alone = hear(np.zeros(4 * RATE, np.float32), near[start - 16_000 :][: 4 * 16_000], room).careful
    _, correlation = find(over_us[start - 1600 :], alone[16_000 : 16_000 + len(said)])
    assert correlation > 0.95


def test_without_sound_from_us_the_microphone_is_as_it_was() -> None:
    said, _ = soundfile.read(phrase("not_breathing"), dtype="int16")
    said = said[: len(said) // INPUT_BLOCK * INPUT_BLOCK]
    heard = hear(np.zeros(len(said) * 3, np.float32), said, Room(RATE, -10, 120))
    for view in (heard.careful, heard.strict):
        assert 0.5 < power(view) / power(said) < 1.5
