"""Real streams through PortAudio, ALSA and a sound server of our own."""

import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.support.sound_server import SoundServer, find, likeness, served
from voice.audio import portaudio
from voice.audio.device import DeviceBackend
from voice.audio.interface import SoundEvent
from voice.audio.mixer import Mixer
from voice.errors import MissingError

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def server() -> Iterator[SoundServer]:
    with served() as server:
        yield server


class Session:
    """A back end at work and all it delivered."""

    def __init__(self, **options) -> None:
        self.blocks: list[np.ndarray] = []
        self.indices: list[int] = []
        self.states: list[tuple[str, str]] = []
        self.details: list[str] = []
        self.events: list[SoundEvent] = []
        self.heard_at: list[float] = []
        """For each report: when the mixer's first block would have reached the speaker."""
        self.mixer = Mixer(48_000, self.events.append)
        self.backend = DeviceBackend(**options)

    def __enter__(self) -> "Session":
        self.take = self._on_mic
        deliver = lambda index, block: self.take(index, block)  # noqa: E731
        self.backend.start(deliver, self, self._on_state)
        return self

    def render(self) -> np.ndarray:
        return self.mixer.render()

    def consumed(self, blocks: int, t: float) -> None:
        self.heard_at.append(t - blocks * 0.01)
        self.mixer.consumed(blocks, t)

    def _on_state(self, kind: str, state: str, detail: str) -> None:
        self.details.append(detail)
        self.states.append((kind, state))

    def __exit__(self, *_: object) -> None:
        self.backend.close()

    def _on_mic(self, index: int, block: np.ndarray) -> None:
        self.indices.append(index)
        self.blocks.append(block.copy())

    def heard(self) -> np.ndarray:
        return np.concatenate(self.blocks)


def until(condition: Callable[[], bool], seconds: float = 8.0) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def chirp(rate: int, seconds: float = 1.0) -> np.ndarray:
    """A sweep from 300 Hz to 3 kHz, found to the sample by correlation."""
    t = np.arange(round(seconds * rate)) / rate
    phase = 2 * np.pi * (300 * t + 1350 * t**2 / seconds)
    return np.rint(12_000 * np.sin(phase) * np.hanning(len(t)) ** 0.2).astype(np.int16)


def say(mixer: Mixer, sound: np.ndarray, rate: int) -> None:
    mixer.begin_voice(1)
    mixer.feed_voice(1, sound, rate)
    mixer.end_voice(1)


@pytest.mark.parametrize("names", [("", ""), ("fake_mic", "FAKE_SPK")])
def test_speech_into_the_microphone_arrives(server, names):
    with Session(input_device=names[0], output_device=names[1]) as session:
        assert until(lambda: len(session.blocks) > 20)
        server.speak(chirp(16_000), 16_000)
        time.sleep(0.2)
    assert session.states == [("microphone", "open"), ("speaker", "open")]
    assert session.indices == [160 * k for k in range(len(session.indices))]
    assert likeness(session.heard(), chirp(16_000)) > 0.9


def test_what_the_mixer_renders_leaves_the_speaker(server):
    with Session() as session:
        assert until(lambda: len(session.blocks) > 20)
        recording = server.record()
        time.sleep(0.5)
        say(session.mixer, chirp(48_000), 48_000)
        assert until(lambda: session.mixer.idle)
        time.sleep(0.3)
        played = recording.stop()
    assert likeness(played, chirp(48_000)) > 0.9
    start, end = session.events
    assert 0.8 < end.t - start.t < 2
    assert end.played_s == pytest.approx(1.0)
    assert 0 < start.t < len(session.blocks) * 0.01 + 0.2


def test_reported_times_agree_with_what_the_microphone_hears(server):
    """With the speaker looped back, a sound is heard when it is said to be played."""
    loop = server.control(
        "load-module",
        "module-loopback",
        "source=spk.monitor",
        "sink=micbus",
        "latency_msec=20",
        "source_dont_move=1",
        "sink_dont_move=1",
    ).strip()
    try:
        with Session() as session:
            assert until(lambda: len(session.blocks) > 100)
            say(session.mixer, chirp(48_000), 48_000)
            assert until(lambda: session.mixer.idle)
            time.sleep(0.4)
    finally:
        server.control("unload-module", loop)
    assert likeness(session.heard(), chirp(16_000)) > 0.9
    at, _ = find(session.heard(), chirp(16_000))
    # Two sinks and the loop between them lie in the way; the sound cannot come before it is played.
    assert -0.03 < at / 16_000 - session.events[0].t < 0.4


