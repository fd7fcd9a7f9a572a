"""Side questions: a fixed answer, the language model's checked words, or the passage itself."""

from typing import Any

import msgspec

from voice.dialogue import draft_acts, guard, words
from voice.dialogue import interface as do
from voice.dialogue.meaning import Asking
from voice.dialogue.passages import Passage
from voice.dialogue.state import Asked
from voice.dialogue.turn import Turn
from voice.events import AnswerEvent, Author, Reason, Rejected


def ask(
    turn: Turn, question: str, asking: Asking, deadline_s: float, *, always: bool, strange: bool
) -> bool:
    """Answer a side question; without `always`, what no passage is about gets no reply when idle.

    A `deadline_s` of 0 means that there is no language model. `strange`: what nothing is known
    about was likely misheard, and is asked for again in a protocol. False: nothing reviewed is
    about it, and something that nobody has reviewed might be.
    """
    turn.heard = "question"
    running = turn.state.run.place.slug if turn.state.run else None
    question = words.printable(question)
    if run := turn.state.run:
        turn.set(run=turn.runner.learn(run, asking.facts))
    if asking.unknown:
        _unknown(turn, always=always, strange=strange)
        return True
    if fixed := asking.answer or turn.passages.answer(question, running):
        topic, found = fixed
        say = turn.content.say(found.say)
        if asking.also:
            say = f"{say} {turn.content.say(asking.also.say)}"
        turn.answer(say, "fixed", topic)
        return True
    if asking.about and running:
        passage: Passage | None = turn.passages.of_lines(running, asking.about)
    else:
        passage = turn.passages.passage(question, running)
    if passage is None:
        return _unknown(turn, always=always, strange=strange)
    if deadline_s <= 0:
        turn.answer(passage.best, "passage", passage.topic)
        _report(turn, "passage", "absent", detail="llm.model is empty")
        return True
    if turn.state.drafting and not turn.state.drafting.lines:
        draft_acts.drop(turn)  # one text is written at a time
    request = turn.state.requests + 1
    turn.set(requests=request, asked=Asked(request, question, passage))
    turn.ask_model(request, question, passage, deadline_s)
    return True


def sentence(turn: Turn, request: int, text: str) -> None:
    """A sentence by the model: speak it if it passes the check, which also bounds the answer."""
    asked = turn.state.asked
    if asked is None or asked.request != request:
        return
    turn.heard = "question"
    if reason := _objection(turn, asked, text):
        turn.set(asked=None)
        turn.do(do.CancelModel())
        _conclude(turn, asked, "rejected", rejected=(Rejected(text, reason),))
        return
    turn.answer(text, "llm", asked.passage.topic, append=bool(asked.said))
    turn.set(asked=msgspec.structs.replace(asked, said=(*asked.said, text)))


def ended(turn: Turn, end: do.ModelEnded) -> None:
    """No more words by the model; the passage speaks if it said nothing."""
    asked = turn.state.asked
    if asked is None or asked.request != end.request:
        return
    turn.heard = "question"
    turn.set(asked=None)
    if end.reason == "done":
        _conclude(turn, asked, "spoken" if asked.said else "empty")
    else:
        _conclude(turn, asked, end.reason, detail=end.detail)


def drop(turn: Turn) -> None:
    """Forget the question that the model is answering."""
    if asked := turn.state.asked:
        turn.set(asked=None)
        turn.do(do.CancelModel())
        _report(turn, "llm" if asked.said else None, "dropped", sentences=len(asked.said))


def _objection(turn: Turn, asked: Asked, text: str) -> str:
    """Why the sentence may not be spoken, or an empty string."""
    protocol = turn.content.protocol(asked.passage.topic)
    never = tuple(item.fact for item in protocol.never)
    verdict = guard.check(text, asked.passage.text, never, asked.question, said_before=asked.said)
    return "" if verdict.ok else verdict.reason


def _conclude(turn: Turn, asked: Asked, reason: Reason, **more: Any) -> None:
    """Have the passage answer what the model did not, and report."""
    by: Author = "llm" if asked.said else "passage"
    if by == "passage":
        turn.answer(asked.passage.best, by, asked.passage.topic)
    _report(turn, by, reason, sentences=len(asked.said), **more)


def _report(turn: Turn, by: Author | None, reason: Reason, **more: Any) -> None:
    event = AnswerEvent(t=turn.now, by=by, reason=reason, **more)
    turn.do(do.Report(event=event))


def _unknown(turn: Turn, *, always: bool, strange: bool) -> bool:
    """Say that nothing reviewed is about it, or, when that is true, ask for it again."""
    run = turn.state.run
    if run is not None and strange:
        turn.phrase("say_again", "clarify")
        return True
    if run is not None:
        standing = turn.runner.script(run).protocol.standing
        text = f"{turn.content.phrase('no_guidance')} {turn.content.say(standing)}"
        turn.say(text, "answer", keep=True)
    elif always:
        turn.no_guidance()
    else:
        turn.none()
    return False
