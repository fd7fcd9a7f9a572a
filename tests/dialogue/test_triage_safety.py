"""What triage promises whatever else is said: life threats first, age respected, doubt asked."""

import hypothesis.strategies as st
import pytest
from hypothesis import given, settings

from tests.support.real_content import loaded
from tests.support.talking import Talk
from voice.config import Settings
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.triage.openings import Opening, Vague

CONTENT = loaded()
ARREST = {"cpr-adult", "cpr-child", "cpr-infant", "newborn", "drowning"}
CHATTER = (
    "we were at the beach", "he had a sandwich", "there is a snake", "my husband is fifty",
    "it is very hot today", "the film was good", "last year he had a stroke",
    "she is diabetic", "the car crashed", "he fell off the roof",
)  # fmt: skip


@given(st.lists(st.sampled_from(CHATTER), max_size=2), st.booleans())
@settings(max_examples=25, deadline=None)
def test_no_breathing_begins_resuscitation_whatever_else_is_said(
    others: list[str], first: bool
) -> None:
    alarm = "he is not breathing"
    said = [alarm, *others] if first else [*others, alarm]
    found = CONTENT.openings.find(". ".join(said))
    assert isinstance(found, Opening)
    assert found.slug in ARREST


CAUSES = (
    "the chainsaw jumped and his thigh is emptying all over the grass",
    "her finger is bent back and sticks out at a right angle playing netball",
    "the kid trod on a wasp barefoot and it is swelling up",
    "she came off the horse and she is grey and cold and getting vague",
    "chip pan has gone up, flames right to the ceiling",
)


@pytest.mark.parametrize("cause", CAUSES)
@pytest.mark.parametrize(
    ("alarm", "expected"),
    [
        ("he's just gasping", {"agonal-breathing", "smoke-fire", "sting", "anaphylaxis"}),
        ("he is choking", {"choking-adult", "choking-child", "smoke-fire"}),
        ("there is blood spurting everywhere", {"severe-bleeding", "shock"}),
        ("he won't wake up", {"primary-check", "smoke-fire", "shock", "unresponsive-breathing"}),
    ],
)
def test_a_plain_threat_at_the_end_of_a_long_tale_counts(
    cause: str, alarm: str, expected: set[str]
) -> None:
    found = CONTENT.openings.find(f"{cause} {alarm}")
    assert isinstance(found, Opening)
    assert found.slug in expected


@pytest.mark.parametrize(
    ("text", "protocol"),
    [
        (
            "it's ages between her pains still, maybe twenty minutes, but the waters have gone",
            "childbirth",
        ),
        ("the pool acid soaked through my shirt and my skin's burning", "chemical-burn"),
        ("the dog was choking and when I put my hand in it bit me", "animal-bite"),
    ],
)
def test_a_threat_s_words_that_mean_other_things_are_no_threat(text: str, protocol: str) -> None:
    found = CONTENT.openings.find(text)
    assert isinstance(found, Opening)
    assert found.slug == protocol


@pytest.mark.parametrize(
    "text",
    ["my two month old won't breathe", "bub's gone limp and isn't breathing", "my baby is choking"],
)
def test_an_infant_gets_what_is_for_infants(text: str, dialogue: Dialogue) -> None:
    assert str(Talk(dialogue).say(text).protocol).endswith("-infant")


@pytest.mark.parametrize(
    ("text", "protocol"),
    [
        ("my husband is holding our baby and she's not breathing", "cpr-infant"),
        ("my son isn't breathing", "cpr-child"),
        ("my son is thirty years old and he isn't breathing", "cpr-adult"),
        ("she's four years old, no breath", "cpr-child"),
    ],
)
def test_the_age_that_was_said_chooses_the_protocol(
    text: str, protocol: str, dialogue: Dialogue
) -> None:
    assert Talk(dialogue).say(text).protocol == protocol


