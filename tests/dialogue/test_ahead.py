"""What may be said soon is known before it is said."""

from typing import Any

import pytest

from tests.support.talking import Talk
from voice.config import Settings
from voice.dialogue import expected
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.interface import Utterance
from voice.dialogue.script import Script
from voice.engines.speech_split import sentences

WALKS = {
    "He's not breathing.": ["next", "next", "next", "yes", "next"],
    "My dad is choking on a piece of meat.": ["no", "next", "next", "he went limp"],
    "I burned my hand on the stove.": ["next", "no", "is ice better", "next"],
    "She was stung by a bee and her face is swelling.": ["next", "yes", "next", "no"],
}


@pytest.mark.parametrize("opening", WALKS)
def test_every_sentence_of_a_reply_was_foreseen(dialogue: Dialogue, opening: str) -> None:
    """All but fixed phrases, which are rendered first of all, and another protocol's answers."""
    talk = Talk(dialogue)
    talk.say(opening)
    fixed = {part for line in dialogue.content.phrases.values() for part in sentences(line)}
    for said in WALKS[opening]:
        foreseen = {p for line in dialogue.ahead(talk.state) for p in sentences(line)}
        reply = talk.say(said)
        assert set(sentences(reply.say)) <= foreseen | fixed, said


def test_the_next_step_comes_before_the_rest(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    talk.say("He's not breathing.")
    soon = list(dialogue.ahead(talk.state))
    following = talk.say("next").say
    assert soon.index(following) <= 2


def test_answers_come_before_the_step_after_the_next(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    talk.say("I burned my hand on the stove.")
    soon = list(dialogue.ahead(talk.state))
    answer = sentences(talk.say("What do I put on it?").say)[0]
    following = [talk.say("next").say for _ in range(2)]
    assert soon.index(following[0]) < soon.index(answer) < soon.index(following[1])


def test_what_may_be_asked_is_worked_out_before_it_is(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Dialogue(content, Settings())
    state = fresh.step(fresh.start(), Utterance(t=0, text="He's not breathing.")).state
    worked_out: list[object] = []
    of_questions = expected.of_questions

    def counted(*given: Any) -> expected.Expected:
        worked_out.append(given)
        return of_questions(*given)

    monkeypatch.setattr(expected, "of_questions", counted)
    next(fresh.ahead(state))
    assert len(worked_out) == 1
    fresh.step(state, Utterance(t=9, text="how deep do I push?"))
    assert len(worked_out) == 1


def test_with_nothing_running_what_threatens_life_is_foreseen(
    content: Content, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh = Dialogue(content, Settings())
    foreseen = {part for line in fresh.ahead(fresh.start()) for part in sentences(line)}
    late: list[str] = []
    of_script = expected.of_script

    def counted(script: Script, *given: Any) -> expected.Expected:
        late.append(script.protocol.id)
        return of_script(script, *given)

    monkeypatch.setattr(expected, "of_script", counted)
    fixed = {part for line in content.phrases.values() for part in sentences(line)}
    for opening in ("He's not breathing.", "My dad is choking on a piece of meat, he's alone."):
        reply = Talk(fresh).say(opening)
        assert set(sentences(reply.say)) <= foreseen | fixed
    assert late == []
