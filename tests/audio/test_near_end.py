"""Somebody louder than our echo is certain; what is left of the echo never is."""

import numpy as np
import pytest

from voice.audio.interface import INPUT_BLOCK
from voice.audio.near_end import NearEnd
from voice.audio.resample import Samples


def noise(level: float, seed: int, blocks: int = 60) -> Samples:
    rng = np.random.default_rng(seed)
    return (level * rng.standard_normal((blocks, INPUT_BLOCK))).astype(np.float32)


def certain(echo: Samples, rest: Samples) -> list[bool]:
    near_end = NearEnd()
    return [near_end.certain(e + r, r) for e, r in zip(echo, rest, strict=True)]


@pytest.mark.parametrize("over_db", [10, 20])
def test_somebody_far_louder_than_the_echo_is_certain_within_50_ms(over_db: int) -> None:
    echo = noise(0.02, 1)
    rest = np.concatenate([noise(0.002, 2, 30), noise(0.02 * 10 ** (over_db / 20), 3, 30)])
    found = certain(echo, rest)
    assert not any(found[:30])
    assert all(found[35:])


@pytest.mark.parametrize("left_db", [-20, -6, 0, 3])
def test_what_is_left_of_the_echo_is_not_even_where_the_path_has_changed(left_db: int) -> None:
    assert not any(certain(noise(0.05, 1), noise(0.05 * 10 ** (left_db / 20), 2)))


def test_the_end_of_our_word_leaves_no_gap_for_its_own_late_echo() -> None:
    echo = np.concatenate([noise(0.05, 1, 30), noise(0.0, 1, 10)])
    rest = np.concatenate([noise(0.005, 2, 30), noise(0.05, 2, 10)])
    assert not any(certain(echo, rest))


def test_silence_is_nobody() -> None:
    assert not any(certain(noise(0.0, 1), noise(0.0, 2)))
