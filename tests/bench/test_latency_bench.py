"""The latency benchmark: what it measures from, what it counts, and one short real run."""

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support.assistant import call
from voice.bench import latency, sequential
from voice.bench.latency_report import Answer, Clip, report, stages, table
from voice.cli.bench_latency import LATENCY, PHRASES

pytestmark = pytest.mark.paired

RATE = 16_000
OUT = 48_000


def clip(kind: str = "opening", file: Path = Path("x.wav")) -> Clip:
    return Clip(kind, "Help.", file)


def tone(seconds: float) -> np.ndarray:
    return (8_000 * np.sin(np.arange(round(seconds * RATE)) * 0.3)).astype(np.int16)


def silence(seconds: float) -> np.ndarray:
    return np.zeros(round(seconds * RATE), np.int16)


def trace(**stages: float | None) -> dict[str, object]:
    moments = {"soft_end": 2.1, "transcript": 2.3, "commit": 2.4, "decision": 2.4}
    nothing = {"first_token": None, "first_synthesis": None}
    return {"type": "latency", "t": 2.5, "last_voiced": 2.0, **moments, **nothing, **stages}


def reply(t: float, say: str = "Push hard.", by: str = "fixed") -> dict[str, object]:
    return {"type": "reply", "t": t, "say": say, "by": by}


def voice_from(t: float) -> np.ndarray:
    sound = np.zeros(4 * OUT, np.float32)
    sound[round(t * OUT) :] = 0.2
    return sound


def test_the_last_voiced_sample_is_that_of_the_energy() -> None:
    audio = np.concatenate([silence(0.2), tone(0.5), silence(0.3), tone(0.1), silence(0.4)])
    assert latency.last_voiced(audio) == pytest.approx(1.1, abs=0.011)
    hum = np.random.default_rng(0).normal(0, 20, len(audio)).astype(np.int16)
    assert latency.last_voiced(audio + hum) == pytest.approx(1.1, abs=0.011)


def test_clips_are_laid_on_one_axis_with_time_to_listen_between(tmp_path: Path) -> None:
    files = [tmp_path / "a.wav", tmp_path / "b.wav"]
    for file in files:
        soundfile.write(file, np.concatenate([tone(0.5), silence(0.1)]), RATE)
    audio, ends = latency.scene([clip(file=file) for file in files])
    assert ends == pytest.approx([1.0, 3.6], abs=0.011)
    assert len(audio) / RATE == pytest.approx(3.7, abs=0.001)


def test_latency_is_taken_from_the_output_file_and_the_words_from_the_log() -> None:
    events = [reply(1.0, by="llm"), trace(first_sample=2.5), reply(2.45), reply(3.5, by="llm")]
    found = latency.answer(clip(), 2.02, events, voice_from(2.53), OUT)
    assert found.seconds == pytest.approx(0.51, abs=0.001)
    assert found.by == "fixed"
    assert found.stages["commit"] == pytest.approx(0.38)


def test_an_utterance_without_a_sound_for_an_answer_is_none_that_counts() -> None:
    for events in ([], [trace(first_sample=None)], [{**trace(first_sample=9.0), "last_voiced": 8}]):
        assert latency.answer(clip(), 2.0, events, voice_from(2.5), OUT).seconds is None


def test_only_the_models_words_count_as_the_models_latency() -> None:
    question = clip("question")
    mine = [
        Answer(clip=question, seconds=1.0, by="llm"),
        Answer(clip=question, seconds=0.4, by="passage"),
        Answer(clip=question, seconds=None),
        Answer(clip=question, seconds=2.0, by="llm"),
        Answer(clip=clip("command"), seconds=0.4, by="fixed"),
        Answer(clip=clip("opening"), seconds=0.5, by="fixed"),
    ]
    times = {"endpoint_s": 0.8, "stt_s": 1.0, "llm_s": 0.4, "tts_s": 0.3}
    theirs = [(clip(kind), times) for kind in ("question", "command", "opening")]
    found = report(mine, theirs)
    assert found["ours"]["llm"] == {"p50_s": 1.5, "p95_s": 1.95, "n": 2, "share_llm": 0.667}
    assert found["ours"]["question"] == {"p50_s": 0.4, "p95_s": 0.4, "n": 1}
    assert found["baseline"]["command"] == {"p50_s": 2.5, "p95_s": 2.5, "n": 1}
    assert found["ratio"] == {"command": 6.25, "opening": 5.0, "question": 6.25, "llm": 1.67}
    assert "67%" in table(found)
    assert stages(theirs) == "baseline, p50: endpoint_s 0.80, stt_s 1.00, llm_s 0.40, tts_s 0.30"


def test_a_kind_that_was_never_answered_has_no_figures() -> None:
    found = report([Answer(clip=clip(), seconds=None)], [(clip(), {"stt_s": 1.0})])
    assert found["ours"]["opening"] == {"p50_s": None, "p95_s": None, "n": 0}
    assert found["ratio"]["opening"] is None
    assert "command" in table(found)


def test_the_baseline_waits_for_a_pause_and_hears_what_was_said_until_then() -> None:
    audio = np.concatenate([silence(0.3), tone(0.6), silence(2.0)]).astype(np.float32) / 32768
    waited, heard = sequential.endpoint(audio, RATE)
    assert waited == pytest.approx(0.8, abs=0.03)
    assert len(heard) / RATE == pytest.approx(0.9 + 0.8, abs=0.06)
    lines = Path(sequential.__file__).read_text().splitlines()
    assert len(lines) < 80


def test_there_are_twenty_conversations_each_with_a_question_of_its_own() -> None:
    talks = latency.load(LATENCY, PHRASES)
    assert len(talks) == 20
    assert len({talk.opening.file for talk in talks}) == 20
    assert all(talk.questions for talk in talks)


def test_a_real_run_prints_one_object_and_its_stages() -> None:
    done = call("bench", "latency", "--first", "1", "--json", timeout=300)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert list(found) == ["ours", "baseline", "ratio"]
    for kind in ("command", "opening", "llm"):
        assert found["baseline"][kind]["n"] == 1
    assert found["ours"]["opening"]["n"] == found["ours"]["command"]["n"] == 1
    assert found["ratio"]["command"] > 1
    assert "endpoint_s" in done.stderr
