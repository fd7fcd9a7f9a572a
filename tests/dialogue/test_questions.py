"""Side questions and remarks: what is answered, what is warned of, what nothing is said about."""

import pytest

from tests.support.talking import Talk
from voice.dialogue import medicines
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.questions import is_question


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("can he take his metoprolol", {"metoprolol"}),
        ("two Tylenol and a Nurofen", {"paracetamol", "ibuprofen"}),
        ("is adrenaline the same as epinephrine", {"adrenaline"}),
        ("can he have some water", set()),
        ("he fell off the patrol boat", set()),
    ],
)
def test_medicines_are_known_by_name_and_by_ending(text: str, names: set[str]) -> None:
    assert medicines.named(text) == names


@pytest.mark.parametrize(
    ("protocol", "question"),
    [
        ("chest-pain", "how much metoprolol can I double up on"),
        ("burns", "should I give her some of my morphine?"),
        ("seizure", "I've got some diazepam, how many?"),
    ],
)
def test_a_medicine_that_no_answer_names_is_not_spoken_of(
    protocol: str, question: str, dialogue: Dialogue
) -> None:
    reply = Talk(dialogue, dialogue.start(protocol)).say(question)
    assert reply.say.startswith("I have no reviewed guidance")
    assert (reply.heard, reply.kind) == ("question", "answer")


@pytest.mark.parametrize(
    ("protocol", "plan"),
    [
        ("snake-bite", "I'm going to suck it out and spit"),
        ("embedded-object", "I've got a grip on the screwdriver, on three I pull"),
        ("burns", "gran's dabbing butter on it"),
    ],
)
def test_a_plan_that_would_harm_is_answered_with_the_warning(
    protocol: str, plan: str, dialogue: Dialogue
) -> None:
    talk = Talk(dialogue, dialogue.start(protocol))
    before = talk.place
    talk.say(plan)
    warned = talk.state.asked.passage.best if talk.state.asked else talk.reply.say
    assert any(word in warned.lower() for word in ("never", "don't", "leave", "no butter"))
    assert talk.place == before


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("will coke zero do", True),
        ("does steam help", True),
        ("is bleeding badly", False),
        ("can't breathe", False),
        ("should I take it out", True),
        ("he asked what happened", False),
    ],
)
def test_questions_need_no_question_mark(text: str, asks: bool) -> None:
    assert is_question(text) is asks


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("when she tries to smile only half of it goes up", False),
        ("what he's bringing up looks like coffee grounds", False),
        ("what do I do when he stops", True),
        ("when can she sit up", True),
        ("how they should lie", True),
    ],
)
def test_a_clause_with_its_subject_first_asks_nothing(text: str, asks: bool) -> None:
    assert is_question(text) is asks
