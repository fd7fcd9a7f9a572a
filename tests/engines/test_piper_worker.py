"""The real voice, in this process and through its worker process."""

import ast
import queue
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import soxr

from voice import modelstore
from voice.config import Settings
from voice.engines import interfaces as m
from voice.engines import piper_worker, roster
from voice.engines.host import WorkerHost
from voice.engines.piper_worker import create
from voice.errors import MissingError, UserError

pytestmark = pytest.mark.alone

SETTINGS = Settings()
LINE = "Push hard and fast, arms straight."
TWO = f"{LINE} Follow my beat."


@pytest.fixture(scope="module")
def voice() -> Path:
    return modelstore.locate(SETTINGS.tts.voice, SETTINGS.cache_dir())


@pytest.fixture(scope="module")
def worker(voice: Path) -> m.Worker:
    made = create({"voice_path": str(voice)})
    made.load()
    return made


Speak = Callable[..., list[m.Result]]


@pytest.fixture
def speak(worker: m.Worker) -> Speak:
    def run(text: str, chunks_wanted: int = 99, **options: float) -> list[m.Result]:
        results: list[m.Result] = []
        request = m.Synthesize(id=7, generation=3, text=text, **options)
        worker.handle(request, results.append, lambda: len(results) >= chunks_wanted)
        return results

    return run


def samples(results: list[m.Result]) -> np.ndarray:
    chunks = [result.audio for result in results if isinstance(result, m.SpeechChunk)]
    return np.frombuffer(b"".join(chunks), "<i2")


def test_a_line_becomes_audible_speech_of_a_plausible_length(speak: Speak) -> None:
    chunk, done = speak(LINE)
    assert isinstance(chunk, m.SpeechChunk)
    assert isinstance(done, m.Done)
    assert (chunk.id, chunk.generation, chunk.rate) == (7, 3, 22_050)
    pcm = samples([chunk])
    assert 1.0 < len(pcm) / chunk.rate < 3.5
    assert done.info["seconds"] == len(pcm) / chunk.rate
    assert np.abs(pcm).max() > 5000


def test_each_sentence_is_a_chunk_and_the_pause_before_it_belongs_to_it(speak: Speak) -> None:
    first, second, _ = speak(TWO)
    assert isinstance(second, m.SpeechChunk)
    assert np.abs(samples([first])[:2000]).max() > 500
    assert np.abs(samples([second])[:5000]).max() == 0


def test_the_same_words_sound_the_same_bit_for_bit(speak: Speak) -> None:
    np.testing.assert_array_equal(samples(speak(TWO)), samples(speak(TWO)))


def test_a_sentence_sounds_the_same_alone_and_among_others(speak: Speak) -> None:
    alone = samples(speak(LINE))
    np.testing.assert_array_equal(samples(speak(TWO))[: len(alone)], alone)


def test_a_longer_length_scale_is_slower(speak: Speak) -> None:
    usual, slow = samples(speak(LINE)), samples(speak(LINE, length_scale=1.5))
    assert 1.25 < len(slow) / len(usual) < 1.75


def test_little_silence_is_left_at_the_edges(speak: Speak) -> None:
    pcm = np.abs(samples(speak("Ready.")).astype(int))
    loud = np.flatnonzero(pcm > 0.01 * 32767)
    assert loud[0] < 0.05 * 22_050
    assert len(pcm) - loud[-1] < 0.12 * 22_050


def test_a_cancelled_request_ends_before_its_next_chunk(speak: Speak) -> None:
    first, end = speak(f"{TWO} {TWO} {TWO}", chunks_wanted=1)
    assert isinstance(first, m.SpeechChunk)
    assert end == m.Failed(id=7, generation=3, reason="cancelled")


def test_phoneme_blocks_and_control_characters_are_not_obeyed(speak: Speak) -> None:
    plain = samples(speak("h Stop"))
    np.testing.assert_array_equal(samples(speak("[[ h ]]\x00\x1b Stop\ud800")), plain)


