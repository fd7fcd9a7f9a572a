import subprocess
import sys

import numpy as np
import pytest

from tests.support import sounds
from voice.audio.interface import INPUT_BLOCK
from voice.listening.vad import FRAME, Frame, Silero, VoiceActivity

CLEAN = ["sb_spk1_snt1", "lj_LJ001-0002", "s2i_000", "ps_cards_1", "ms_one_petewarden"]
"""Clips without noise before the first word."""


def frames(audio: sounds.Audio) -> list[Frame]:
    activity = VoiceActivity(threshold=0.5)
    blocks = len(audio) // INPUT_BLOCK
    return [
        frame
        for i in range(blocks)
        for frame in activity.push(audio[i * INPUT_BLOCK : (i + 1) * INPUT_BLOCK])
    ]


def room(seconds: float, level: float = 3.0) -> sounds.Audio:
    """A quiet room's hiss, `level` in units of the 16-bit sample."""
    noise = np.random.default_rng(7).normal(0.0, level, round(seconds * 16_000))
    return noise.astype(np.int16)


@pytest.mark.parametrize("name", CLEAN)
def test_people_are_heard_within_a_tenth_of_a_second_of_their_first_sound(name):
    speech = sounds.clip(name)
    began, ended = sounds.loud_edges(speech)
    voiced = [f.sample / 16_000 for f in frames(sounds.scene(1.0, speech, 1.0)) if f.voiced]
    assert -0.1 <= voiced[0] - (1.0 + began) <= 0.1
    assert voiced[-1] - (1.0 + ended) <= 0.2


def test_frames_follow_each_other_without_a_gap_whatever_is_heard():
    found = frames(sounds.scene(0.7, sounds.clip("ms_one_petewarden"), 1.3))
    assert [frame.sample for frame in found] == list(range(0, len(found) * FRAME, FRAME))


def test_silero_sleeps_in_silence_and_in_a_quiet_room():
    assert all(frame.probability == 0 for frame in frames(sounds.silence(2.0)))
    asleep = [frame.probability == 0 for frame in frames(room(4.0))]
    assert np.mean(asleep) > 0.5


@pytest.mark.parametrize("name", sounds.names("speech"))
def test_having_slept_changes_hardly_any_verdict_on_speech(name):
    audio = sounds.scene(2.0, sounds.clip(name), 1.0, sounds.clip(name), 0.5)
    silero = Silero()
    always = [
        silero.probability(audio[i : i + FRAME].astype(np.float32) / 32768) > 0.5
        for i in range(0, len(audio) - FRAME, FRAME)
    ]
    found = [frame.probability > 0.5 for frame in frames(audio)]
    differ = sum(a != b for a, b in zip(always, found, strict=False))
    assert differ <= 2 + 0.03 * sum(always)


def test_quiet_speech_wakes_silero_too():
    quiet = (sounds.clip("rh_turn_on_the_lamp").astype(np.float32) * 0.05).astype(np.int16)
    loud = sum(f.voiced for f in frames(sounds.scene(1.0, sounds.clip("rh_turn_on_the_lamp"))))
    assert sum(f.voiced for f in frames(sounds.scene(1.0, quiet))) > 0.8 * loud


@pytest.mark.parametrize("name", ["esc_thunderstorm_4-156993-A", "cough_S1"])
def test_thunder_and_a_cough_are_hardly_voice(name):
    found = frames(sounds.scene(0.5, sounds.clip(name), 0.5))
    assert sum(frame.voiced for frame in found) * FRAME < 0.5 * 16_000


def test_loading_voice_activity_does_not_import_faster_whisper():
    code = (
        "import sys; from voice.listening.vad import VoiceActivity; VoiceActivity(0.5);"
        "sys.exit('faster_whisper' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
