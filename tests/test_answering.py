"""The writer of answers, with a scripted engine and with the real one in its own process."""

import os
import queue
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support import tiny_gguf
from tests.support.asking import ask
from voice import pace
from voice.answering import AnswerWriter
from voice.config import Settings
from voice.dialogue.interface import AskDraft, AskModel, ModelDraft, ModelEnded, ModelSentence
from voice.engines.host import WorkerHost, WorkerSpec
from voice.engines.interfaces import Done, Failed, Generate, OnResult, Prefill, Request, Token
from voice.events import EngineState
from voice.model_text import MAX_SENTENCES

pytestmark = pytest.mark.alone

PASSAGE = "Leave blisters whole.\nCool the burn under cool running water for twenty minutes."
Delivered = ModelSentence | ModelDraft | ModelEnded
PATIENCE_S = 60.0


def question(request: int = 1, deadline_s: float = PATIENCE_S) -> AskModel:
    text = "should I pop the blister"
    return AskModel(request=request, question=text, passage=PASSAGE, deadline_s=deadline_s)


class ScriptedEngine:
    """Implements `interfaces.Engine`; the test says what it answers and when."""

    def __init__(self, state: EngineState = "ready", style: str = "completion") -> None:
        self.name = "llm"
        self.info: dict[str, float | int | str] = {"chat_format": style}
        self.state: EngineState = state
        self.busy = False
        self.requests: list[Request] = []
        self.dropped_before = 0
        self._receivers: list[OnResult] = []

    def submit(self, request: Request, on_result: OnResult) -> int:
        self.requests.append(request)
        self._receivers.append(on_result)
        return len(self.requests)

    def cancel(self, before: int) -> None:
        self.dropped_before = before

    def close(self) -> None:
        self.state = "stopped"

    def says(self, *texts: str, done: bool = False, number: int = -1) -> None:
        for text in texts:
            self._receivers[number](Token(id=1, generation=1, text=text))
        if done:
            self._receivers[number](Done(id=1, generation=1))

    def tried(self, first_s: float, a_token_s: float, number: int = -1) -> None:
        """End a request, the latest by default, as the real worker does, with its times."""
        seconds = first_s + 3 * a_token_s
        info: dict[str, float | int | str]
        info = {"first_token_s": first_s, "seconds": seconds, "tokens": 4}
        self._receivers[number](Done(id=1, generation=1, info=info))

    def fails(self) -> None:
        self._receivers[-1](Failed(id=1, generation=1, reason="died"))


class Inbox:
    def __init__(self) -> None:
        self._queue: queue.SimpleQueue[Delivered] = queue.SimpleQueue()

    def __call__(self, item: Delivered) -> None:
        self._queue.put(item)

    def now(self) -> list[str]:
        """What has been delivered: sentences as their text, ends as their reason."""
        found = []
        while not self._queue.empty():
            item = self._queue.get()
            found.append(f"<{item.reason}>" if isinstance(item, ModelEnded) else item.text)
        return found

    def next(self) -> Delivered:
        return self._queue.get(timeout=PATIENCE_S)


@pytest.fixture
def engine() -> ScriptedEngine:
    return ScriptedEngine()


@pytest.fixture
def inbox() -> Inbox:
    return Inbox()


def test_sentences_come_one_by_one_and_then_one_end(engine: ScriptedEngine, inbox: Inbox) -> None:
    writer = AnswerWriter(engine, inbox)
    writer.ask(question())
    engine.says(" Leave", " it.")
    assert inbox.now() == []
    engine.says(" Cool")
    assert inbox.now() == ["Leave it."]
    engine.says(" it.", done=True)
    assert inbox.now() == ["Cool it.", "<done>"]
    assert writer.wait(0.0)


def test_a_sentence_that_can_only_become_one_of_the_notes_is_not_waited_for(
    engine: ScriptedEngine, inbox: Inbox
) -> None:
    writer = AnswerWriter(engine, inbox)
    writer.ask(question())
    engine.says(" Cool")
    assert inbox.now() == []  # one word says too little
    engine.says(" the")
    assert inbox.now() == ["Cool the burn under cool running water for twenty minutes."]
    engine.says(" burn under cool running water for twenty minutes.")
    assert inbox.now() == []
    engine.says(" Leave bl")
    assert inbox.now() == ["Leave blisters whole.", "<done>"]
    assert writer.wait(0.0)


