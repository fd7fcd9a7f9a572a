"""Has the language model answer a question, and hands its sentences to the dialogue.

The dialogue asks with `AskModel`; here that becomes a request to the engine, and the engine's
tokens become `ModelSentence`s and one `ModelEnded`. What comes is unchecked: the dialogue's guard
decides what is spoken. One answer is written at a time.
"""

import threading
from collections.abc import Callable
from typing import Literal

from voice.dialogue import interface as d
from voice.dialogue import prompts
from voice.dialogue.sentences import SentenceSplitter
from voice.engines import interfaces as m

MAX_SENTENCES = 2
MAX_TOKENS = 64
WHOLE_ANSWER_S = 8.0
"""The second sentence may take longer than the deadline for the first, but not for ever."""
PREFILL_S = 30.0

Deliver = Callable[[d.ModelSentence | d.ModelEnded], None]
Clock = Callable[[], float]


class AnswerWriter:
    """Writes one answer at a time. Methods may be called from any thread and return at once.

    `deliver` is called from the engine's and from timer threads, and must only put its argument
    into an inbox. `now` gives the time of the inputs, in seconds on the input's axis.
    """

    def __init__(self, engine: m.Engine | None, deliver: Deliver, now: Clock = lambda: 0.0) -> None:
        self._engine = engine
        self._deliver = deliver
        self._now = now
        self._lock = threading.Lock()
        self._generation = 0
        self._answer: _Answer | None = None

    def warm(self) -> threading.Event:
        """Have a ready engine read the fixed part of all prompts ahead of the first question.

        The event is set when it has, or cannot.
        """
        done = threading.Event()
        if self._engine is None or self._engine.state != "ready":
            done.set()
            return done
        prefix = prompts.prefix(self._style())
        prefill = m.Prefill(generation=self._generation, prefix=prefix, deadline_s=PREFILL_S)
        self._engine.submit(prefill, lambda _result: done.set())
        return done

    def ask(self, question: d.AskModel, elapsed_s: float = 0.0) -> None:
        """Begin an answer in place of the last; `elapsed_s` of its deadline have passed already."""
        self.cancel()
        answer = _Answer(question.request, self._deliver, self._now)
        if self._engine is None or self._engine.state != "ready":
            state = "absent" if self._engine is None else self._engine.state
            answer.fail(f"the language model is {state}")
            return
        with self._lock:
            self._generation += 1
            self._answer = answer
            generation = self._generation
        answer.start_clock(max(question.deadline_s - elapsed_s, 0.0), self._drop)
        self._engine.submit(self._request(question, generation), self._receiver(answer))

    def cancel(self) -> None:
        """Drop the answer being written; nothing more of it is delivered."""
        with self._lock:
            answer, self._answer = self._answer, None
        if answer is not None and answer.close():
            answer.over.set()
            self._drop(answer)

    @property
    def first_token(self) -> float | None:
        """When the first word of the latest answer came, by the clock of the inputs."""
        answer = self._answer
        return answer.first_token if answer else None

    def wait(self, timeout_s: float) -> bool:
        """Wait until no answer is being written; false when it took longer."""
        answer = self._answer
        return answer is None or answer.over.wait(timeout_s)

    def _request(self, question: d.AskModel, generation: int) -> m.Generate:
        prompt = prompts.answer_prompt(self._style(), question.question, question.passage)
        return m.Generate(
            generation=generation,
            deadline_s=WHOLE_ANSWER_S,
            prefix=prompt.prefix,
            prompt=prompt.text,
            stop=prompt.stop,
            max_tokens=MAX_TOKENS,
        )

    def _receiver(self, answer: "_Answer") -> m.OnResult:
        def receive(result: m.Result) -> None:
            if answer.receive(result):
                self._drop(answer)

        return receive

    def _drop(self, answer: "_Answer") -> None:
        """Stop the engine's work on this answer, unless it is at a later one."""
        with self._lock:
            if self._answer not in (None, answer):
                return
            self._generation += 1
            generation = self._generation
        if self._engine is not None:
            self._engine.cancel(generation)

    def _style(self) -> prompts.Style:
        chat = self._engine is not None and self._engine.info.get("chat_format") == "gemma-chat"
        return "gemma-chat" if chat else "completion"


class _Answer:
    """One answer on its way: sentences in order, then one end; silence once it is closed."""

    def __init__(self, request: int, deliver: Deliver, now: Clock) -> None:
        self._request = request
        self._deliver = deliver
        self._now = now
        self._splitter = SentenceSplitter()
        self._lock = threading.Lock()
        self._open = True
        self._sentences = 0
        self._tokens = 0
        self._timer: threading.Timer | None = None
        self.over = threading.Event()
        self.first_token: float | None = None

    def start_clock(self, seconds: float, on_late: Callable[["_Answer"], None]) -> None:
        """End the answer as late, and call `on_late`, unless a sentence comes in time."""

        def late() -> None:
            if self._end("late", f"{self._tokens} tokens came in time", only_unspoken=True):
                on_late(self)

        self._timer = threading.Timer(seconds, late)
        self._timer.daemon = True
        self._timer.start()

    def receive(self, result: m.Result) -> bool:
        """Take what the engine says; true when it has said enough and should stop."""
        match result:
            case m.Token(text=text):
                self._tokens += 1
                if self.first_token is None:
                    self.first_token = self._now()
                for sentence in self._splitter.feed(text):
                    self._say(sentence)
                return self._sentences >= MAX_SENTENCES and self._end("done")
            case m.Done():
                rest = self._splitter.end()
                if rest.rstrip().endswith((".", "!")):  # else it was cut off in the middle
                    self._say(rest)
                self._end("done")
            case m.Failed(reason=reason, detail=detail):
                self._end("failed", ": ".join(filter(None, (reason, *detail.splitlines()[:1]))))
        return False

    def fail(self, why: str) -> None:
        """End the answer before it began."""
        self._end("failed", why)

    def close(self) -> bool:
        """Deliver nothing more; false when the answer was over already."""
        return self._close(only_unspoken=False)

    def _say(self, sentence: str) -> None:
        with self._lock:
            if not self._open or self._sentences >= MAX_SENTENCES:
                return
            self._sentences += 1
        text = sentence.strip()
        self._deliver(d.ModelSentence(t=self._now(), request=self._request, text=text))

    def _end(
        self,
        reason: Literal["done", "late", "failed"],
        detail: str = "",
        only_unspoken: bool = False,
    ) -> bool:
        if not self._close(only_unspoken):
            return False
        end = d.ModelEnded(t=self._now(), request=self._request, reason=reason, detail=detail)
        self._deliver(end)
        self.over.set()
        return True

    def _close(self, only_unspoken: bool) -> bool:
        with self._lock:
            if not self._open or (only_unspoken and self._sentences):
                return False
            self._open = False
        if self._timer:
            self._timer.cancel()
        return True
