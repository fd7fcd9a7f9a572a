"""Speech recognition on real weights and recordings of people."""

import os
import signal
import tempfile
from pathlib import Path

import numpy as np
import pytest
import soundfile

from tests.support import sounds
from tests.support.asking import States, ask, until
from tests.support.clips import clip, clips
from tests.support.recordings import phrase
from voice.bench import wer
from voice.bench.recognition import looped
from voice.config import Settings, Stt
from voice.engines import roster
from voice.engines.host import WorkerHost, WorkerSpec
from voice.engines.interfaces import (
    SPEECH_RATE,
    Failed,
    Result,
    SpeechChunk,
    Synthesize,
    Transcribe,
    Transcript,
)
from voice.engines.whisper_decode import UNSURE_LOGPROB
from voice.engines.whisper_worker import create

pytestmark = pytest.mark.alone

SETTINGS = Settings(stt=Stt(adapter_scale=0))
"""The model as published: what it is unsure of, our adapter hears at once."""
QUESTION = "rh_what_time_is_it"
RESCUE = {
    "resume": "resume",
    "louder": "louder",
    "gasping": "he is only gasping",
    "blood_leg": "there is blood spurting from her leg",
    "choking_cannot_speak": "she is choking and she can't speak",
    "how_cpr": "how do i do cpr",
}
"""Phrases of tests/data that no training heard, but for the commands' words."""


def started(spec: WorkerSpec) -> WorkerHost:
    host = WorkerHost(spec, States())
    host.start()
    assert host.wait(60) == "ready"
    return host


@pytest.fixture(scope="module")
def stt():
    host = started(roster.stt(SETTINGS))
    yield host
    host.close()


def transcribe(host: WorkerHost, audio: bytes, **options) -> Transcript:
    result = ask(host, Transcribe(audio=audio, deadline_s=60.0, **options)).end()
    assert isinstance(result, Transcript), result
    return result


@pytest.fixture(scope="module")
def heard(stt) -> dict[str, Transcript]:
    return {c.name: transcribe(stt, c.audio) for c in clips()}


def test_sentences_are_understood(heard):
    spoken = [c for c in clips() if len(wer.words(c.text)) >= 3]
    assert len(spoken) >= 15
    assert wer.rate((c.text, heard[c.name].text) for c in spoken) < 0.12


def test_single_words_never_loop(heard):
    words = [c for c in clips() if len(wer.words(c.text)) == 1]
    assert len(words) >= 20
    assert not [c.name for c in words if looped(c.text, heard[c.name].text)]


def test_sentences_in_a_row_are_all_heard(stt):
    both = transcribe(stt, clip(QUESTION).audio + clip("rh_turn_on_the_lamp").audio)
    assert wer.words(both.text) == ["what", "time", "is", "it", "turn", "on", "the", "lamp"]


def test_most_short_clips_need_the_short_window_only(heard):
    short = [heard[c.name].window_s for c in clips() if c.seconds < 6.0]
    assert set(short) <= {10.0, 30.0}
    assert short.count(10.0) > 0.8 * len(short)


def test_the_text_has_no_marks_and_no_space_around_it(heard):
    for transcript in heard.values():
        assert transcript.text == transcript.text.strip()
        assert "<|" not in transcript.text


def test_words_carry_probabilities_and_make_up_the_text(heard):
    for transcript in heard.values():
        assert "".join(w.text for w in transcript.words).strip() == transcript.text
        assert all(0.0 <= w.probability <= 1.0 for w in transcript.words)
        assert transcript.avg_logprob <= 0.0


def test_the_same_audio_gives_the_same_result(stt):
    audio = clip(QUESTION).audio
    first, second = transcribe(stt, audio), transcribe(stt, audio)
    assert (first.text, first.avg_logprob) == (second.text, second.avg_logprob)


