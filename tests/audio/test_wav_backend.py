"""Files in place of devices: one axis, honest pace, a tail, and a room that echoes."""

import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from voice.audio.files import WavReader, WavWriter
from voice.audio.mixer import Mixer
from voice.audio.resample import Decimator, live
from voice.audio.room import Room
from voice.audio.wav_backend import WavBackend
from voice.errors import UserError

pytestmark = pytest.mark.alone


class Loop:
    """The smallest loop: notes what it hears and answers the back end's questions."""

    def __init__(self) -> None:
        self.mixer = Mixer(48_000, self.on_event)
        self.heard: list[tuple[int, np.ndarray]] = []
        self.events: list = []
        self.states: list = []
        self.busy_until = 0.0
        self.at: dict[int, object] = {}

    def on_event(self, event) -> None:
        self.events.append(event)

    def on_mic(self, index: int, block: np.ndarray) -> None:
        self.heard.append((index, block.copy()))
        if action := self.at.get(index):
            action()

    def on_state(self, *state) -> None:
        self.states.append(state)

    def engine_busy(self) -> bool:
        return time.monotonic() < self.busy_until

    def settle(self) -> None:
        pass

    def quiet(self) -> bool:
        return self.mixer.idle and not self.engine_busy()

    def say(self, seconds: float) -> None:
        self.mixer.begin_voice(1)
        self.mixer.feed_voice(1, np.full(round(48_000 * seconds), 8192, np.int16), 48_000)
        self.mixer.end_voice(1)


def run(loop: Loop, folder: Path, sound: np.ndarray, **options) -> np.ndarray:
    """Run a file through the loop and give the output."""
    source, sink = folder / "in.wav", folder / "out.wav"
    soundfile.write(source, sound, 16_000)
    reader, writer = WavReader(source), WavWriter(sink, 48_000)
    backend = WavBackend(reader, writer, loop, output_rate=48_000, **{"pace": "fast", **options})
    backend.start(loop.on_mic, loop.mixer, loop.on_state)
    try:
        assert backend.wait(20)
    finally:
        backend.close()
    played, _ = soundfile.read(sink, dtype="float32")
    assert len(played) == 3 * 160 * len(loop.heard)
    assert [index for index, _ in loop.heard] == [160 * k for k in range(len(loop.heard))]
    return played


def test_a_reaction_to_a_block_begins_at_that_blocks_end(tmp_path):
    loop = Loop()
    loop.at[16_000] = lambda: loop.say(0.5)
    played = run(loop, tmp_path, np.zeros(32_000))
    assert np.flatnonzero(played)[0] == 48_000 + 480
    assert [event.t for event in loop.events] == pytest.approx([1.01, 1.51], abs=0.001)
    assert [state[:2] for state in loop.states] == [("microphone", "open"), ("speaker", "open")]


def test_the_output_goes_on_until_the_assistant_has_finished(tmp_path):
    loop = Loop()
    loop.at[160 * 99] = lambda: loop.say(3.0)
    played = run(loop, tmp_path, np.zeros(16_000))
    assert 4.0 <= len(played) / 48_000 <= 4.05
    assert np.flatnonzero(played)[-1] == 4 * 48_000 - 1


def test_a_running_beat_uses_up_the_tail(tmp_path):
    loop = Loop()
    loop.mixer.beat(True, 120)
    played = run(loop, tmp_path, np.zeros(16_000), tail_s=2.5)
    assert len(played) == 3.5 * 48_000


def test_a_tail_of_zero_ends_with_the_input(tmp_path):
    played = run(Loop(), tmp_path, np.zeros(16_100), tail_s=0)
    assert len(played) == 3 * 16_160


def test_fast_audio_waits_for_a_busy_engine(tmp_path):
    """While the engine works, no more audio passes than time."""
    loop = Loop()
    begun: list[float] = []
    passed: list[float] = []

    def ask() -> None:
        loop.busy_until = time.monotonic() + 0.4
        begun.append(time.monotonic())

    def check() -> None:
        passed.append(time.monotonic() - begun[0])

    loop.at[16_000] = ask
    for block in range(1, 30):
        loop.at[16_000 + 160 * block] = check
    run(loop, tmp_path, np.zeros(16_000 * 60))
    assert all(wall >= 0.01 * (k + 1) - 0.002 for k, wall in enumerate(passed))


def test_fast_audio_asks_the_loop_to_digest_every_block(tmp_path):
    loop = Loop()
    blocks_at_settle: list[int] = []
    loop.settle = lambda: blocks_at_settle.append(len(loop.heard))  # type: ignore[method-assign]
    run(loop, tmp_path, np.zeros(1600))
    assert set(range(10)) <= set(blocks_at_settle)


def test_real_time_never_delivers_a_block_before_its_last_sample(tmp_path):
    loop = Loop()
    times: list[float] = []
    start = time.monotonic()
    for k in range(30):
        loop.at[160 * k] = lambda: times.append(time.monotonic() - start)
    run(loop, tmp_path, np.zeros(4800), pace="realtime", tail_s=0)
    assert len(times) == 30
    assert all(wall >= 0.01 * (k + 1) for k, wall in enumerate(times))


