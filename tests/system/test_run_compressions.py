"""Two minutes of compressions through the real loop: every beat on its sample, breaths counted."""

from itertools import pairwise

import numpy as np
import pytest

from tests.support import stems
from tests.support.assistant import Session, run_wav
from tests.support.mixing import struck
from tests.support.reading import read_back
from tests.support.recordings import conversation, phrase

pytestmark = pytest.mark.alone

RATE = 48_000
BEAT = 60 * RATE / 110
PAUSE = 8 * RATE
SET = 30


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """Hands-only, then breaths, a question in between, then the machine checks and shocks."""
    folder = tmp_path_factory.mktemp("compressions")
    spoken = [
        (1.0, phrase("not_breathing")),
        (36.0, phrase("can_breathe")),
        (72.0, phrase("how_deep")),
        (112.0, phrase("stand_clear")),
        (128.0, phrase("shock_given")),
    ]
    return run_wav(conversation(folder, spoken), folder, "--stems", "--tail", "10")


@pytest.fixture(scope="module")
def beats(session: Session) -> np.ndarray:
    """The samples of all beats, from the stem."""
    stem, rate = stems.stem(session.output, "beat")
    assert rate == RATE
    return np.asarray(struck(stem))


@pytest.fixture(scope="module")
def voice(session: Session) -> np.ndarray:
    return stems.stem(session.output, "voice")[0]


def test_the_conversation_was_understood(session: Session) -> None:
    heard = [e["heard"] for e in session.of("reply") if e["heard"] != "event:timer"]
    assert heard[:3] == ["start", "event:can-breathe", "question"]
    assert heard[3:] == ["event:machine-checks", "event:machine-shocked"]
    assert [e["on"] for e in session.of("metronome")] == [True, True, False, True]


def test_every_beat_is_on_its_sample_for_as_long_as_rescuers_push(beats: np.ndarray) -> None:
    assert len(beats) > 110
    assert stems.off_grid(beats, RATE).max() == 0


def test_sets_have_thirty_beats_and_pauses_eight_seconds(
    session: Session, beats: np.ndarray
) -> None:
    off = round(session.of("metronome")[2]["t"] * RATE)
    sets = stems.grids(beats[beats < off], RATE)
    assert len(sets) >= 3
    assert len(sets[0]) > SET, "pushes before and while it is said that they are counted"
    assert all(len(grid) == SET for grid in sets[1:-1])
    for before, after in pairwise(sets):
        assert after[0] - before[-1] == PAUSE


def busy(session: Session) -> list[tuple[float, float]]:
    """When the assistant spoke in sentences or somebody else did, as spans of samples."""
    spans, begins = [], {}
    for event in session.events:
        source = event.get("source", "person")
        if source in ("beat", "tone"):
            continue
        if event["type"] in ("audio_start", "speech_start"):
            begins[source] = event["t"] - 0.1
        elif event["type"] in ("audio_end", "transcript") and source in begins:
            spans.append((begins.pop(source) * RATE, (event["t"] + 0.6) * RATE))
    return spans


def test_numbers_begin_with_their_beats(
    session: Session, beats: np.ndarray, voice: np.ndarray
) -> None:
    others = busy(session)
    alone = [
        beat
        for grid in stems.grids(beats, RATE)[1:3]
        for beat in grid[:10]
        if not any(begin < beat < end for begin, end in others)
    ]
    assert len(alone) >= 8
    for beat in alone:
        assert voice[beat] != 0
        assert not voice[beat - 240 : beat].any()
    said = read_back(voice[alone[0] - RATE // 10 : alone[-1] + RATE // 2], RATE)
    numbers = ("two", "2", "three", "3", "four", "4", "five", "5", "six", "6", "seven", "7")
    assert sum(number in said for number in numbers) >= 3, said


def test_pauses_are_announced_when_they_begin(beats: np.ndarray, voice: np.ndarray) -> None:
    for grid in stems.grids(beats, RATE)[:3]:
        begins = grid[-1] + round(BEAT)
        assert voice[begins] != 0
        assert "breath" in read_back(voice[begins - 4800 :][: 2 * RATE], RATE)


def test_hands_are_off_with_a_signal_and_on_again_at_once(
    session: Session, beats: np.ndarray
) -> None:
    tones, _ = stems.stem(session.output, "tones")
    voice, _ = stems.stem(session.output, "voice")
    off, on = (round(event["t"] * RATE) for event in session.of("metronome")[2:])
    assert not beats[(beats > off + 960) & (beats < on - 960)].size
    assert tones[off - 960 : off + RATE].any()
    assert not ((tones != 0) & (voice != 0)).any()
    again = beats[beats > on - 960]
    assert again[0] - on < RATE // 10
    assert len(again) >= 5