def test_further_readings_differ_and_come_best_first(stt):
    transcript = transcribe(stt, clip("my_nww_warning_0").audio, nbest=4)
    texts = [transcript.text, *(other.text for other in transcript.alternatives)]
    assert len(transcript.alternatives) >= 1
    assert len({"".join(wer.words(text)) for text in texts}) == len(texts)
    scores = [other.avg_logprob for other in transcript.alternatives]
    assert scores == sorted(scores, reverse=True)


def noisy(name: str, loud: float) -> bytes:
    voice = np.asarray(soundfile.read(phrase(name), dtype="int16")[0])
    noise = np.random.default_rng(3).normal(0, loud, len(voice))
    return np.asarray(np.clip(voice + noise, -32768, 32767), "<i2").tobytes()


def test_a_hint_gives_a_second_reading_and_leaves_the_first(stt):
    audio = noisy("baby_choking", 900)
    found = transcribe(stt, audio)
    hinted = transcribe(stt, audio, hint="He is choking. The baby is choking. A burn. A stroke.")
    assert found.avg_logprob < UNSURE_LOGPROB
    assert (found.weighed, hinted.text) == ((), found.text)
    first, second = hinted.weighed
    assert first.text == found.text
    assert "choking" in second.text


def test_what_may_be_meant_is_weighed_and_what_was_said_outweighs_the_rest(stt):
    likely = ("Next.", "Done.", "Repeat.", "Stop.", "Go back.", "How long has it been?")
    found = transcribe(stt, noisy("repeat", 1500), likely=likely)
    assert found.avg_logprob < UNSURE_LOGPROB
    first, *others = found.weighed
    assert first.text == found.text
    best, *rest = sorted(others, key=lambda text: -text.logprob)
    assert best.text.strip(".").lower() == "repeat"
    assert all(other.logprob < best.logprob - 3.0 for other in rest)
    assert all(other.least >= other.logprob for other in found.weighed)
    assert "How long has it been?" not in [other.text for other in others]


def test_texts_are_weighed_as_the_decoder_itself_would(stt):
    found = transcribe(stt, noisy("baby_choking", 900), hint="A burn. A stroke.")
    assert found.weighed[0].logprob / found.weighed[0].tokens == pytest.approx(
        found.avg_logprob, abs=0.15
    )


@pytest.mark.parametrize("expects", [{"hint": "What time is it?"}, {"likely": ("Next.",)}])
def test_what_is_certain_is_not_looked_at_twice(stt, expects):
    found = transcribe(stt, clip(QUESTION).audio, **expects)
    assert found.avg_logprob >= UNSURE_LOGPROB
    assert found.weighed == ()


def test_the_window_can_be_chosen(stt):
    audio = clip(QUESTION).audio
    assert transcribe(stt, audio, window="full").window_s == 30.0
    assert transcribe(stt, audio, window="short").window_s == 10.0


def test_a_clip_longer_than_a_window_loses_no_word(stt):
    speech = clip("jfk")
    pause = bytes(SPEECH_RATE)  # half a second
    transcript = transcribe(stt, (speech.audio + pause) * 4)
    truth = " ".join([speech.text] * 4)
    assert wer.rate([(truth, transcript.text)]) < 0.08


def test_a_cap_on_tokens_is_kept_and_flagged(stt):
    transcript = transcribe(stt, clip("jfk").audio, window="short", max_tokens=5)
    assert len(transcript.words) <= 5
    assert transcript.looped


@pytest.mark.parametrize("samples", [0, 1, 100])
def test_next_to_no_audio_is_next_to_no_text(stt, samples):
    transcript = transcribe(stt, bytes(2 * samples))
    assert (transcript.text, transcript.no_speech_prob) == ("", 1.0)


def test_noise_is_not_taken_for_certain_speech(stt):
    noise = np.random.default_rng(7).normal(0, 300, 2 * SPEECH_RATE).astype("<i2").tobytes()
    transcript = transcribe(stt, noise)
    assert transcript.no_speech_prob > 0.5 or transcript.avg_logprob < -1.0