@pytest.mark.parametrize("text", ["", " \n", "...", "🙂", "\x00"])
def test_a_text_without_words_ends_without_audio(speak: Speak, text: str) -> None:
    assert [type(result) for result in speak(text)] == [m.Done]


def test_an_endless_text_is_cut(speak: Speak, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(piper_worker, "MAX_TEXT", len("Ready. "))
    np.testing.assert_array_equal(samples(speak("Ready. " * 1000)), samples(speak("Ready.")))


def test_only_programs_of_their_own_import_piper() -> None:
    root = Path(piper_worker.__file__).parents[1]
    importing = [
        file.name
        for file in root.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text("utf-8")))
        if (isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "piper")
        or (isinstance(node, ast.Import) and any(a.name.startswith("piper") for a in node.names))
    ]
    assert set(importing) == {"piper_worker.py", "sequential.py"}


def damage(voice: Path, folder: Path, model: Callable[[bytes], bytes]) -> Path:
    copy = folder / "voice"
    copy.mkdir()
    for file in voice.glob("*.json"):
        shutil.copy(file, copy)
    for file in voice.glob("*.onnx"):
        (copy / file.name).write_bytes(model(file.read_bytes()))
    return copy


@pytest.mark.parametrize(
    "model",
    [lambda data: b"", lambda data: data[: len(data) // 2], lambda data: b"not a model" * 1000],
    ids=["empty", "truncated", "other"],
)
def test_a_broken_voice_is_named_and_the_way_to_mend_it(
    voice: Path, tmp_path: Path, model: Callable[[bytes], bytes]
) -> None:
    copy = damage(voice, tmp_path, model)
    with pytest.raises(UserError, match=r"en_US-joe-medium\.onnx is damaged: .*models fetch") as e:
        create({"voice_path": str(copy)}).load()
    assert "\n" not in str(e.value)


def test_a_tampered_voice_is_found_by_its_checksum(voice: Path, tmp_path: Path) -> None:
    def tamper(data: bytes) -> bytes:
        middle = len(data) // 2
        return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]

    expected = modelstore.load().entry(SETTINGS.tts.voice).files[0].sha256
    create({"voice_path": str(voice), "sha256": expected}).load()
    copy = damage(voice, tmp_path, tamper)
    with pytest.raises(UserError, match="checksum is wrong"):
        create({"voice_path": str(copy), "sha256": expected}).load()


def test_a_voice_that_is_not_there_is_missing(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no voice in"):
        create({"voice_path": str(tmp_path)}).load()


@pytest.fixture(scope="module")
def host() -> Iterator[WorkerHost]:
    made = WorkerHost(roster.piper(SETTINGS), lambda state, pid, detail: None)
    made.start()
    assert made.wait(60) == "ready"
    yield made
    made.close()


def test_the_worker_process_gives_the_same_sound(host: WorkerHost, speak: Speak) -> None:
    results: queue.SimpleQueue[m.Result] = queue.SimpleQueue()
    host.submit(m.Synthesize(text=TWO, deadline_s=30), results.put)
    got = [results.get(timeout=40) for _ in range(3)]
    assert [type(result) for result in got] == [m.SpeechChunk, m.SpeechChunk, m.Done]
    np.testing.assert_array_equal(samples(got), samples(speak(TWO)))


def test_whisper_reads_the_words_back(speak: Speak) -> None:
    from faster_whisper import WhisperModel

    path = modelstore.locate(SETTINGS.stt.tiny, SETTINGS.cache_dir())
    whisper = WhisperModel(str(path), device="cpu", compute_type="int8", cpu_threads=2)
    spoken = samples(speak("A E D here? Turn it on and do what it says."))
    audio = soxr.resample(spoken.astype(np.float32) / 32768, 22_050, m.SPEECH_RATE)
    segments, _ = whisper.transcribe(audio, beam_size=1, without_timestamps=True)
    heard = "".join(segment.text for segment in segments).lower()
    assert " ".join(re.findall(r"\w+", heard)) == "aed here turn it on and do what it says"
