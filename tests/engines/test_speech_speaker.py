import queue
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from voice.engines import interfaces as m
from voice.engines.speaker import Speaker, Spoken
from voice.engines.speech_cache import Pcm, Rendering, SpeechCache
from voice.engines.speech_split import SENTENCE_PAUSE_S
from voice.engines.speech_stream import SpeechError, stream
from voice.events import EngineState

pytestmark = pytest.mark.alone

RATE = 22_050
PAUSE = round(SENTENCE_PAUSE_S * RATE)


def pcm_of(text: str) -> Pcm:
    """A sound that tells which text it stands for."""
    return np.full(100 * len(text), sum(text.encode()) % 9000 + 1, np.int16)


Script = Callable[[m.Request, m.OnResult], None]


def speaks(request: m.Request, on_result: m.OnResult) -> None:
    assert isinstance(request, m.Synthesize)
    for half in np.split(pcm_of(request.text), 2):
        audio = half.astype("<i2").tobytes()
        on_result(m.SpeechChunk(id=1, generation=request.generation, audio=audio, rate=RATE))
    on_result(m.Done(id=1, generation=request.generation))


def dies(request: m.Request, on_result: m.OnResult) -> None:
    detail = "the engine is restarting"
    on_result(m.Failed(id=1, generation=request.generation, reason="died", detail=detail))


def hangs(request: m.Request, on_result: m.OnResult) -> None:
    """Says nothing until it is cancelled."""


@dataclass
class ScriptedEngine:
    """An `interfaces.Engine` that does at once what its script says."""

    script: Script = speaks
    name: str = "tts"
    state: EngineState = "ready"
    busy: bool = False
    asked: list[m.Request] = field(default_factory=list)
    reached: threading.Event = field(default_factory=threading.Event)
    cancelled: queue.SimpleQueue[int] = field(default_factory=queue.SimpleQueue)
    _open: list[tuple[m.Request, m.OnResult]] = field(default_factory=list)

    def submit(self, request: m.Request, on_result: m.OnResult) -> int:
        self.asked.append(request)
        self.reached.set()
        self._open.append((request, on_result))
        self.script(request, on_result)
        return 1

    def cancel(self, before: int) -> None:
        for request, on_result in self._open:
            if request.generation < before:
                on_result(m.Failed(id=1, generation=request.generation, reason="cancelled"))
        self.cancelled.put(before)

    def close(self) -> None:
        pass


class Listener:
    """Receives what the speaker gives, and waits for its end."""

    def __init__(self) -> None:
        self.pieces: list[Pcm] = []
        self.rates: set[int] = set()
        self._ends: queue.SimpleQueue[Spoken] = queue.SimpleQueue()

    def on_audio(self, pcm: Pcm, rate: int) -> None:
        self.pieces.append(pcm)
        self.rates.add(rate)

    def on_end(self, end: Spoken) -> None:
        self._ends.put(end)

    @property
    def end(self) -> Spoken:
        return self._ends.get(timeout=20)

    @property
    def ended(self) -> bool:
        return not self._ends.empty()

    @property
    def pcm(self) -> Pcm:
        return np.concatenate(self.pieces)


@pytest.fixture
def cache(tmp_path: Path) -> SpeechCache:
    return SpeechCache(tmp_path / "speech", Rendering(voice="a" * 64, rate=RATE))


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def speaker(engine: ScriptedEngine, cache: SpeechCache) -> Iterator[Speaker]:
    made = Speaker(engine, cache, late_s=0.05, deadline_s=5.0)
    yield made
    made.close()


def say(speaker: Speaker, text: str, generation: int = 1, **options: object) -> Listener:
    listener = Listener()
    speaker.say(text, generation, listener.on_audio, listener.on_end, **options)  # type: ignore[arg-type]
    return listener


@pytest.fixture
def patient(engine: ScriptedEngine, cache: SpeechCache) -> Iterator[Speaker]:
    made = Speaker(engine, cache, late_s=20.0, deadline_s=20.0)
    yield made
    made.close()


def test_sentences_come_in_order_with_a_pause_between_them(speaker: Speaker) -> None:
    heard = say(speaker, "Press hard. Keep on.")
    assert heard.end == Spoken(outcome="finished", sentences=2)
    expected = [pcm_of("Press hard."), np.zeros(PAUSE, np.int16), pcm_of("Keep on.")]
    np.testing.assert_array_equal(heard.pcm, np.concatenate(expected))
    assert heard.rates == {RATE}


