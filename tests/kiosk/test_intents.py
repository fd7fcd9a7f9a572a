"""What is touched becomes what would have been said; what no page sends is refused."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.hostile import NO_INTENTS
from tests.support.talking import Talk
from voice.dialogue import interface as d
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.kiosk import wire
from voice.kiosk.intents import Intent, Meanings
from voice.observer import Moment


@pytest.fixture(scope="module")
def meanings(content: Content) -> Meanings:
    return Meanings(content)


def touch(talk: Talk, meanings: Meanings, intent: str, text: str = "") -> bool:
    """Touch something; False when that means nothing here."""
    talk.turns += 1
    moment = Moment(talk.state, float(talk.turns), False)
    event = meanings.input(Intent(intent=intent, text=text), moment)
    if event is not None:
        talk.step(event)  # type: ignore[arg-type]
    return event is not None


def test_every_choice_of_every_question_can_be_touched(
    dialogue: Dialogue, meanings: Meanings
) -> None:
    for slug, script in dialogue.content.scripts.items():
        if slug not in dialogue.content.protocols:
            continue
        begun = dialogue.start(slug)
        assert begun.run is not None
        for step in script.steps.values():
            for choice in step.choices:
                place = msgspec.structs.replace(begun.run.place, step=step.id)
                run = msgspec.structs.replace(begun.run, place=place)
                talk = Talk(dialogue, msgspec.structs.replace(begun, run=run))
                assert touch(talk, meanings, f"choice:{choice.name}")
                assert talk.reply.heard == f"choice:{choice.name}", (slug, step.id)


def test_touches_lead_through_a_whole_emergency(dialogue: Dialogue, meanings: Meanings) -> None:
    talk = Talk(dialogue)
    assert touch(talk, meanings, "say", "he is not breathing")
    while talk.place != ("cpr-adult", "breaths"):
        touch(talk, meanings, "next")
    touch(talk, meanings, "choice:yes")
    assert talk.place == ("cpr-adult", "count")
    touch(talk, meanings, "back")
    touch(talk, meanings, "summary")
    assert talk.reply.heard == "command:handover"
    touch(talk, meanings, "stop-beat")
    assert not talk.state.beat
    touch(talk, meanings, "start-beat")
    assert talk.state.beat
    touch(talk, meanings, "new-person")
    assert talk.state.run is None
    assert talk.of(d.Forget)


def test_a_choice_that_is_not_asked_means_nothing(dialogue: Dialogue, meanings: Meanings) -> None:
    talk = Talk(dialogue)
    assert not touch(talk, meanings, "choice:belly")
    talk.say("he is not breathing")
    assert not touch(talk, meanings, "choice:belly")
    assert not touch(talk, meanings, "say", "   ")


def test_what_is_unknown_is_known_to_be(meanings: Meanings) -> None:
    known = ["next", "here", "summary", "say", "close", "new-person", "louder", "mark-shock"]
    assert all(meanings.known(Intent(intent=name)) for name in known)
    assert not any(meanings.known(Intent(intent=name)) for name in ("frobnicate", "mark-last"))


@pytest.mark.parametrize("message", NO_INTENTS)
def test_what_no_page_sends_is_refused(message: bytes) -> None:
    with pytest.raises((msgspec.DecodeError, RecursionError)):
        wire.decode_intent(message)


@given(st.binary(max_size=300))
def test_any_bytes_are_an_intent_or_refused(message: bytes) -> None:
    try:
        intent = wire.decode_intent(message)
    except (msgspec.DecodeError, RecursionError):
        return
    assert len(intent.text) <= 200