def test_what_may_still_become_two_of_the_notes_is_waited_for(inbox: Inbox) -> None:
    engine = ScriptedEngine()
    asked = msgspec.structs.replace(question(), passage="Do not run.\nDo not eat.\nSit down.")
    AnswerWriter(engine, inbox).ask(asked)
    engine.says(" Do not")
    assert inbox.now() == []
    engine.says(" e")
    assert inbox.now() == ["Do not eat."]
    engine.says("at.", done=True)
    assert inbox.now() == ["<done>"]


def test_answer_ends_after_its_last_sentence_and_the_engine_is_stopped(
    engine: ScriptedEngine, inbox: Inbox
) -> None:
    AnswerWriter(engine, inbox).ask(question())
    engine.says(" One. Two. Three. Four.")
    assert inbox.now() == ["One.", "Two.", "<done>"]
    assert engine.dropped_before > engine.requests[0].generation
    engine.says(" Five. ", done=True)
    assert inbox.now() == []
    assert MAX_SENTENCES == 2


def test_words_cut_off_in_the_middle_are_left_out(engine: ScriptedEngine, inbox: Inbox) -> None:
    AnswerWriter(engine, inbox).ask(question())
    engine.says(" Cool it. Do not", done=True)
    assert inbox.now() == ["Cool it.", "<done>"]


@pytest.mark.parametrize("state", ["loading", "failed", "restarting", "stopped"])
def test_engine_that_is_not_ready_fails_at_once(state: EngineState, inbox: Inbox) -> None:
    engine = ScriptedEngine(state)
    writer = AnswerWriter(engine, inbox)
    writer.ask(question())
    assert inbox.now() == ["<failed>"]
    assert engine.requests == []
    assert writer.wait(0.0)


def test_absent_engine_fails_at_once(inbox: Inbox) -> None:
    AnswerWriter(None, inbox).ask(question())
    assert inbox.now() == ["<failed>"]


def test_engine_that_dies_ends_the_answer(engine: ScriptedEngine, inbox: Inbox) -> None:
    AnswerWriter(engine, inbox).ask(question())
    engine.says(" Leave it. Cool")
    engine.fails()
    assert inbox.now() == ["Leave it.", "<failed>"]


def test_no_sentence_in_time_is_late_and_drops_the_request(
    engine: ScriptedEngine, inbox: Inbox
) -> None:
    writer = AnswerWriter(engine, inbox)
    writer.ask(question(deadline_s=0.01))
    end = inbox.next()
    assert isinstance(end, ModelEnded)
    assert (end.request, end.reason) == (1, "late")
    assert writer.wait(PATIENCE_S)
    engine.says(" Too late. ", done=True)
    assert inbox.now() == []


def test_time_that_has_passed_counts(engine: ScriptedEngine, inbox: Inbox) -> None:
    AnswerWriter(engine, inbox).ask(question(deadline_s=5.0), elapsed_s=6.0)
    end = inbox.next()
    assert isinstance(end, ModelEnded)
    assert end.reason == "late"


def test_deadline_is_for_the_first_sentence_only(engine: ScriptedEngine, inbox: Inbox) -> None:
    timers = set(threading.enumerate())
    AnswerWriter(engine, inbox).ask(question(deadline_s=0.3))
    engine.says(" Leave it. Cool")
    for timer in set(threading.enumerate()) - timers:
        timer.join(PATIENCE_S)
    engine.says(" it.", done=True)
    assert inbox.now() == ["Leave it.", "Cool it.", "<done>"]


def test_cancel_silences_the_answer_and_stops_the_engine(
    engine: ScriptedEngine, inbox: Inbox
) -> None:
    writer = AnswerWriter(engine, inbox)
    writer.ask(question())
    writer.cancel()
    assert engine.dropped_before > engine.requests[0].generation
    engine.says(" Leave it. ", done=True)
    assert inbox.now() == []
    assert writer.wait(0.0)
    writer.cancel()


