"""Our own voice, played and recorded by real streams, is taken out; also after a stall."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest
import soundfile

from tests.support.recordings import person
from tests.support.sound_server import SoundServer, served
from voice.audio.device import DeviceBackend
from voice.audio.echo import EchoCancelled
from voice.audio.mixer import Mixer

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def looped() -> Iterator[SoundServer]:
    """A sound server whose speaker reaches its microphone."""
    loopback = (
        "module-loopback",
        "source=spk.monitor",
        "sink=micbus",
        "latency_msec=20",
        "adjust_time=0",  # it would stretch the sound, by more than any clock drifts
        "source_dont_move=1",
        "sink_dont_move=1",
    )
    with served(loopback) as server:
        yield server


class Session:
    """A back end that takes out what it plays, and the loudness of what is left."""

    def __init__(self) -> None:
        self.careful: list[np.ndarray] = []
        self.strict: list[np.ndarray] = []
        self.stall_s = 0.0
        self.mixer = Mixer(48_000, lambda event: None)
        self.backend = EchoCancelled(DeviceBackend(), live=True)

    def take(self, index: int, block: np.ndarray, strict: np.ndarray | None = None) -> None:
        stall_s, self.stall_s = self.stall_s, 0.0
        time.sleep(stall_s)
        assert strict is not None
        self.careful.append(block)
        self.strict.append(strict)

    def speak(self, until: Callable[[float, float], bool]) -> None:
        """Play a voice until the level of both views, in dB of it, is as wanted for a second.

        A busy machine tears gaps into what is played and recorded, hence the patience.
        """
        voice, rate = soundfile.read(person("jfk"), dtype="int16")
        blocks = voice[: len(voice) // 320 * 320].reshape(-1, 320)
        voice = blocks[np.abs(blocks).max(axis=1) > 1000].reshape(-1)  # without its pauses
        self.mixer.begin_voice(1)
        self.mixer.feed_voice(1, np.resize(voice, 20 * rate), rate)
        self.mixer.end_voice(1)
        limit = time.monotonic() + 20
        time.sleep(3)
        levels = 0.0, 0.0
        while not until(*levels):
            assert time.monotonic() < limit, levels
            time.sleep(0.1)
            levels = tuple(
                10 * np.log10(power(np.concatenate(view[-100:])) / power(voice))
                for view in (self.careful, self.strict)
            )
        self.mixer.stop_voice("stopped")


def power(sound: np.ndarray) -> float:
    return float(np.mean(sound.astype(float) ** 2)) + 1e-3


def test_our_own_voice_is_taken_out_of_a_real_microphone_also_after_a_stall(
    looped: SoundServer,
) -> None:
    session = Session()
    session.backend.start(session.take, session.mixer, lambda *state: None)
    try:
        session.speak(removed)
        session.stall_s = 2.5  # more than the microphone keeps for us
        time.sleep(3)
        session.speak(removed)
    finally:
        session.backend.close()


def removed(careful_db: float, strict_db: float) -> bool:
    """Whether both views have lost what was played."""
    return -90 < careful_db < -12 and -90 < strict_db < -20
