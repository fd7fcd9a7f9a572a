"""Answers from the language model: the dialogue's `AskModel` in, sentences as they are done out.

Whoever drives the dialogue (the loop, `ask`) gives a `deliver` that may be called from any thread.
Every question gets exactly one `ModelEnded` unless it is cancelled or followed by another.
"""

import threading
from collections.abc import Callable
from typing import Literal

import msgspec

from voice.dialogue import prompts
from voice.dialogue.interface import AskModel, Input, ModelEnded, ModelSentence
from voice.dialogue.sentences import SentenceSplitter
from voice.engines.interfaces import Engine, Failed, Generate, Result, Token

MAX_TOKENS = 60
"""Two short sentences."""

Deliver = Callable[[Input], None]


class _Question:
    """One question under way; `open` until its end has been delivered."""

    def __init__(self, request: int, generation: int) -> None:
        self.request = request
        self.generation = generation
        self.splitter = SentenceSplitter()
        self.sentences = 0
        self.timer: threading.Timer | None = None


class AnswerWriter:
    """Has the model answer one question at a time. All methods are thread-safe."""

    def __init__(self, engine: Engine | None, deliver: Deliver) -> None:
        self._engine = engine
        self._deliver = deliver
        self._lock = threading.Lock()
        self._generation = 0
        self._current: _Question | None = None

    def ask(self, question: AskModel) -> None:
        """Put a question; the one before it is dropped."""
        self.cancel()
        engine = self._engine
        if engine is None or engine.state != "ready":
            self._deliver(ModelEnded(t=0.0, request=question.request, reason="failed"))
            return
        with self._lock:
            current = _Question(question.request, self._generation)
            self._current = current
            current.timer = threading.Timer(question.deadline_s, self._late, [current])
            current.timer.daemon = True
            current.timer.start()
        style = msgspec.convert(engine.info["chat_format"], prompts.Style)
        prompt = prompts.answer_prompt(style, question.question, question.passage)
        engine.submit(
            Generate(
                generation=current.generation,
                prefix=prompt.prefix,
                prompt=prompt.text,
                stop=prompt.stop,
                max_tokens=MAX_TOKENS,
            ),
            lambda result: self._on_result(current, result),
        )

    def cancel(self) -> None:
        """Drop the running question; nothing more is said about it."""
        with self._lock:
            self._forget()
            self._generation += 1
            generation = self._generation
        if self._engine is not None:
            self._engine.cancel(generation)

    # --- from the engine's and the timer's threads -------------------------------------------

    def _on_result(self, current: _Question, result: Result) -> None:
        with self._lock:
            if current is not self._current:
                return
            match result:
                case Token(text=text):
                    self._say(current, current.splitter.feed(text))
                case Failed(reason="timeout"):
                    self._finish(current, "late")
                case Failed():
                    self._finish(current, "failed")
                case _:
                    self._say(current, [current.splitter.end()])
                    self._finish(current, "done")

    def _say(self, current: _Question, sentences: list[str]) -> None:
        for sentence in filter(None, (s.strip() for s in sentences)):
            current.sentences += 1
            if current.timer:
                current.timer.cancel()
            self._deliver(ModelSentence(t=0.0, request=current.request, text=sentence))

    def _late(self, current: _Question) -> None:
        """No sentence was there in time: the passage will be spoken instead."""
        with self._lock:
            if current is not self._current or current.sentences:
                return
            self._finish(current, "late")
        if self._engine is not None:
            self._engine.cancel(current.generation + 1)

    def _finish(self, current: _Question, reason: Literal["done", "late", "failed"]) -> None:
        self._forget()
        self._deliver(ModelEnded(t=0.0, request=current.request, reason=reason))

    def _forget(self) -> None:
        if self._current is not None and self._current.timer is not None:
            self._current.timer.cancel()
        self._current = None