def test_new_question_takes_the_place_of_the_last(engine: ScriptedEngine, inbox: Inbox) -> None:
    writer = AnswerWriter(engine, inbox)
    writer.ask(question(1))
    writer.ask(question(2))
    first, second = (request.generation for request in engine.requests)
    assert first < engine.dropped_before <= second
    engine.says(" Old. ", done=True, number=0)
    engine.says(" New.", done=True)
    assert inbox.next() == ModelSentence(t=0.0, request=2, text="New.")
    assert inbox.next() == ModelEnded(t=0.0, request=2, reason="done")


def test_inputs_carry_the_time_of_the_clock_given(engine: ScriptedEngine, inbox: Inbox) -> None:
    AnswerWriter(engine, inbox, now=lambda: 12.5).ask(question())
    engine.says(" Leave it.", done=True)
    assert inbox.next().t == 12.5


@pytest.mark.parametrize("style", ["completion", "gemma-chat"])
def test_prompt_has_the_style_of_the_model_that_is_loaded(style: str, inbox: Inbox) -> None:
    engine = ScriptedEngine(style=style)
    writer = AnswerWriter(engine, inbox)
    writer.warm()
    writer.ask(question())
    prefill, generate = engine.requests
    assert isinstance(prefill, Prefill)
    assert isinstance(generate, Generate)
    assert generate.prefix == prefill.prefix
    assert generate.prompt.endswith("model\n") == (style == "gemma-chat")
    writer.cancel()


def test_an_engine_known_to_be_too_slow_is_not_waited_for(
    engine: ScriptedEngine, inbox: Inbox
) -> None:
    writer = AnswerWriter(engine, inbox)
    writer.measure()
    engine.tried(first_s=0.4, a_token_s=0.04)
    writer.ask(question(1, deadline_s=0.4))
    end = inbox.next()
    assert isinstance(end, ModelEnded)
    assert (end.request, end.reason) == (1, "late")
    assert "0.4 s are left" in end.detail
    writer.ask(question(2, deadline_s=5.0))
    engine.says(" Leave it.", done=True)
    assert inbox.now() == ["Leave it.", "<done>"]


def test_the_quicker_of_two_trials_counts(engine: ScriptedEngine, inbox: Inbox) -> None:
    writer = AnswerWriter(engine, inbox)
    writer.measure()
    engine.tried(first_s=0.04, a_token_s=0.004, number=0)
    engine.tried(first_s=4.0, a_token_s=0.4, number=1)
    writer.ask(question(1, deadline_s=0.6))
    engine.says(" Leave it.", done=True)
    assert inbox.now() == ["Leave it.", "<done>"]


def test_an_engine_that_was_too_slow_is_tried_again(engine: ScriptedEngine, inbox: Inbox) -> None:
    writer = AnswerWriter(engine, inbox)
    writer.measure()
    engine.tried(first_s=4.0, a_token_s=0.4)
    writer.ask(question(1, deadline_s=0.6))
    engine.tried(first_s=0.04, a_token_s=0.004)
    writer.ask(question(2, deadline_s=0.6))
    engine.says(" Leave it.", done=True)
    assert inbox.now() == ["<late>", "Leave it.", "<done>"]


def test_a_trial_that_fails_tells_nothing(engine: ScriptedEngine, inbox: Inbox) -> None:
    writer = AnswerWriter(engine, inbox)
    writer.measure()
    engine.fails()
    writer.ask(question(1, deadline_s=0.3))
    engine.says(" Leave it.", done=True)
    assert inbox.now() == ["Leave it.", "<done>"]


# --- drafts ----------------------------------------------------------------------------------


def draft(deadline_s: float = PATIENCE_S) -> AskDraft:
    return AskDraft(request=7, told="a tongue stuck to a pole", deadline_s=deadline_s)


def test_a_draft_comes_whole_and_the_answers_prefix_is_read_again(
    engine: ScriptedEngine, inbox: Inbox
) -> None:
    AnswerWriter(engine, inbox).draft(draft())
    (request,) = engine.requests
    assert isinstance(request, Generate)
    assert request.schema
    assert "stuck to a pole" in request.prompt
    engine.says('{"steps": ["Keep', ' still."]}')
    assert inbox.now() == []
    engine.says(done=True)
    assert inbox.next() == ModelDraft(t=0.0, request=7, text='{"steps": ["Keep still."]}')
    assert isinstance(engine.requests[-1], Prefill)


