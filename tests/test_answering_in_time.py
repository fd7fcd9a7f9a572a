"""Whatever the language model does, a question is answered in time, and the log says by whom."""

import queue
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from tests.support.asking import ask, until
from tests.support.real_content import loaded
from voice.answering import AnswerWriter
from voice.config import Settings
from voice.dialogue import interface as d
from voice.dialogue.dialogue import Dialogue
from voice.engines.host import WorkerHost, WorkerSpec
from voice.engines.interfaces import Done, Engine, Prefill
from voice.events import AnswerEvent, Reply

pytestmark = pytest.mark.alone

QUESTION = "should I say the time out loud?"
PASSAGE = "Say the time out loud. Write it down."
WITHIN_S = 1.2
"""From the question's last word to the first words of an answer."""
HEARD_AFTER_S = 0.5
"""How long the end of the turn and its recognition take at that."""
PATIENCE_S = 30.0


@pytest.fixture(scope="module")
def order(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model") / "order"


@pytest.fixture(scope="module")
def model(order: Path) -> Iterator[WorkerHost]:
    options = {"order": str(order)}
    spec = WorkerSpec(name="llm", module="tests.support.slow_model", options=options, unwind_s=0.5)
    host = WorkerHost(spec, lambda *_: None)
    host.start()
    yield host
    host.close()


@pytest.fixture(scope="module")
def dialogue() -> Dialogue:
    """As the loop has it by the time of a question: what may be heard has been worked out."""
    dialogue = Dialogue(loaded(), Settings())
    list(dialogue.ahead(dialogue.start("severe-bleeding")))
    return dialogue


def prepare(model: WorkerHost, order: Path, does: str) -> None:
    """Wait until the model serves again after what it did before, and say what it does next."""
    order.write_text(does)
    until(lambda: isinstance(ask(model, Prefill(prefix="")).end(), Done), "the model serves")


class Exchange:
    """One question, asked as the loop asks it; `answers` are what was said and when."""

    def __init__(self, dialogue: Dialogue, engine: Engine | None) -> None:
        self._inbox: queue.SimpleQueue[d.Input] = queue.SimpleQueue()
        self._writer = AnswerWriter(engine, self._inbox.put)
        self._state = dialogue.start("severe-bleeding")
        self._dialogue = dialogue
        self._last_word = time.monotonic() - HEARD_AFTER_S
        self.answers: list[tuple[float, Reply]] = []
        self.report: AnswerEvent | None = None

    def ask(self) -> AnswerEvent:
        """Ask, and give the report that ends it."""
        self._step(d.Utterance(t=0.0, text=QUESTION))
        while self.report is None:
            self._step(self._inbox.get(timeout=PATIENCE_S))
        return self.report

    def _step(self, event: d.Input) -> None:
        outcome = self._dialogue.step(self._state, event)
        self._state = outcome.state
        since = time.monotonic() - self._last_word
        for effect in outcome.effects:
            match effect:
                case d.AskModel():
                    self._writer.ask(effect, elapsed_s=since)
                case d.CancelModel():
                    self._writer.cancel()
                case d.Say(reply=reply):
                    self.answers.append((since, reply))
                case d.Report(event=report):
                    self.report = report


@pytest.mark.parametrize(
    ("does", "reason", "detail"),
    [
        ("3 Say the time out loud and write it down.", "late", "tokens came in time"),
        ("hang", "late", "0 tokens"),
        ("die", "failed", "died: killed by SIGKILL"),
        ("raise", "failed", "error: RuntimeError: out of memory"),
        ("1000 Press hard on the", "empty", ""),
    ],
    ids=lambda value: str(value).split(" ")[0],
)
def test_the_passage_answers_in_time_and_the_log_says_why(
    dialogue: Dialogue, model: WorkerHost, order: Path, does: str, reason: str, detail: str
) -> None:
    prepare(model, order, does)
    exchange = Exchange(dialogue, model)
    report = exchange.ask()
    ((seconds, reply),) = exchange.answers
    assert (reply.by, reply.say) == ("passage", PASSAGE)
    assert seconds <= WITHIN_S
    assert (report.by, report.reason, report.sentences) == ("passage", reason, 0)
    assert detail in report.detail
    assert "\n" not in report.detail


def test_a_model_that_is_not_there_costs_no_time(dialogue: Dialogue) -> None:
    exchange = Exchange(dialogue, None)
    report = exchange.ask()
    ((seconds, reply),) = exchange.answers
    assert (reply.by, report.reason) == ("passage", "failed")
    assert report.detail == "the language model is absent"
    assert seconds <= HEARD_AFTER_S + 0.3


def test_a_worker_that_starts_again_costs_no_time(
    dialogue: Dialogue, model: WorkerHost, order: Path
) -> None:
    prepare(model, order, "die")
    Exchange(dialogue, model).ask()
    report = Exchange(dialogue, model).ask()
    assert report.by == "passage"
    assert report.detail == "the language model is restarting"


def test_without_a_model_in_the_profile_the_log_says_so(dialogue: Dialogue) -> None:
    settings = Settings(llm=msgspec.structs.replace(Settings().llm, model=""))
    report = Exchange(Dialogue(dialogue.content, settings), None).ask()
    assert (report.by, report.reason, report.detail) == ("passage", "absent", "llm.model is empty")


def test_sentences_that_fail_the_check_are_in_the_log_with_their_reasons(
    dialogue: Dialogue, model: WorkerHost, order: Path
) -> None:
    prepare(model, order, "1000 Say the time out loud. Loosen the tourniquet after an hour. So.")
    exchange = Exchange(dialogue, model)
    report = exchange.ask()
    assert [reply.say for _, reply in exchange.answers] == ["Say the time out loud."]
    assert (report.by, report.reason, report.sentences) == ("llm", "rejected", 1)
    (rejected,) = report.rejected
    assert rejected.text == "Loosen the tourniquet after an hour."
    assert rejected.reason


def test_a_good_answer_is_in_the_log_as_the_models(
    dialogue: Dialogue, model: WorkerHost, order: Path
) -> None:
    prepare(model, order, "1000 Say the time out loud.")
    exchange = Exchange(dialogue, model)
    report = exchange.ask()
    assert [reply.by for _, reply in exchange.answers] == ["llm"]
    assert (report.by, report.reason, report.sentences) == ("llm", "spoken", 1)
    line = msgspec.json.decode(msgspec.json.encode(report))
    assert line["type"] == "answer"
