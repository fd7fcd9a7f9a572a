"""Is it a room that the microphone hears, or the speaker's own signal, or nothing at all?"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support import sounds
from voice.audio.ear import EarState, Overhearing, Sound, sound
from voice.audio.interface import INPUT_BLOCK, INPUT_RATE
from voice.audio.metronome import click
from voice.audio.resample import to_int16

RNG = np.random.default_rng(7)


def speech() -> np.ndarray:
    """Two seconds with pauses of digital silence, as the mixer renders them."""
    said = sounds.clip(sounds.names("speech")[0])[: INPUT_RATE // 2]
    rest = sounds.silence(0.25)
    return np.tile(np.concatenate([said, rest]), 3)[: 2 * INPUT_RATE] / np.float32(32768)


def beat() -> np.ndarray:
    far = np.zeros(2 * INPUT_RATE, np.float32)
    for at in range(0, len(far) - INPUT_RATE // 2, INPUT_RATE // 2):
        far[at : at + len(click(INPUT_RATE))] = click(INPUT_RATE)
    return far


def late(far: np.ndarray, seconds: float = 0.3) -> np.ndarray:
    """The second that a monitor gives when it lags by so much."""
    end = len(far) - round(seconds * INPUT_RATE)
    return to_int16(far[end - INPUT_RATE : end])


def in_a_room(far: np.ndarray, noise: float) -> np.ndarray:
    """The same through a loudspeaker and a small room."""
    decay = np.exp(-np.arange(4000) / 800) * RNG.normal(0, 1, 4000)
    decay[0] = 3.0
    heard = np.convolve(far, decay / np.linalg.norm(decay))[: len(far)] * 0.3
    return late((heard + RNG.normal(0, noise, len(far))).astype(np.float32))


@pytest.mark.parametrize("far", [speech(), beat()], ids=["speech", "beat"])
def test_the_speakers_own_signal_is_told_from_its_echo(far: np.ndarray) -> None:
    assert sound(late(far), far) == "speaker"
    assert sound(late(far * 0.2), far) == "speaker"
    assert sound(in_a_room(far, noise=1e-4), far) == "room"
    # A microphone that gates its noise out is still no monitor.
    assert sound(in_a_room(far, noise=0.0), far) == "room"


def test_a_torn_copy_is_not_believed_to_be_a_room() -> None:
    far = speech()
    near = late(far)
    near[: INPUT_RATE * 3 // 4 : 2] = 0
    assert sound(near, far) == "unclear"


def test_an_exact_copy_with_noise_in_its_gaps_is_not_judged() -> None:
    far = speech()
    hiss = RNG.normal(0, 2e-4, len(far)).astype(np.float32)
    assert sound(late(far + hiss), far) == "unclear"


def test_somebody_who_speaks_over_the_speaker_is_heard() -> None:
    far = speech()
    person = sounds.clip(sounds.names("speech")[1])[:INPUT_RATE] // 2
    assert sound(late(far) // 2 + person, far) == "room"


def test_a_flat_line_is_flat_whatever_is_played() -> None:
    assert sound(sounds.silence(1.0), speech()) == "flat"
    assert sound(RNG.integers(-2, 3, INPUT_RATE).astype(np.int16), speech()) == "flat"
    assert sound(RNG.integers(-9, 9, INPUT_RATE).astype(np.int16), speech()) == "room"


def test_both_directions_are_gathered_a_second_at_a_time() -> None:
    far = speech()
    near = late(far)
    overhearing = Overhearing(INPUT_RATE)
    for block in far.reshape(-1, INPUT_BLOCK):
        overhearing.played(block)
    assert overhearing.look() is None
    for block in near.reshape(-1, INPUT_BLOCK):
        overhearing.heard(block)
    assert overhearing.look() == "speaker"
    assert overhearing.look() is None


def after(heard: list[Sound], patience_s: float = 3.0) -> list[str]:
    state = EarState(patience_s)
    return [state.note(one) for one in heard]


def test_one_second_proves_nothing_and_two_do() -> None:
    assert after(["speaker", "room", "speaker", "unclear", "speaker"])[-2:] == ["hears", "deaf"]
    heard: list[Sound] = ["speaker", "speaker", "flat", "room", "flat", "room", "room"]
    assert after(heard)[1:] == [*["deaf"] * 5, "hears"]


def test_digital_silence_is_remarked_on_after_a_while_and_later_each_time() -> None:
    quiet: list[Sound] = ["flat"] * 3
    assert after(quiet) == ["hears", "hears", "silent"]
    assert after([*quiet, "room", *quiet])[-1] == "hears"
    assert after([*quiet, "room", *quiet, *quiet])[-1] == "silent"
    assert after([*quiet, "speaker", "speaker"])[-1] == "deaf"
    assert set(after(["flat"] * 99, patience_s=0)) == {"hears"}


@given(st.lists(st.sampled_from(["room", "flat", "speaker", "unclear"]), max_size=60))
def test_whatever_comes_two_seconds_of_room_end_it_and_only_proof_begins_it(
    heard: list[Sound],
) -> None:
    state = EarState(3.0)
    for at, one in enumerate(heard):
        before, now = state.now, state.note(one)
        if heard[max(0, at - 1) : at + 1] == ["room", "room"]:
            assert now == "hears"
        elif one == "room":
            assert now == ("deaf" if before == "deaf" else "hears")
        elif now == "deaf" and before != "deaf":
            assert heard[: at + 1].count("speaker") >= 2
        elif before == "deaf":
            assert now == "deaf"