def test_cached_sentences_need_no_engine(
    speaker: Speaker, engine: ScriptedEngine, cache: SpeechCache
) -> None:
    cache.put("Press hard.", pcm_of("cached"))
    engine.script = dies
    heard = say(speaker, "Press hard. Press hard.")
    assert heard.end.outcome == "finished"
    assert engine.asked == []
    np.testing.assert_array_equal(heard.pieces[0], pcm_of("cached"))


def test_the_engine_gets_spoken_words_generation_pace_and_deadline(
    speaker: Speaker, engine: ScriptedEngine
) -> None:
    assert say(speaker, "Call 112.", 4, length_scale=1.2).end.outcome == "finished"
    (request,) = engine.asked
    wanted = m.Synthesize(text="Call one one two.", generation=4, length_scale=1.2, deadline_s=5.0)
    assert request == wanted


def test_only_fixed_words_are_kept(
    speaker: Speaker, engine: ScriptedEngine, cache: SpeechCache
) -> None:
    assert say(speaker, "Free words.").end.outcome == "finished"
    assert say(speaker, "Fixed words.", keep=True).end.outcome == "finished"
    assert not cache.has("Free words.")
    np.testing.assert_array_equal(cache.get("Fixed words."), pcm_of("Fixed words."))


def test_a_dead_engine_is_reported_and_the_stock_phrase_still_sounds(
    speaker: Speaker, engine: ScriptedEngine, cache: SpeechCache
) -> None:
    cache.put("Press hard.", pcm_of("Press hard."))
    for sentence in ("My voice is restarting.", "Keep going."):
        cache.put(sentence, pcm_of(sentence))
    engine.script = dies
    end = say(speaker, "Press hard. Free words.").end
    assert end == Spoken(outcome="failed", sentences=1, detail="the engine is restarting")
    assert say(speaker, "My voice is restarting. Keep going.").end.outcome == "finished"


def test_an_engine_that_gives_no_sound_is_late_and_does_not_block_what_follows(
    speaker: Speaker, engine: ScriptedEngine
) -> None:
    engine.script = hangs
    assert say(speaker, "Free words.").end.outcome == "late"
    engine.script = speaks
    assert say(speaker, "More words.").end.outcome == "finished"


def test_cancel_drops_older_utterances_and_spares_newer_ones(
    patient: Speaker, engine: ScriptedEngine
) -> None:
    engine.script = hangs
    running, waiting = say(patient, "One.", 1), say(patient, "Two.", 2)
    engine.reached.wait(20)
    engine.script = speaks
    patient.cancel(before=3)
    assert [running.end.outcome, waiting.end.outcome] == ["cancelled", "cancelled"]
    assert running.pieces == waiting.pieces == []
    assert say(patient, "Three.", 3).end.outcome == "finished"
    assert engine.cancelled.get() == 3


def test_a_text_without_words_just_ends(speaker: Speaker) -> None:
    assert say(speaker, "🙂").end == Spoken(outcome="finished", sentences=0)


def test_closing_ends_what_is_waiting(patient: Speaker, engine: ScriptedEngine) -> None:
    engine.script = hangs
    running, waiting = say(patient, "One."), say(patient, "Two.")
    patient.close()
    assert [running.end.outcome, waiting.end.outcome] == ["cancelled", "cancelled"]


def test_a_cache_that_cannot_be_written_does_not_silence_the_voice(
    speaker: Speaker, cache: SpeechCache, caplog: pytest.LogCaptureFixture
) -> None:
    cache.folder.write_text("a file is in the way")
    assert say(speaker, "Fixed words.", keep=True).end.outcome == "finished"
    assert "speech is not kept" in caplog.text


def test_a_receiver_that_fails_does_not_end_the_speaker(
    speaker: Speaker, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(end: Spoken) -> None:
        raise RuntimeError("receiver")

    speaker.say("One.", 1, lambda pcm, rate: None, broken)
    assert say(speaker, "Two.").end.outcome == "finished"
    assert "error in a receiver of speech" in caplog.text


def test_a_silent_engine_is_given_up_after_its_deadline(engine: ScriptedEngine) -> None:
    engine.script = hangs
    request = m.Synthesize(text="One.", deadline_s=-0.99)
    with pytest.raises(SpeechError, match="no sound after"):
        next(stream(engine, request))
