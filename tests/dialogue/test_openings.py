"""From an opening to its protocol, and nothing from what is no emergency."""

import json
from pathlib import Path

import pytest

from tests.support.talking import Talk
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.triage.openings import Vague

OPENINGS = [
    json.loads(line)
    for line in (Path(__file__).parents[1] / "evals" / "openings.jsonl").read_text().splitlines()
]


@pytest.mark.parametrize("case", OPENINGS, ids=[case["text"] for case in OPENINGS])
def test_an_opening_leads_to_its_protocol(case: dict[str, str | None], content: Content) -> None:
    """A question back is written as `?`."""
    found = content.openings.find(str(case["text"]))
    if isinstance(found, Vague):
        assert case["protocol"] == "?"
    else:
        assert (content.resolve(found.slug) if found else None) == case["protocol"]


@pytest.mark.parametrize(
    ("text", "findings"),
    [
        ("he's not breathing", {"not-breathing"}),
        ("he is NOT breathing", {"not-breathing"}),
        ("she isn't breathing normally", {"not-breathing"}),
        ("he is breathing normally", {"breathing"}),
        ("he can't breathe", {"cannot-breathe"}),
        ("wait, he's awake", {"awake"}),
        ("he's unconscious, no wait, he's awake", {"awake"}),
        ("he was breathing but now he stopped breathing", {"not-breathing"}),
        ("he's breathing, well, gasping really", {"gasping"}),
        ("no bleeding but he won't wake up", {"no-bleeding", "unresponsive"}),
        ("what if he stops breathing", set()),
        ("I don't know if he is breathing", set()),
        ("is he breathing", set()),
        ("he's not breathing what do I do", {"not-breathing"}),
        ("my 6 year old boy is choking", {"choking", "child"}),
        ("my son is 30 years old", {"adult"}),
        ("the baby went limp", {"infant", "unresponsive"}),
        ("I'm all alone and there is no signal", {"alone", "no-phone"}),
        ("it came out", {"cleared"}),
        ("I can't get it out", set()),
    ],
)
def test_findings_follow_negation_correction_and_questions(
    text: str, findings: set[str], content: Content
) -> None:
    assert set(content.findings.read(text)) == findings


def test_what_the_opening_told_is_not_asked(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    assert talk.say("he won't wake up but he is breathing normally").step == "call"
    assert talk.say("next").step == "kneel"


def test_a_baby_never_gets_what_is_only_for_adults(dialogue: Dialogue) -> None:
    for opening in ("my baby is choking", "the newborn isn't breathing"):
        talk = Talk(dialogue)
        said = [talk.say(opening).say] + [talk.say("next").say for _ in range(8)]
        assert not any("belly button" in line or "Other hand on top" in line for line in said)


ASKED_BACK = ("can I give her water", "what if somebody stops breathing one day")
"""Whose answer depends on what has happened."""


def test_idle_chatter_gets_no_reply_in_a_live_session(listening: Dialogue) -> None:
    for case in OPENINGS:
        if case["protocol"] is None:
            reply = Talk(listening).say(case["text"])
            expected = ("clarify",) if case["text"] in ASKED_BACK else ("none", "answer", "chat")
            assert reply.kind in expected, case["text"]
            assert reply.protocol is None or reply.kind == "answer"
    for chatter in ("I need to buy milk", "can you play some music", "what time is it", "..."):
        reply = Talk(listening).say(chatter)
        assert (reply.kind, reply.say) == ("none", "")
    assert Talk(listening).say("hello").kind == "chat"
    assert Talk(listening).say("are you there?").say


CONVERSATION = ("we could meet at the station at six", "then we take the bus to my sister's")


def test_amid_a_conversation_words_have_to_be_plainer(listening: Dialogue) -> None:
    for text, begins in (
        ("he is not breathing", True),
        ("she burned her hand on the stove", True),
        ("she is having an asthma attack", True),
        ("he has a nosebleed", False),
    ):
        amid, alone, later = Talk(listening), Talk(listening), Talk(listening)
        for sentence in CONVERSATION:
            assert amid.say(sentence).kind == later.say(sentence).kind == "none"
        later.turns = 120
        assert (amid.say(text).protocol is not None) is begins, text
        assert alone.say(text).protocol
        assert later.say(text).protocol


@pytest.mark.parametrize(
    ("answer", "protocol"),
    [
        ("I'm not heavy crushes at the moment so.", None),
        ("it was a lovely evening for all of us there", None),
        ("no", "primary-check"),
        ("No, he is not breathing.", "cpr-adult"),
    ],
)
def test_somebodys_talk_is_no_answer_to_what_was_asked_back(
    answer: str, protocol: str | None, listening: Dialogue
) -> None:
    talk = Talk(listening)
    overheard = (
        "He's like his mother. Um, yeah, go for a nap. And he's dead, and he's dead, he or. I've"
        " your rule, I'm the marketing expert, you're the marketing expert, okay?"
    )
    assert talk.say(overheard).kind == "clarify"
    assert talk.say(answer).protocol == protocol


@pytest.mark.parametrize("text", ["Yeah.", "No.", "okay, yes"])
def test_a_yes_or_no_to_somebody_else_gets_no_reply(text: str, listening: Dialogue) -> None:
    assert Talk(listening).say(text).kind == "none"


def test_asking_always_gets_words_back(dialogue: Dialogue) -> None:
    for text in ("I need to buy milk", "what time is it", "...", "", "\x07", "hmm", "\ud800"):
        assert Talk(dialogue).say(text).say


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("should I put butter on the burn", "burns"),
        ("can I give him aspirin", "chest-pain"),
        ("should I give him sugar", "hypoglycaemia"),
        ("how deep do I push", "cpr-adult"),
        ("how deep do I push on a kid", "cpr-child"),
    ],
)
def test_with_nothing_running_the_topic_that_is_meant_answers(
    text: str, topic: str, listening: Dialogue
) -> None:
    reply = Talk(listening).say(text)
    assert (reply.kind, reply.protocol) == ("answer", topic)


def test_an_answer_that_depends_on_what_has_happened_is_not_given(listening: Dialogue) -> None:
    talk = Talk(listening)
    assert talk.say("can I give her water").kind == "clarify"
    assert talk.say("she's having a baby").protocol == "childbirth"


def test_what_is_told_is_no_question_about_something_else(dialogue: Dialogue) -> None:
    assert Talk(dialogue).say("my toddler has got hold of the bleach").kind == "clarify"
