"""Which played sample goes with which recorded one, whatever the devices do."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.audio.far_end import FarEnd

BLOCK = 160


def ramp(index: int) -> np.ndarray:
    """The block of this index from a signal that tells each sample's place."""
    return np.arange(index * BLOCK, (index + 1) * BLOCK, dtype=np.float32)


class Devices:
    """A speaker 50 ms ahead of what is heard, and a microphone; time in blocks."""

    def __init__(self, lead_s: float = 0.0) -> None:
        self.far = FarEnd(16_000, lead_s)
        self.rendered = 0

    def play(self, heard_by_now: float, t: float) -> None:
        """Render ahead and report how much was heard by time t (s)."""
        while self.rendered < heard_by_now + 5:
            self.far.played(ramp(self.rendered))
            self.rendered += 1
        self.far.consumed(int(heard_by_now), t - (heard_by_now % 1) * 0.01)


def test_what_is_played_and_heard_at_once_is_paired():
    devices = Devices()
    for k in range(100):
        devices.play(k + 1, (k + 1) * 0.01)
        assert np.array_equal(devices.far.at(k * BLOCK), ramp(k))


def test_a_lead_reads_ahead():
    devices = Devices(lead_s=0.02)
    for k in range(20):
        devices.play(k + 1, (k + 1) * 0.01)
    assert np.array_equal(devices.far.at(10 * BLOCK), ramp(12))


def test_before_anything_was_played_there_is_silence():
    far = FarEnd(48_000, 0.0)
    assert not far.at(0).any()
    far.consumed(1, 0.01)
    assert not far.before(0).any()  # the report came while the first block was looked at
    assert not far.at(BLOCK).any()


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(-100e-6, 100e-6),
    st.floats(0.0, 0.004),
)
def test_drift_and_jitter_are_followed_within_two_milliseconds(seed, drift, jitter):
    rng = np.random.default_rng(seed)
    devices = Devices()
    for k in range(3000):
        played = (k + 1) * (1 + drift)
        devices.play(played, (k + 1) * 0.01 + float(rng.uniform(-jitter, jitter)))
        first = float(devices.far.at(k * BLOCK)[0])
        if k > 300:
            assert abs(first - k * BLOCK * (1 + drift)) <= 32 + jitter * 16_000


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 400), st.integers(0, 400))
def test_a_stalled_speaker_shifts_the_pairing_only_while_it_stalls(stalled, lost):
    """The speaker plays nothing for a while, then the microphone loses some blocks."""
    devices = Devices()
    axis = 0
    for k in range(200):
        devices.play(k + 1, (axis + 1) * 0.01)
        devices.far.at(axis * BLOCK)
        axis += 1
    axis += stalled + lost
    for k in range(200, 260):
        devices.play(k + 1, (axis + 1) * 0.01)
        found = devices.far.at(axis * BLOCK)
        axis += 1
    assert np.array_equal(found, ramp(259))


def test_one_wrong_report_changes_nothing():
    devices = Devices()
    for k in range(50):
        devices.play(k + 1, (k + 1) * 0.01)
        devices.far.at(k * BLOCK)
    devices.far.consumed(51, 1.3)
    assert np.array_equal(devices.far.at(50 * BLOCK), ramp(50))
