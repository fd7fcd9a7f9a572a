"""A recording in, spoken guidance out: the real loop on real models."""

from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support import stems
from tests.support.assistant import Session, run_wav
from tests.support.reading import read_back
from tests.support.recordings import conversation, person, phrase

pytestmark = pytest.mark.paired


@pytest.fixture(scope="module")
def emergency(tmp_path_factory: pytest.TempPathFactory) -> Session:
    """An arrest is reported, a question asked, the step repeated, and all of it stopped."""
    folder = tmp_path_factory.mktemp("emergency")
    spoken = [
        (1.0, phrase("not_breathing")),
        (9.0, phrase("how_deep")),
        (17.0, phrase("repeat")),
        (24.0, phrase("stop")),
    ]
    return run_wav(conversation(folder, spoken), folder, "--stems", "--tail", "6")


def test_every_utterance_is_heard_once_and_answered(emergency: Session) -> None:
    assert len(emergency.heard) == 4
    utterances = [e for e in emergency.of("reply") if e["heard"] != "event:timer"]
    assert [e["heard"] for e in utterances] == [
        "start",
        "question",
        "command:repeat",
        "command:stop",
    ]
    assert utterances[0]["protocol"] == "cpr-adult"
    assert not any(e["reviewed"] for e in emergency.of("reply"))


def test_a_question_does_not_move_the_position(emergency: Session) -> None:
    replies = emergency.of("reply")
    asked = next(i for i, e in enumerate(replies) if e["heard"] == "question")
    assert replies[asked]["kind"] == "answer"
    assert replies[asked]["step"] == replies[asked - 1]["step"]


def test_the_voice_in_the_output_says_the_replies_on_the_same_axis(emergency: Session) -> None:
    """Whisper reads the reply back from where the log says that it began."""
    voice, rate = stems.stem(emergency.output, "voice")
    begins = [e["t"] for e in emergency.of("audio_start") if e["source"] == "voice"]
    first = emergency.of("reply")[0]["say"]
    assert np.abs(voice[: round(begins[0] * rate) - rate // 50]).max() < 1e-3
    said = read_back(voice[round(begins[0] * rate) : round((begins[0] + 6) * rate)], rate)
    key_words = {"speaker", "send"} & set(first.lower().replace(".", "").split())
    assert key_words
    for word in key_words:
        assert word in said.lower()


def test_events_carry_what_the_design_promises(emergency: Session) -> None:
    starts = [e for e in emergency.of("audio_start") if e["source"] == "voice"]
    assert all(e["latency_ms"] is None or e["latency_ms"] > 0 for e in starts)
    assert starts[0]["latency_ms"] is not None
    for event in emergency.of("speech_end"):
        assert any(s["t"] < event["t"] for s in emergency.of("speech_start"))
    for event in emergency.of("latency"):
        stages = ("last_voiced", "soft_end", "transcript", "commit", "decision", "first_sample")
        moments = [event[stage] for stage in stages if event[stage] is not None]
        assert min(np.diff(moments)) > -0.02  # a block is rendered before it is heard
    assert [e["first_sample"] for e in emergency.of("latency")].count(None) <= 1  # "stop"
    assert {e["name"] for e in emergency.of("engine")} == {"stt", "tiny", "llm", "tts"}


def test_people_who_talk_of_something_else_get_no_reply(tmp_path: Path) -> None:
    spoken = [(1.0, person("s2i_001")), (6.0, person("rh_turn_on_the_lamp"))]
    session = run_wav(conversation(tmp_path, spoken), tmp_path, "--tail", "3")
    assert len(session.heard) == 2
    assert session.said == []
    assert all(e["kind"] == "none" for e in session.of("reply"))


def test_silence_is_answered_by_silence(tmp_path: Path) -> None:
    file = tmp_path / "silence.wav"
    soundfile.write(file, np.zeros(44_100 * 3, np.int16), 44_100)
    session = run_wav(file, tmp_path, "--tail", "2")
    assert session.of("transcript") == []
    sound, _ = soundfile.read(session.output)
    assert not sound.any()


def test_in_a_room_with_echo_it_does_not_answer_itself(tmp_path: Path) -> None:
    recording = conversation(tmp_path, [(1.0, phrase("not_breathing")), (22.0, phrase("repeat"))])
    session = run_wav(recording, tmp_path, "--echo-db", "-10", "--echo-delay-ms", "120")
    replies = [e["heard"] for e in session.of("reply") if e["heard"] != "event:timer"]
    assert replies == ["start", "command:repeat"]