@pytest.mark.parametrize(
    "request_", [Transcribe(audio=b"\0"), Synthesize(text="x")], ids=["half a sample", "no speech"]
)
def test_a_senseless_request_is_an_error_and_the_worker_goes_on(stt, request_):
    pid = stt.pid
    assert ask(stt, request_).failure().reason == "error"
    assert transcribe(stt, clip(QUESTION).audio).text
    assert stt.pid == pid


def test_a_cancelled_utterance_gives_no_text_and_the_next_one_does(stt):
    pid = stt.pid
    long = ask(stt, Transcribe(audio=clip("jfk").audio * 5, generation=1, deadline_s=60.0))
    following = ask(stt, Transcribe(audio=clip(QUESTION).audio, generation=2, deadline_s=60.0))
    stt.cancel(before=2)
    assert long.failure().reason == "cancelled"
    assert "time" in following.end().text
    assert stt.pid == pid
    assert not [r for r in long.results if isinstance(r, SpeechChunk | Transcript)]


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGSTOP])
def test_a_lost_worker_comes_back_and_hears_again(stt, number):
    pid = stt.pid
    os.kill(pid, number)
    until(lambda: stt.state == "ready" and stt.pid != pid, "return of the recogniser")
    assert "time" in transcribe(stt, clip(QUESTION).audio).text


def test_our_adapter_hears_more_of_rescue_words_in_noise(stt):
    settings = Settings()
    adapted = started(roster.stt(settings))
    assert (stt.info["adapter"], adapted.info["adapter"]) == ("", settings.stt.model)
    noise = sounds.clip("bl_coffee-shop")
    wrong = dict.fromkeys((stt, adapted), 0.0)
    for name, text in RESCUE.items():
        voice = soundfile.read(phrase(name), dtype="int16")[0]
        audio = sounds.with_noise(sounds.scene(0.3, voice, 0.3), noise, 3.0, voice).tobytes()
        for host in wrong:
            wrong[host] += wer.rate([(text, transcribe(host, audio).text)])
    adapted.close()
    assert wrong[adapted] < wrong[stt]


def test_where_the_disk_has_no_room_for_the_adapted_model_it_is_made_in_memory(monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", "/proc/no-room")
    worker = create(dict(roster.stt(Settings()).options))
    assert worker.load()["adapter"] == Settings().stt.model
    found: list[Result] = []
    worker.handle(Transcribe(audio=clip(QUESTION).audio), found.append, lambda: False)
    assert "time" in found[0].text


def test_the_tiny_model_serves_as_well():
    host = started(roster.whisper("tiny", SETTINGS.stt.tiny, 1, SETTINGS.cache_dir()))
    assert host.info["model"] == SETTINGS.stt.tiny
    assert "time" in transcribe(host, clip("rh_what_time_is_it").audio).text
    host.close()


@pytest.mark.parametrize("missing", ["tokenizer.json", "model.bin"])
def test_an_incomplete_model_is_refused_by_name(tmp_path, missing):
    for file in (SETTINGS.cache_dir() / SETTINGS.stt.tiny).iterdir():
        if file.name != missing:
            (tmp_path / file.name).symlink_to(file)
    assert missing in refusal(tmp_path)


def test_a_truncated_model_is_refused_and_does_not_crash(tmp_path):
    for file in (SETTINGS.cache_dir() / SETTINGS.stt.tiny).iterdir():
        (tmp_path / file.name).symlink_to(file)
    weights = (tmp_path / "model.bin").read_bytes()[:1_000_000]
    (tmp_path / "model.bin").unlink()
    (tmp_path / "model.bin").write_bytes(weights)
    assert refusal(tmp_path)


def refusal(folder: Path) -> str:
    states = States()
    options = {"model_path": str(folder)}
    module = "voice.engines.whisper_worker"
    host = WorkerHost(WorkerSpec(name="stt", module=module, options=options), states)
    host.start()
    assert host.wait(60) == "failed"
    host.close()
    assert isinstance(ask(host, Transcribe(audio=b"")).end(), Failed)
    return states.seen[1][2]
