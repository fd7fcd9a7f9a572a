"""The real canceller in a simulated room: our voice goes, the rescuer's stays."""

from collections.abc import Iterator

import numpy as np
import pytest
import soundfile

from tests.support.recordings import person, phrase
from tests.support.sound_server import find
from voice.audio.echo import Canceller
from voice.audio.interface import INPUT_BLOCK
from voice.audio.room import Room

RATE = 48_000
BLOCK = RATE // 100


def blocks(sound: np.ndarray, size: int) -> Iterator[np.ndarray]:
    yield from np.split(sound[: len(sound) // size * size], len(sound) // size)


def played(seconds: float) -> np.ndarray:
    """A person's voice at the mixer's rate, standing in for ours, as long as is asked."""
    voice, rate = soundfile.read(person("jfk"), dtype="float32")
    return np.resize(np.repeat(voice, RATE // rate), round(seconds * RATE)).astype(np.float32)


def heard(sound: np.ndarray, near: np.ndarray, delay_ms: float) -> tuple[np.ndarray, np.ndarray]:
    """The microphone before and after the canceller, with the echo at -10 dB."""
    room, canceller = Room(RATE, -10.0, delay_ms), Canceller(RATE)
    before, after = [], []
    for far, close in zip(blocks(sound, BLOCK), blocks(near, INPUT_BLOCK), strict=True):
        canceller.played(far)
        before.append(room.hear(close, far))
        after.append(canceller.clean(before[-1]))
    return np.concatenate(before), np.concatenate(after)


def power(sound: np.ndarray) -> float:
    return float(np.mean(sound.astype(float) ** 2)) + 1e-9


@pytest.mark.parametrize("delay_ms", [20, 120, 250])
def test_our_own_voice_is_taken_out_whatever_the_delay(delay_ms: float) -> None:
    near = np.zeros(16_000 * 12, np.int16)
    before, after = heard(played(12), near, delay_ms)
    settled = slice(16_000 * 5, None)
    assert 10 * np.log10(power(before[settled]) / power(after[settled])) > 15


def test_the_rescuers_voice_is_still_there() -> None:
    said, _ = soundfile.read(phrase("not_breathing"), dtype="int16")
    near = np.zeros(16_000 * 12, np.int16)
    start = 16_000 * 8
    near[start : start + len(said)] = said
    _, after = heard(played(12), near, 120)
    _, correlation = find(after[start - 1600 :], said)
    assert correlation > 0.5


def test_without_sound_from_us_the_microphone_is_as_it_was() -> None:
    said, _ = soundfile.read(phrase("not_breathing"), dtype="int16")
    said = said[: len(said) // INPUT_BLOCK * INPUT_BLOCK]
    silence = np.zeros(len(said) * 3, np.float32)
    _, after = heard(silence, said, 120)
    assert 0.5 < power(after) / power(said) < 1.5
