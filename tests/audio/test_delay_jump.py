"""Jumps of an echo's delay, told by nothing but the sounds."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.recordings import person
from voice.audio.delay_jump import DelayJump
from voice.audio.interface import INPUT_BLOCK

SECONDS = 4


def voice(seed: int = 0) -> np.ndarray:
    """Speech from a person's recording, full scale ±1."""
    import soundfile

    sound, _ = soundfile.read(person("jfk"), dtype="float32")
    return np.roll(sound, -seed * 16_000)[: SECONDS * 16_000]


def found(near: np.ndarray, echo: np.ndarray) -> list[int]:
    """All jumps that are told of."""
    jump = DelayJump()
    steps = range(0, len(near) - INPUT_BLOCK + 1, INPUT_BLOCK)
    told = (jump.follow(near[n : n + INPUT_BLOCK], echo[n : n + INPUT_BLOCK]) for n in steps)
    return [later for later in told if later]


@pytest.mark.parametrize("later", [-400, -60, 16, 240, 600])
def test_a_jump_is_told_to_the_sample(later: int) -> None:
    echo = voice()
    noise = np.random.default_rng(1).normal(0, 0.01, len(echo)).astype("f4")
    assert found(np.roll(echo, later) + noise, echo)[0] == later


@given(seed=st.integers(0, 6), other=st.integers(0, 6), level=st.floats(0.1, 3.0))
@settings(max_examples=15, deadline=None)
def test_somebody_else_is_no_jump(seed: int, other: int, level: float) -> None:
    echo, near = voice(seed), voice(other)[::-1]
    assert found(echo + np.float32(level) * near, echo) == []


def test_what_comes_when_it_is_expected_is_no_jump() -> None:
    assert found(0.3 * voice(), voice()) == []


def test_silence_is_no_jump() -> None:
    silence = np.zeros(16_000, np.float32)
    assert found(silence, silence) == found(voice()[:16_000], silence) == []
