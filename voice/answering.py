"""Has the language model answer a question or draft steps, and hands its words to the dialogue.

The dialogue asks with `AskModel` or `AskDraft`; here that becomes a request to the engine, and the
engine's tokens become `ModelSentence`s and one `ModelEnded`, or one `ModelDraft`. What comes is
unchecked: the dialogue decides what is spoken. One text is written at a time.
"""

import threading

import msgspec

from voice import pace
from voice.dialogue import drafts, prompts
from voice.dialogue import interface as d
from voice.engines import interfaces as m
from voice.model_text import Answer, Clock, Deliver, DraftText, Text
from voice.pace import Pace

MAX_TOKENS = 64
WHOLE_ANSWER_S = 8.0
"""The second sentence may take longer than the deadline for the first, but not for ever."""
PREFILL_S = 30.0
TRIALS = 2


class AnswerWriter:
    """Writes one text at a time. Methods may be called from any thread and return at once.

    `deliver` is called from the engine's and from timer threads, and must only put its argument
    into an inbox. `now` gives the time of the inputs, in seconds on the input's axis.
    """

    def __init__(self, engine: m.Engine | None, deliver: Deliver, now: Clock = lambda: 0.0) -> None:
        self._engine = engine
        self._deliver = deliver
        self._now = now
        self._lock = threading.Lock()
        self._generation = 0
        self._text: Text | None = None
        self._pace: Pace | None = None

    def warm(self) -> threading.Event:
        """Have a ready engine read the fixed part of all prompts ahead of the first question.

        The event is set when it has, or cannot.
        """
        done = threading.Event()
        engine = self._serving()
        if engine is None:
            done.set()
            return done
        prefix = prompts.prefix(self._style())
        prefill = m.Prefill(generation=self._generation, prefix=prefix, deadline_s=PREFILL_S)
        engine.submit(prefill, lambda _result: done.set())
        return done

    def measure(self) -> None:
        """Find out how fast a ready engine is; from then on what cannot be in time is not begun.

        The quicker of two trials counts, as either may meet a moment when all else works too.
        """
        engine = self._serving()
        if engine is None:
            return
        tried = pace.trial(self._style(), self._generation, PREFILL_S)
        found: list[Pace] = []

        def receive(result: m.Result) -> None:
            if measured := pace.measured(tried, result):
                found.append(measured)
                self._pace = min(found, key=lambda each: each.first_sentence_s(tried.prompt))

        for _ in range(TRIALS):
            engine.submit(tried, receive)

    def ask(self, question: d.AskModel, elapsed_s: float = 0.0) -> None:
        """Begin an answer in place of what was being written; `elapsed_s` of its deadline have
        passed already. It is late at once where the engine is known to be too slow for it.
        """
        prompt = prompts.answer_prompt(self._style(), question.question, question.passage)
        request = m.Generate(
            deadline_s=WHOLE_ANSWER_S,
            prefix=prompt.prefix,
            prompt=prompt.text,
            stop=prompt.stop,
            max_tokens=MAX_TOKENS,
        )
        notes = prompts.notes(question.passage)
        answer = Answer(question.request, self._deliver, self._now, notes)
        left = question.deadline_s - elapsed_s
        if self._pace and (needed := self._pace.first_sentence_s(prompt.text)) > left:
            self.cancel()
            answer.late(f"a sentence takes {needed:.1f} s, {left:.1f} s are left")
            self.measure()  # it may be quicker by the next question
            return
        self._begin(answer, request, left)

    def draft(self, question: d.AskDraft, elapsed_s: float = 0.0) -> None:
        """Begin a draft, in the same way; the prompts for answers are read anew after it."""
        left = question.deadline_s - elapsed_s
        prompt = prompts.draft_prompt(self._style(), question.told)
        request = m.Generate(
            deadline_s=max(left, 0.0) + PREFILL_S,
            prefix=prompt.prefix,
            prompt=prompt.text,
            stop=prompt.stop,
            max_tokens=drafts.MAX_TOKENS,
            schema=drafts.SCHEMA,
        )
        self._begin(DraftText(question.request, self._deliver, self._now), request, left)

    def _begin(self, text: Text, request: m.Generate, left_s: float) -> None:
        """Have the engine write in place of what it was writing."""
        self.cancel()
        engine = self._serving()
        if engine is None:
            state = "absent" if self._engine is None else self._engine.state
            text.fail(f"the language model is {state}")
            return
        with self._lock:
            self._generation += 1
            self._text = text
            request = msgspec.structs.replace(request, generation=self._generation)
        text.start_clock(max(left_s, 0.0), self._drop)
        engine.submit(request, self._receiver(text))

    def cancel(self) -> None:
        """Drop what is being written; nothing more of it is delivered."""
        with self._lock:
            text, self._text = self._text, None
        if text is not None and text.close():
            text.over.set()
            self._drop(text)

    @property
    def first_token(self) -> float | None:
        """When the first word of the latest text came, by the clock of the inputs."""
        text = self._text
        return text.first_token if text else None

    def wait(self, timeout_s: float) -> bool:
        """Wait until nothing is being written; false when it took longer."""
        text = self._text
        return text is None or text.over.wait(timeout_s)

    def _receiver(self, text: Text) -> m.OnResult:
        def receive(result: m.Result) -> None:
            if text.receive(result):
                self._drop(text)

        return receive

    def _drop(self, text: Text) -> None:
        """Stop the engine's work on this text, unless it is at a later one."""
        with self._lock:
            if self._text not in (None, text):
                return
            self._generation += 1
            generation = self._generation
        if self._engine is not None:
            self._engine.cancel(generation)
        if isinstance(text, DraftText):
            self.warm()  # the engine has read another beginning meanwhile

    def _serving(self) -> m.Engine | None:
        """The engine, when it can be asked."""
        return self._engine if self._engine and self._engine.state == "ready" else None

    def _style(self) -> prompts.Style:
        chat = self._engine is not None and self._engine.info.get("chat_format") == "gemma-chat"
        return "gemma-chat" if chat else "completion"