def test_the_axis_follows_the_wall_clock(server):
    with Session() as session:
        assert until(lambda: bool(session.blocks))
        begun, blocks = time.monotonic(), len(session.blocks)
        time.sleep(2)
        passed = time.monotonic() - begun
        assert (len(session.blocks) - blocks) * 0.01 == pytest.approx(passed, abs=0.15)


def test_a_device_of_another_rate_is_resampled(server, monkeypatch):
    monkeypatch.setattr(portaudio, "_attempts", lambda device, rate: iter([(44_100, 2)]))
    with Session() as session:
        assert until(lambda: len(session.blocks) > 20)
        recording = server.record()
        server.speak(chirp(16_000), 16_000)
        say(session.mixer, chirp(48_000), 48_000)
        assert until(lambda: session.mixer.idle)
        time.sleep(0.3)
        played = recording.stop()
    assert likeness(session.heard(), chirp(16_000)) > 0.9
    assert likeness(played, chirp(48_000)) > 0.9


def test_sound_lost_by_a_stalled_reader_leaves_silence_of_its_length(server):
    with Session() as session:
        assert until(lambda: len(session.blocks) > 50)
        deliver = session._on_mic
        begun, blocks = time.monotonic(), len(session.blocks)

        def stall(index: int, block: np.ndarray) -> None:
            session.take = deliver
            time.sleep(3.0)
            deliver(index, block)

        session.take = stall
        time.sleep(4.0)
        passed = time.monotonic() - begun
        assert (len(session.blocks) - blocks) * 0.01 == pytest.approx(passed, abs=0.15)
        assert session.backend.xruns > 0
    assert session.indices == [160 * k for k in range(len(session.indices))]


def test_native_rate_and_stereo_are_tried_when_the_usual_is_refused():
    device = portaudio.Device(index=0, name="dongle", rate=44_100, channels=2)
    attempts = list(portaudio._attempts(device, 16_000))
    assert attempts == [(16_000, 1), (16_000, 2), (44_100, 1), (44_100, 2)]


def test_a_killed_sound_server_is_noticed_and_sound_comes_back(server):
    with Session() as session:
        assert until(lambda: len(session.blocks) > 50)
        session.mixer.beat(True, 120)
        begun = time.monotonic() - len(session.blocks) * 0.01
        before = session.heard_at[-1]
        server.kill()
        killed = time.monotonic()
        assert until(lambda: {("microphone", "lost"), ("speaker", "lost")} <= set(session.states))
        assert time.monotonic() - killed < 2.0
        lost_at = len(session.blocks)
        time.sleep(1)
        assert len(session.blocks) > lost_at + 50  # time goes on in silence
        server.start()
        assert until(lambda: session.states[-2:].count(("speaker", "open")) == 1, 5)
        assert until(lambda: len(session.states) >= 6, 5)
        assert set(session.states[-2:]) == {("microphone", "open"), ("speaker", "open")}
        reported = len(session.heard_at)
        assert until(lambda: len(session.heard_at) > reported + 20)
        # The beat is where it would be had nothing happened.
        assert session.heard_at[reported + 20] == pytest.approx(before, abs=0.08)
        time.sleep(0.3)
        recording = server.record()
        server.speak(chirp(16_000), 16_000)
        time.sleep(0.5)
        played = recording.stop()
        axis, wall = len(session.blocks) * 0.01, time.monotonic() - begun
    assert session.indices == [160 * k for k in range(len(session.indices))]
    assert axis == pytest.approx(wall, abs=0.3)
    assert likeness(session.heard()[-16_000 * 3 :], chirp(16_000)) > 0.9
    loud = np.flatnonzero(np.abs(played.astype(int)) > 3000)
    beats = loud[np.flatnonzero(np.diff(loud, prepend=-9999) > 5000)]
    assert len(beats) >= 2
    assert np.median(np.diff(beats)) == pytest.approx(24_000, rel=0.25)