def test_a_late_draft_ends_and_stops_the_engine(engine: ScriptedEngine, inbox: Inbox) -> None:
    AnswerWriter(engine, inbox).draft(draft(0.05))
    engine.says('{"steps": [')
    end = inbox.next()
    assert isinstance(end, ModelEnded)
    assert (end.request, end.reason, end.detail) == (7, "late", "1 tokens came in time")
    assert engine.dropped_before > engine.requests[0].generation
    engine.says("]}", done=True, number=0)
    assert inbox.now() == []


def test_a_question_takes_the_place_of_a_draft(engine: ScriptedEngine, inbox: Inbox) -> None:
    writer = AnswerWriter(engine, inbox)
    writer.draft(draft())
    writer.ask(question(8))
    engine.says('{"steps": []}', done=True, number=0)
    assert inbox.now() == []
    engine.says(" Leave it.", done=True)
    assert inbox.now() == ["Leave it.", "<done>"]


def test_an_engine_that_is_not_there_drafts_nothing(inbox: Inbox) -> None:
    AnswerWriter(None, inbox).draft(draft())
    assert inbox.now() == ["<failed>"]


# --- real engines ----------------------------------------------------------------------------


def host_of(path: Path, **options: object) -> WorkerHost:
    spec = WorkerSpec(
        name="llm",
        module="voice.engines.gguf_worker",
        options={"model_path": str(path), **options},
        env={"OMP_WAIT_POLICY": "PASSIVE"},
    )
    host = WorkerHost(spec, lambda *_: None)
    host.start()
    return host


@pytest.fixture(scope="module")
def gemma() -> Iterator[WorkerHost]:
    folder = Settings().cache_dir() / "gemma-3-270m"
    host = host_of(folder / "gemma-3-270m-q4_k_m.gguf")
    yield host
    host.close()


def test_embedded_model_answers_from_the_passage(gemma: WorkerHost, inbox: Inbox) -> None:
    assert gemma.wait(PATIENCE_S) == "ready"
    writer = AnswerWriter(gemma, inbox)
    writer.warm()
    writer.ask(question())
    assert writer.wait(PATIENCE_S)
    assert inbox.now()[0] == "Leave blisters whole."


def test_embedded_model_is_measured(gemma: WorkerHost) -> None:
    assert gemma.wait(PATIENCE_S) == "ready"
    tried = pace.trial("completion", 0, PATIENCE_S)
    found = pace.measured(tried, ask(gemma, tried).end())
    assert found is not None
    longer = found.first_sentence_s(2 * tried.prompt)
    assert 0.0 < found.first_sentence_s(tried.prompt) < longer < PATIENCE_S


def test_chat_model_streams_through_the_same_writer(tmp_path: Path, inbox: Inbox) -> None:
    path = tiny_gguf.write_model(tmp_path / "tiny.gguf", context=4096)
    host = host_of(path, context=4096, style="gemma-chat")
    try:
        assert host.wait(PATIENCE_S) == "ready"
        writer = AnswerWriter(host, inbox)
        writer.ask(question())
        assert writer.wait(PATIENCE_S)
        assert inbox.now()[-1] == "<done>"
    finally:
        host.close()


def test_hung_engine_is_late_and_a_killed_one_fails(tmp_path: Path, inbox: Inbox) -> None:
    host = host_of(tiny_gguf.write_model(tmp_path / "tiny.gguf", context=4096), context=4096)
    try:
        assert host.wait(PATIENCE_S) == "ready"
        writer = AnswerWriter(host, inbox)
        assert host.pid is not None
        os.kill(host.pid, signal.SIGSTOP)
        writer.ask(question(1, deadline_s=0.1))
        end = inbox.next()
        assert isinstance(end, ModelEnded)
        assert end.reason == "late"
        writer.ask(question(2))
        os.kill(host.pid, signal.SIGKILL)
        end = ModelEnded(t=0.0, request=2, reason="failed", detail="died: killed by SIGKILL")
        assert inbox.next() == end
    finally:
        host.close()
