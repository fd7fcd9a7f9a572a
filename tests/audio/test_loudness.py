"""Louder in noise, as loud as usual in a quiet room, and no pumping in between."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import sounds
from voice.audio.interface import INPUT_BLOCK
from voice.audio.loudness import QUIET_DB, STEP_DB, RoomGain

RNG = np.random.default_rng(3)


def noise(db: float, seconds: float) -> np.ndarray:
    """Noise of an effective level in dB of full scale, in blocks."""
    count = round(seconds * 100)
    samples = RNG.normal(0, 32768 * 10 ** (db / 20), (count, INPUT_BLOCK))
    return np.clip(np.rint(samples), -32768, 32767).astype(np.int16)


def hear(room: RoomGain, blocks: np.ndarray, quiet: bool = True) -> int:
    """How often the gain changed."""
    return sum(room.hear(block, quiet) for block in blocks)


def test_a_quiet_room_changes_nothing() -> None:
    room = RoomGain(9.0)
    assert hear(room, noise(QUIET_DB - 5, 30)) == 0
    assert room.db == 0.0


def test_noise_makes_it_louder_up_to_the_limit_and_its_end_makes_it_usual_again() -> None:
    room = RoomGain(9.0)
    hear(room, noise(QUIET_DB + 10, 6))
    assert room.db == pytest.approx(6.0, abs=1.0)
    hear(room, noise(QUIET_DB + 40, 6))
    assert room.db == 9.0
    hear(room, noise(QUIET_DB - 10, 6))
    assert room.db == 0.0


def test_speech_and_our_own_sound_are_not_noise() -> None:
    room = RoomGain(9.0)
    hear(room, noise(QUIET_DB - 5, 5))
    assert hear(room, noise(-20, 20), quiet=False) == 0
    # The end of a sentence dies away in the room after it is over.
    assert hear(room, noise(-20, 0.45)) == 0
    hear(room, noise(QUIET_DB - 5, 5))
    assert room.db == 0.0


def test_the_beat_may_go_on_meanwhile() -> None:
    room = RoomGain(9.0)
    blocks = noise(QUIET_DB - 5, 12)
    for beat in range(0, len(blocks) - 10, 55):  # a click and what the room makes of it
        blocks[beat : beat + 8] = noise(-25, 0.08)
    hear(room, blocks)
    assert room.db == 0.0


def test_single_words_in_the_background_are_passed_over() -> None:
    room = RoomGain(9.0)
    word = sounds.clip(sounds.names("speech")[0])[:16_000].reshape(-1, INPUT_BLOCK)
    for _ in range(5):
        hear(room, word)
        hear(room, noise(QUIET_DB - 5, 1.5))
    assert room.db == 0.0


def test_zero_switches_it_off() -> None:
    room = RoomGain(0.0)
    assert hear(room, noise(-20, 10)) == 0


@given(st.lists(st.floats(-70, -25), min_size=1, max_size=6), st.floats(1, 18))
def test_the_gain_is_bounded_and_moves_in_steps(levels: list[float], most_db: float) -> None:
    room = RoomGain(most_db)
    for level in levels:
        block = noise(level, 0.01)[0]
        for _ in range(500):
            before = room.db
            changed = room.hear(block, True)
            assert 0.0 <= room.db <= most_db
            assert changed == (room.db != before)
            if changed and room.db not in (0.0, most_db):
                assert abs(room.db - before) >= STEP_DB