def test_what_is_vague_is_asked_once_and_then_understood_together(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    asked = talk.say("something bit me")
    assert (asked.kind, asked.protocol) == ("clarify", None)
    assert talk.say("a snake, on the ankle").protocol == "snake-bite"


def test_two_vague_turns_begin_the_first_check(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    assert talk.say("he doesn't look right").kind == "clarify"
    assert talk.say("I don't know, he's just not right").protocol == "primary-check"


def test_chatter_after_a_question_starts_nothing(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    talk.say("she's very pale")
    assert talk.say("stop").heard == "command:stop"
    assert talk.state.before == ""


def test_a_more_urgent_emergency_takes_over_and_says_so(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("burns"))
    reply = talk.say("now he's having a seizure, he's jerking all over")
    assert (reply.heard, reply.protocol) == ("event:seizure", "seizure")
    assert reply.say.startswith("This comes first now.")


@pytest.mark.parametrize("who", ["adult", "child", "infant"])
def test_who_chokes_and_neither_breathes_nor_answers_is_resuscitated(
    who: str, dialogue: Dialogue
) -> None:
    talk = Talk(dialogue, dialogue.start(f"choking-{who}"))
    assert talk.say("gone all floppy, nothing, no breathing").protocol == f"cpr-{who}"


@pytest.mark.parametrize(
    ("text", "protocol"),
    [
        ("now the waiter's collapsed as well, he isn't breathing", "cpr-adult"),
        ("her sister's unconscious too, she's breathing", "unresponsive-breathing"),
    ],
)
def test_somebody_else_as_well_is_a_second_casualty(
    text: str, protocol: str, dialogue: Dialogue
) -> None:
    talk = Talk(dialogue, dialogue.start("choking-adult"))
    assert talk.say(text).protocol == protocol
    assert talk.state.parked


@pytest.mark.parametrize(
    ("text", "finding", "stated"),
    [
        ("he only takes a breath now and then", "gasping", True),
        ("his breath is also not there", "not-breathing", True),
        ("breath is not coming properly", "not-breathing", False),
        ("she says she feels like she's dying", "not-breathing", False),
        ("his front teeth have been knocked out", "unresponsive", False),
        ("he has been knocked out", "unresponsive", True),
        ("she's asleep, do not wake her", "unresponsive", False),
        ("he's coughed it out", "can-cough", False),
    ],
)
def test_a_finding_is_stated_or_not(text: str, finding: str, stated: bool) -> None:
    assert (finding in CONTENT.findings.read(text)) is stated


@pytest.mark.parametrize(
    ("protocol", "steps", "text", "heard"),
    [
        ("electrical-injury", 0, "the power is off", "event:power-off"),
        ("chest-pain", 2, "he can have aspirin", "choice:no"),
    ],
)
def test_one_word_in_two_sentences_means_two_things(
    protocol: str, steps: int, text: str, heard: str, dialogue: Dialogue
) -> None:
    talk = Talk(dialogue, dialogue.start(protocol))
    for _ in range(steps):
        talk.say("next")
    assert talk.say(text).heard == heard


@pytest.mark.parametrize(
    ("protocol", "text"),
    [
        ("cpr-adult", "he is breathing now"),
        ("severe-bleeding", "the bleeding has stopped"),
        ("choking-adult", "it came out"),
        ("seizure", "she's stopped jerking"),
        ("electrical-injury", "the power is off"),
    ],
)
def test_good_news_in_doubtful_words_is_asked_back(
    protocol: str, text: str, dialogue: Dialogue
) -> None:
    talk = Talk(dialogue, dialogue.start(protocol))
    before = talk.place
    assert talk.say(text, confidence=0.45).kind == "clarify"
    assert talk.place == before


def test_bad_news_in_doubtful_words_is_acted_on(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("chest-pain"))
    assert talk.say("he is not breathing", confidence=0.45).heard != "noise"
    assert talk.state.run
    assert talk.state.run.place.slug == "cpr-adult"


@pytest.mark.parametrize(
    ("text", "confidence", "kind"),
    [
        ("Heavy warm.", 0.45, "clarify"),  # what was left of "carry on" in noise
        ("Heavy warm.", 0.95, "answer"),
        ("What if he is very heavy and fat?", 0.45, "clarify"),
        ("What if he is very heavy and fat?", 0.62, "answer"),
        ("Should I fill four plus?", 0.62, "clarify"),  # nothing is known about it
        ("Should I fill four plus?", 0.8, "answer"),
        ("Can I be wrong?", 0.67, "clarify"),  # the same in other noise
        ("Can I be wrong?", 0.8, "answer"),
        ("Should I go back?", 0.45, "clarify"),
    ],
)
def test_what_may_be_the_remains_of_other_words_is_not_answered(
    text: str, confidence: float, kind: str, dialogue: Dialogue
) -> None:
    talk = Talk(dialogue, dialogue.start("cpr-adult"))
    assert talk.say(text, confidence=confidence).kind == kind


@pytest.mark.parametrize(
    "text", ["he has no bleeding", "she's breathing fine and awake", "he is breathing and awake"]
)
def test_good_news_alone_starts_nothing(text: str) -> None:
    assert not isinstance(CONTENT.openings.find(text), Opening | Vague)


def test_talk_after_a_question_back_is_not_taken_for_its_answer(content: Content) -> None:
    talk = Talk(Dialogue(content, Settings()))
    assert talk.say("he doesn't look right").kind == "clarify"
    assert talk.say("so we had a long problem about not finding out why it was").protocol is None
    assert talk.state.run is None
