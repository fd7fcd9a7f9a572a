"""The dialogue in text: carries out its effects without audio, one reply a turn."""

import queue
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec

from voice.config import Settings
from voice.dialogue import interface as d
from voice.dialogue.dialogue import Dialogue
from voice.engines.host import WorkerHost
from voice.errors import UserError
from voice.events import Reply

if TYPE_CHECKING:
    from voice.answering import AnswerWriter

_LOAD_S = 180.0
_SILENCE_S = 20.0
"""An answer that has not moved for so long will not come; its own deadline is far shorter."""


class LazyModel:
    """The language model, started at the first question that needs it. One thread uses it."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._inbox: queue.SimpleQueue[d.Input] = queue.SimpleQueue()
        self._host: WorkerHost | None = None
        self._writer: AnswerWriter | None = None

    def ask(self, question: d.AskModel | d.AskDraft) -> None:
        """Put the question; `next` gives what comes of it."""
        if self._writer is None:
            from voice.answering import AnswerWriter

            self._host = self._start()
            self._writer = AnswerWriter(self._host, self._inbox.put)
            self._writer.warm().wait(_LOAD_S)
        self.cancel()
        if isinstance(question, d.AskDraft):
            self._writer.draft(question)
        else:
            self._writer.ask(question)

    def cancel(self) -> None:
        """Drop the running question and what it has said: numbers begin anew in the next talk."""
        if self._writer:
            self._writer.cancel()
        while not self._inbox.empty():
            self._inbox.get()

    def next(self, request: int) -> d.Input:
        """Wait for the next sentence, the draft, or the end, that this request leads to."""
        while True:
            try:
                event = self._inbox.get(timeout=_SILENCE_S)
            except queue.Empty:
                return d.ModelEnded(t=0.0, request=request, reason="failed")
            if isinstance(event, d.Written) and event.request == request:
                return event

    def close(self) -> None:
        """End the worker, if it was started."""
        if self._host:
            self._host.close()

    def _start(self) -> WorkerHost | None:
        """Start the worker and wait until it has loaded, so that no deadline pays for that."""
        from voice.engines import roster

        try:
            missing = roster.llm_absent(self._settings)
            spec = None if missing else roster.llm(self._settings)
        except UserError as error:
            missing, spec = str(error), None
        if spec is None:
            print(f"note: answering from passages alone: {missing}", file=sys.stderr)
            return None
        host = WorkerHost(spec, lambda state, pid, detail: None)
        host.start()
        host.wait(_LOAD_S)
        return host


class Conversation:
    """One conversation in text; typed words count as certain and timers do not fire."""

    def __init__(self, dialogue: Dialogue, model: LazyModel, protocol: str | None = None) -> None:
        self._dialogue = dialogue
        self._model = model
        self._state = dialogue.start(protocol)
        self._turns = 0

    def turn(self, text: str, confidence: float = 1.0) -> Reply:
        """Say something and get the reply."""
        self._turns += 1
        utterance = d.Utterance(t=float(self._turns), text=text, confidence=confidence)
        replies = self._step(utterance)
        while (request := self._waiting_for) is not None:
            replies += self._step(self._model.next(request))
        return _joined(replies)

    @property
    def _waiting_for(self) -> int | None:
        """The request that the model is working on."""
        if self._state.asked is not None:
            return self._state.asked.request
        drafting = self._state.drafting
        return drafting.request if drafting and not drafting.lines else None

    def _step(self, event: d.Input) -> list[Reply]:
        outcome = self._dialogue.step(self._state, event)
        self._state = outcome.state
        for effect in outcome.effects:
            if isinstance(effect, d.AskModel | d.AskDraft):
                self._model.ask(effect)
            elif isinstance(effect, d.CancelModel):
                self._model.cancel()
        return [effect.reply for effect in outcome.effects if isinstance(effect, d.Say)]


def _joined(replies: Sequence[Reply]) -> Reply:
    """All that was said in one turn as one reply, which tells where the last of it leads."""
    text = " ".join(reply.say for reply in replies if reply.say)
    return msgspec.structs.replace(replies[-1], heard=replies[0].heard, say=text)
