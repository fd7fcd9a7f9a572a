"""The simulated room does what its page says, to the sample where that is promised."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.audio import room
from voice.audio.room import Room
from voice.errors import UserError

RATE = 48_000
SILENCE = np.zeros(160, np.int16)


def echo_of(sound: np.ndarray, here: Room, blocks: int = 0) -> np.ndarray:
    """What the microphone hears of a sound at RATE, full scale ±1, for so many blocks."""
    blocks = blocks or len(sound) // 480
    sound = np.pad(sound, (0, max(0, blocks * 480 - len(sound)))).astype(np.float32)
    return np.concatenate(
        [here.hear(SILENCE, sound[k * 480 : k * 480 + 480]) / 32768 for k in range(blocks)]
    )


def hiss(seconds: float, level: float = 0.1) -> np.ndarray:
    """Noise with roughly the long-term spectrum of speech."""
    noise = np.random.default_rng(4).normal(0, 1, round(seconds * RATE))
    spectrum = np.fft.rfft(noise)
    hertz = np.fft.rfftfreq(len(noise), 1 / RATE)
    spectrum[hertz < 80] = 0
    spectrum /= np.maximum(1.0, hertz / 500) ** 1.5
    shaped = np.fft.irfft(spectrum, len(noise))
    return shaped * level / np.sqrt((shaped**2).mean())


def decibels(echo: np.ndarray, sound: np.ndarray) -> float:
    return float(10 * np.log10((echo**2).mean() / (sound**2).mean()))


def arrival(echo: np.ndarray, sound: np.ndarray) -> float:
    """How much later than the sound its echo comes, in samples at 16 kHz."""
    sound = sound[:: RATE // 16_000]
    size = 4 * len(echo)
    cross = np.fft.rfft(echo, size) * np.fft.rfft(sound, size).conj()
    return int(np.fft.irfft(cross, 16 * size)[: 16 * len(echo)].argmax()) / 16


@pytest.mark.parametrize("echo_db", [-30.0, -10.0, 0.0])
def test_the_whole_echo_has_the_level_that_was_asked_for(echo_db):
    sound = hiss(5)
    assert decibels(echo_of(sound, Room(RATE, echo_db, 60)), sound) == pytest.approx(
        echo_db, abs=0.5
    )


@pytest.mark.parametrize("delay_ms", [2.0, 60.0, 333.0, 2000.0])
def test_the_direct_sound_comes_after_the_delay_and_nothing_before(delay_ms):
    click = np.zeros(480)
    click[0] = 0.5
    echo = echo_of(click, Room(RATE, 0, delay_ms), blocks=280)
    at = int(np.abs(echo).argmax())
    assert at == round(delay_ms * 16 * (1 + 50e-6))
    assert np.abs(echo[: at - 16]).max(initial=0) < 1e-3
    assert np.abs(echo[at + 4200 :]).max() < 1e-4  # the walls have had their say


def test_the_response_decays_by_sixty_decibels_in_a_quarter_of_a_second():
    taps = room.response()
    assert len(taps) == 4000
    energy = np.cumsum(taps[::-1] ** 2)[::-1]
    assert 10 * np.log10(energy[2000] / energy[40]) == pytest.approx(-30, abs=3)


def test_the_clocks_drift_there_and_back_and_the_delay_jumps_once():
    here = Room(RATE, 0, 50, jump_at_s=90)
    burst = hiss(0.5)
    found = {}
    for second in range(0, 91, 30):
        found[second] = arrival(echo_of(burst, here, blocks=80), burst) / 16
        here.hear(SILENCE, np.zeros(480, np.float32))
        for _ in range(3000 - 81):
            here.hear(SILENCE, np.zeros(480, np.float32))
    assert found[30] - found[0] == pytest.approx(1.5, abs=0.05)  # milliseconds, at 50 ppm
    assert found[60] - found[0] == pytest.approx(3.0, abs=0.05)
    assert found[90] - found[0] == pytest.approx(1.5 + 15, abs=0.05)


def test_a_small_loudspeaker_clips_softly():
    t = np.arange(RATE) / RATE
    quiet, loud = 0.01 * np.sin(2000 * np.pi * t), np.sin(2000 * np.pi * t)
    gains = [decibels(echo_of(s, Room(RATE, -20, 60))[4800:], s) for s in (quiet, loud)]
    assert gains[0] - gains[1] == pytest.approx(1.2, abs=0.3)
    spectrum = np.abs(np.fft.rfft(echo_of(loud, Room(RATE, -20, 60))[-8000:] * np.hanning(8000)))
    assert spectrum[1490:1510].max() > 0.01 * spectrum[490:510].max()  # the third harmonic


def test_somebody_near_is_heard_as_they_are():
    near = np.random.default_rng(2).integers(-3000, 3000, 160).astype(np.int16)
    assert np.array_equal(Room(RATE, 0, 60).hear(near, np.zeros(480, np.float32)), near)


def test_memory_does_not_grow():
    here = Room(RATE, -10, 60, jump_at_s=1)
    sizes = set()
    for k in range(1200):
        here.hear(SILENCE, np.full(480, 0.01, np.float32))
        if k > 50:
            sizes.add(len(here._air._samples))
    assert max(sizes) < 16_000 // 4


@settings(max_examples=10, deadline=None)
@given(st.floats(2, 300), st.integers(0, 2**32 - 1))
def test_two_rooms_are_the_same_room(delay_ms, seed):
    sound = np.random.default_rng(seed).normal(0, 0.1, 4800)
    first, second = (echo_of(sound, Room(RATE, -10, delay_ms)) for _ in range(2))
    assert np.array_equal(first, second)


@pytest.mark.parametrize(("echo_db", "delay_ms"), [(0.0, -5.0), (0.0, 9000.0), (99.0, 50.0)])
def test_an_impossible_room_is_refused(echo_db, delay_ms):
    with pytest.raises(UserError, match="--echo"):
        Room(RATE, echo_db, delay_ms)
