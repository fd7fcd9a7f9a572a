"""One person after the other: still there, anew, and on after a power cut."""

import msgspec
import pytest

from tests.support.talking import Talk
from voice.dialogue import gaps
from voice.dialogue import interface as d
from voice.dialogue.coach import Coach
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import Resumed, State


@pytest.fixture
def pushing(dialogue: Dialogue) -> Talk:
    talk = Talk(dialogue)
    talk.say("he is not breathing")
    while talk.place != ("cpr-adult", "recoil"):
        talk.say("next")
    assert talk.state.beat
    return talk


def forgot(talk: Talk) -> bool:
    """Whether nothing is left but the coach's clock and a number."""
    kept = State(requests=talk.state.requests, coach=Coach(quiet_from=talk.state.coach.quiet_from))
    return bool(talk.of(d.Forget)) and talk.state == kept


def test_a_new_person_begins_with_nothing(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    talk.say("she burnt her hand")
    reply = talk.say("new person")
    assert reply.say == "Tell me what has happened."
    assert forgot(talk)
    assert talk.say("repeat").heard == "command:repeat"
    assert "burn" not in talk.say("summary").say.lower()


def test_while_the_beat_sounds_a_heard_new_person_is_asked_back(pushing: Talk) -> None:
    place = pushing.place
    assert pushing.say("new person").say == "Forget everything, for a new person?"
    assert pushing.state.beat
    pushing.say("no")
    assert (pushing.place, pushing.state.beat) == (place, True)
    pushing.say("new person")
    pushing.say("yes")
    assert forgot(pushing)
    assert [beat.on for beat in pushing.of(d.Beat)] == [False]


def test_a_long_press_is_beyond_doubt(pushing: Talk) -> None:
    pushing.step(d.NewPerson(t=99.0))
    assert forgot(pushing)
    assert {timer.name for timer in pushing.of(d.CancelTimer)} == {"step", "coach"}
    assert pushing.of(d.StopSpeaking)


def test_nobody_there_is_forgotten_silently(pushing: Talk) -> None:
    pushing.step(d.NewPerson(t=99.0, silent=True))
    assert forgot(pushing)
    assert not pushing.of(d.Say)


def test_still_there_is_answered_by_a_word_and_the_beat_goes_on(pushing: Talk) -> None:
    place = pushing.place
    pushing.step(d.StillThere(t=99.0))
    assert pushing.reply.say == "Are you still there?"
    assert pushing.say("yes").say == "I am with you. Go on."
    assert (pushing.place, pushing.state.beat, pushing.state.confirm) == (place, True, None)


def test_still_there_is_answered_by_going_on(pushing: Talk) -> None:
    pushing.step(d.StillThere(t=99.0))
    assert pushing.say("next").kind == "protocol"
    assert pushing.state.confirm is None


def test_still_there_no(pushing: Talk) -> None:
    pushing.step(d.StillThere(t=99.0))
    pushing.say("no")
    assert forgot(pushing)


def test_after_a_power_cut_the_step_and_the_beat_are_back(
    dialogue: Dialogue, pushing: Talk
) -> None:
    talk = Talk(dialogue)
    talk.step(Resumed(t=0.0, state=pushing.state, gap_s=22.0, ask=False))
    assert talk.place == pushing.place
    assert talk.reply.say.startswith("I lost power for twenty seconds. We were here. At least")
    assert [beat.on for beat in talk.of(d.Beat)] == [True]
    assert talk.state.log == pushing.state.log, "nothing is noted twice"
    assert [timer.name for timer in talk.of(d.SetTimer)] == ["step"]
    talk.step(d.TimerFired(t=20.0, name="step"))
    assert talk.place == ("cpr-adult", "cracks")


def test_a_gap_that_nobody_knows_is_not_told(dialogue: Dialogue, pushing: Talk) -> None:
    talk = Talk(dialogue)
    talk.step(Resumed(t=0.0, state=pushing.state, gap_s=None, ask=False))
    assert talk.reply.say.startswith("I lost power. We were here.")


@pytest.mark.parametrize(("answer", "goes_on"), [
    ("yes", True), ("continue", True), ("go on", True), ("resume", True),
    ("no", False), ("new person", False), ("this is a new person", False),
])  # fmt: skip
def test_after_a_long_cut_it_is_asked(
    dialogue: Dialogue, pushing: Talk, answer: str, goes_on: bool
) -> None:
    talk = Talk(dialogue)
    talk.step(Resumed(t=0.0, state=pushing.state, gap_s=900.0, ask=True))
    assert talk.reply.say == "I lost power. Do we continue, or is this a new person?"
    assert not any(beat.on for beat in talk.of(d.Beat)), "no beat for somebody who is not pushing"
    talk.say(answer)
    if goes_on:
        assert talk.place == pushing.place
        assert talk.state.beat
        assert [beat.on for beat in talk.of(d.Beat)] == [True]
    else:
        assert forgot(talk)


def test_what_else_is_said_then_begins_something(dialogue: Dialogue, pushing: Talk) -> None:
    talk = Talk(dialogue)
    talk.step(Resumed(t=0.0, state=pushing.state, gap_s=900.0, ask=True))
    talk.say("how deep do I push")
    assert talk.state.confirm is None
    assert talk.place == pushing.place


@pytest.mark.parametrize(("gap", "told"), [
    (0.2, "five seconds"), (14.0, "ten seconds"), (22.0, "twenty seconds"),
    (54.0, "fifty seconds"), (56.0, "one minute"), (130.0, "two minutes"),
    (599.0, "ten minutes"),
])  # fmt: skip
def test_gaps_in_words(content: Content, gap: float, told: str) -> None:
    assert gaps.told(gap, content.phrases["seconds"], content.handover.spans) == told


def test_all_gaps_are_rendered_ahead(content: Content) -> None:
    lines = set(content.spoken())
    for gap in range(0, 700, 3):
        told = gaps.told(float(gap), content.phrases["seconds"], content.handover.spans)
        assert content.phrase("power_back", time=told) in lines


def test_a_state_without_a_protocol_is_not_resumed(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    talk.step(Resumed(t=0.0, state=State(), gap_s=5.0, ask=False))
    assert talk.state == State()
    assert msgspec.structs.asdict(talk.state)["run"] is None