def test_a_microphone_that_is_swapped_for_the_speaker_is_noticed_and_taken_back(server):
    """The sound server moves the stream to the speaker's monitor and says nothing."""
    with Session() as session:
        assert until(lambda: len(session.blocks) > 50)
        session.mixer.beat(True, 120)
        server.unplug()
        unplugged, begun = time.monotonic(), len(session.blocks)
        assert until(lambda: ("microphone", "lost") in session.states)
        assert any("instead of a microphone" in detail for detail in session.details)
        assert time.monotonic() - unplugged < 6
        deaf = len(session.blocks)
        time.sleep(4)  # streams that hear the speaker are not believed
        assert session.states.count(("microphone", "open")) == 1
        assert not np.concatenate(session.blocks[deaf + 50 :]).any()
        server.plug_in()
        assert until(lambda: session.states.count(("microphone", "open")) == 2)
        server.speak(chirp(16_000), 16_000)
        time.sleep(0.3)
        passed = time.monotonic() - unplugged
        assert (len(session.blocks) - begun) * 0.01 == pytest.approx(passed, abs=0.3)
    assert session.indices == [160 * k for k in range(len(session.indices))]
    assert likeness(session.heard()[-16_000 * 3 :], chirp(16_000)) > 0.9


def test_a_muted_microphone_is_noticed(server):
    with Session(silence_s=2.0) as session:
        assert until(lambda: len(session.blocks) > 50)
        server.mute()
        assert until(lambda: session.states[-1] == ("microphone", "silent"))
        assert "muted" in session.details[-1]
        server.unmute()
        assert until(lambda: session.states[-1] == ("microphone", "open"))


def test_the_device_that_the_profile_names_is_taken_back(server, monkeypatch, tmp_path):
    cards = tmp_path / "cards"
    cards.write_text(" 0 [Generic]\n")
    monkeypatch.setattr(portaudio, "CARDS", cards)
    config = server.alsa_configuration
    with_it = config.read_text()
    without_it = with_it.replace("pcm.fake_mic", "pcm.other_mic")
    try:
        with Session(input_device="fake_mic") as session:
            assert until(lambda: len(session.blocks) > 50)
            config.write_text(without_it)
            server.kill()
            server.start()
            assert until(lambda: session.details[-1].endswith(", in place of fake_mic"))
            config.write_text(with_it)
            cards.write_text(" 0 [Generic]\n 1 [Headset]\n")
            assert until(lambda: session.details[-1] == "fake_mic")
            assert session.states[-1] == ("microphone", "open")
            at = len(session.blocks)
            assert until(lambda: len(session.blocks) > at + 50)
            assert np.concatenate(session.blocks[at:]).any()
    finally:
        config.write_text(with_it)
        portaudio.rescan()


def test_an_unknown_device_is_named_with_those_that_exist(server):
    with pytest.raises(
        MissingError, match=r"no speaker is named 'nonesuch'; there are: .*fake_spk"
    ):
        DeviceBackend(output_device="nonesuch").start(
            lambda *_: None, Mixer(48_000, print), lambda *_: None
        )


def test_a_machine_without_sound_says_what_to_do(server, monkeypatch):
    monkeypatch.setenv("PULSE_SERVER", "unix:/nonexistent")
    with pytest.raises(MissingError, match="microphone") as error:
        DeviceBackend().start(lambda *_: None, Mixer(48_000, print), lambda *_: None)
    assert "\n" not in str(error.value)
    assert error.value.exit_code == 3


def test_a_machine_without_portaudio_says_how_to_install_it():
    code = (
        "import ctypes.util\n"
        "ctypes.util.find_library = lambda name: None\n"
        "from voice.audio import portaudio\n"
        "from voice.errors import MissingError\n"
        "try: portaudio.load()\n"
        "except MissingError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "apt install libportaudio2" in done.stdout


def test_threads_that_compute_do_not_let_the_speaker_run_dry(server: SoundServer) -> None:
    over = threading.Event()

    def compute() -> None:
        while not over.is_set():
            sum(range(1000))

    thinkers = [threading.Thread(target=compute) for _ in range(3)]
    with Session() as session:
        session.mixer.beat(True)
        time.sleep(1.0)
        before = session.backend.xruns
        for thinker in thinkers:
            thinker.start()
        time.sleep(4.0)
        dry = session.backend.xruns - before
        over.set()
    for thinker in thinkers:
        thinker.join()
    assert dry == 0