def test_close_in_the_middle_completes_what_was_played(tmp_path):
    loop = Loop()
    soundfile.write(tmp_path / "in.wav", np.zeros(160_000), 16_000)
    backend = WavBackend(
        WavReader(tmp_path / "in.wav"),
        WavWriter(tmp_path / "out.wav", 48_000),
        loop,
        output_rate=48_000,
    )
    backend.start(loop.on_mic, loop.mixer, loop.on_state)
    assert not backend.wait(0.1)
    backend.close()
    assert soundfile.info(tmp_path / "out.wav").frames == 480 * len(loop.heard)


def test_close_without_a_start_leaves_no_output(tmp_path):
    soundfile.write(tmp_path / "in.wav", np.zeros(160), 16_000)
    reader, writer = WavReader(tmp_path / "in.wav"), WavWriter(tmp_path / "out.wav", 48_000)
    WavBackend(reader, writer, Loop(), output_rate=48_000).close()
    assert [file.name for file in tmp_path.iterdir()] == ["in.wav"]


def test_the_input_is_not_taken_for_the_output(tmp_path):
    file = tmp_path / "in.wav"
    soundfile.write(file, np.full(160, 0.5), 16_000)
    before = file.read_bytes()
    with pytest.raises(UserError, match="is the input"):
        WavBackend(WavReader(file), WavWriter(file, 48_000), Loop(), output_rate=48_000)
    assert file.read_bytes() == before
    assert [left.name for left in tmp_path.iterdir()] == ["in.wav"]


@pytest.mark.parametrize("tail_s", [-1.0, float("nan"), float("inf")])
def test_an_impossible_tail_is_refused(tmp_path, tail_s):
    with pytest.raises(UserError, match="--tail"):
        run(Loop(), tmp_path, np.zeros(160), tail_s=tail_s)


def test_a_failing_loop_is_reported_to_whoever_waits(tmp_path):
    loop = Loop()
    loop.at[0] = lambda: 1 // 0
    with pytest.raises(ZeroDivisionError):
        run(loop, tmp_path, np.zeros(16_000))
    assert not (tmp_path / "out.wav").exists()


def test_the_input_does_not_hear_the_output_without_a_room(tmp_path):
    loop = Loop()
    loop.say(1.0)
    run(loop, tmp_path, np.zeros(16_000))
    assert not any(block.any() for _, block in loop.heard)


def test_the_room_returns_the_output_after_its_delay(tmp_path):
    loop = Loop()
    rng = np.random.default_rng(1)
    speech = np.convolve(rng.normal(0, 0.05, 24_000), np.hanning(24) / 12, "same")
    loop.mixer.begin_voice(1)
    loop.mixer.feed_voice(1, np.rint(speech * 32768).astype(np.int16), 48_000)
    loop.mixer.end_voice(1)
    near = 0.01 * np.sin(np.arange(32_000) / 7)
    played = run(loop, tmp_path, near, room=Room(48_000, -10.0, 60.0))
    heard = np.concatenate([block for _, block in loop.heard])[:32_000] / 32768
    echo = heard - np.round(near * 32768) / 32768
    assert np.abs(echo[:944]).max() < 1e-4
    found, reference = echo[960 : 960 + 8000], played[:24_000:3]
    assert np.corrcoef(found, reference)[0, 1] > 0.6  # the direct sound; the rest is walls


def test_a_loud_room_clips_instead_of_wrapping(tmp_path):
    loop = Loop()
    loop.say(1.0)
    run(loop, tmp_path, np.full(32_000, 0.9), room=Room(48_000, 6.0, 20.0))
    heard = np.concatenate([block for _, block in loop.heard])
    assert heard[:32_000].min() >= 0
    assert heard.max() == 32767


@given(st.lists(st.integers(0, 700), min_size=1, max_size=12))
def test_decimation_does_not_depend_on_how_the_stream_is_cut(lengths):
    signal = np.random.default_rng(5).normal(0, 0.1, sum(lengths)).astype(np.float32)
    whole = Decimator(48_000).push(signal)
    pieces = Decimator(48_000)
    parts = [pieces.push(part) for part in np.split(signal, np.cumsum(lengths)[:-1])]
    assert np.allclose(np.concatenate(parts), whole, atol=1e-6)


@pytest.mark.parametrize("rate", [16_000, 32_000, 44_100, 48_000, 96_000])
def test_live_resampling_keeps_the_axis_and_removes_what_would_alias(rate):
    t = np.arange(rate) / rate
    passed = live(rate, 16_000).push(np.sin(2 * np.pi * 1000 * t).astype(np.float32))
    expected = np.sin(2 * np.pi * 1000 * np.arange(len(passed)) / 16_000)
    assert len(passed) >= 16_000 * 0.96
    assert np.abs(passed - expected)[200:-200].max() < 0.02
    if rate > 24_000:
        alias = live(rate, 16_000).push(np.sin(2 * np.pi * 11_000 * t).astype(np.float32))
        assert np.abs(alias)[200:-200].max() < 0.01
