"""What a question or a remark is about: everyday names, follow-ups, what no first aid answers."""

import pytest

from tests.support.talking import Talk
from voice.dialogue import medicines
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.everyday import Everyday


def test_everyday_names_get_their_plain_words_and_longer_names_go_first() -> None:
    everyday = Everyday({"alcohol": ["lager", "pint of lager"], "a cloth": ["t shirt"]})
    assert everyday.plainer("A pint of lager, and his T-shirt?") == "a alcohol and his a cloth"
    assert everyday.plainer("Some water?") == "Some water?"
    assert Everyday({}).plainer("Some lager?") == "Some lager?"


@pytest.mark.parametrize(
    ("protocol", "said", "answer"),
    [
        ("hypothermia", "shall I get some lager down him", "alcohol"),
        ("burns", "a dab of margarine perhaps", "No butter"),
        ("nosebleed", "I've got a tampon for the nostril", "Don't stuff"),
    ],
)
def test_what_has_an_everyday_name_is_answered(
    protocol: str, said: str, answer: str, dialogue: Dialogue
) -> None:
    assert answer in Talk(dialogue, dialogue.start(protocol)).say(said).say


@pytest.mark.parametrize(
    ("protocol", "question"),
    [
        ("burns", "what will the skin graft cost us"),
        ("fracture-sprain", "which operation will the surgeon choose"),
        ("chest-pain", "how many people die of heart attacks a year"),
        ("seizure", "does the insurance cover that"),
    ],
)
def test_what_no_first_aid_answers_gets_no_answer_but_the_standing_advice(
    protocol: str, question: str, dialogue: Dialogue, content: Content
) -> None:
    talk = Talk(dialogue, dialogue.start(protocol))
    before = talk.place
    reply = talk.say(question)
    standing = content.say(content.protocols[protocol].standing)
    assert reply.say == f"I have no reviewed guidance for that. {standing}"
    assert (reply.heard, talk.place) == ("question", before)


@pytest.mark.parametrize(
    ("protocol", "plan", "answer"),
    [
        ("snake-bite", "a swig of brandy for the fright", "alcohol"),
        ("nosebleed", "she's sat there with her head tipped right back", "forward"),
        ("alcohol-drunk", "stick her in a cold shower", "shower"),
        ("stroke", "the smile is back so it was nothing", "call"),
    ],
)
def test_a_plan_that_has_an_answer_is_no_other_emergency(
    protocol: str, plan: str, answer: str, dialogue: Dialogue
) -> None:
    talk = Talk(dialogue, dialogue.start(protocol))
    before = talk.place
    assert answer in talk.say(plan).say.lower()
    assert talk.place == before


def test_a_short_question_leans_on_the_one_before(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("poisoning"))
    talk.say("could she have a glass of milk")
    assert talk.say("and some water then").say.startswith("Give nothing to drink")
    assert talk.state.run
    assert talk.state.run.told == "and some water then"
    talk.say("next")
    assert talk.state.run.told == ""


def test_a_short_question_leans_on_what_was_told_before(dialogue: Dialogue) -> None:
    told, asked = "that tea towel's red right the way through", "so i whip that off then"
    alone, after = (Talk(dialogue, dialogue.start("severe-bleeding")) for _ in range(2))
    after.say(told)
    assert "on top" in after.say(asked).say.lower() != alone.say(asked).say.lower()


@pytest.mark.parametrize(
    ("protocol", "asked", "after", "answer"),
    [
        ("minor-wound", "do i hold it under the tap", "for how long", "five minutes"),
        (
            "head-injury",
            "can i hold a bag of peas on the lump",
            "right and how long can i leave that on for",
            "twenty minutes",
        ),
        ("fracture-sprain", "do i make a splint", "from what", "magazine"),
        ("opioid-overdose", "do i give a second spray", "which side does that one go", "nostril"),
    ],
)
def test_a_question_of_one_word_is_about_what_was_asked_before(
    protocol: str, asked: str, after: str, answer: str, dialogue: Dialogue
) -> None:
    talk = Talk(dialogue, dialogue.start(protocol))
    talk.say(asked)
    assert answer in talk.say(after).say.lower()


@pytest.mark.parametrize(
    ("protocol", "plan", "answer"),
    [
        ("gunshot-stab", "i was going to pull it out", "leave the blade"),
        ("animal-bite", "i'll superglue it", "leave bites open"),
        ("drowning", "i'm going in after him", "stay out of deep water"),
    ],
)
def test_a_plan_in_a_single_telling_word_is_answered_where_it_is_plain(
    protocol: str, plan: str, answer: str, dialogue: Dialogue
) -> None:
    assert answer in Talk(dialogue, dialogue.start(protocol)).say(plan).say.lower()


def test_of_two_answers_that_are_about_as_near_both_are_given(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("childbirth"))
    said = talk.say("scissors are boiled so ill do the cord now").say
    assert "Leave the cord." in said
    assert "no boiling water" in said


def test_what_is_told_with_a_remark_is_known(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("chest-pain"))
    assert "under sixteen" in talk.say("he's only twelve, I'll give him an aspirin").say
    assert talk.state.run
    assert "child" in talk.state.run.facts


@pytest.mark.parametrize(
    ("question", "say", "fits"),
    [
        ("can I give aspirin", "Never aspirin.", True),
        ("can I give aspirin", "As the label says.", True),
        ("how many aspirins", "As the label says.", False),
        ("how many aspirins", "One aspirin, chewed.", True),
        ("can I give morphine", "As the label says.", False),
        ("a drop of whisky", "No alcohol.", True),
        ("a drop of whisky", "Nothing to eat or drink.", True),
        ("a drop of whisky", "Small sips of water.", False),
        ("some water", "Small sips of water.", True),
    ],
)
def test_of_a_medicine_only_what_is_about_it_answers(question: str, say: str, fits: bool) -> None:
    assert medicines.answered(question, say, ["can I give aspirin"]) is fits


@pytest.mark.parametrize(
    ("protocol", "said", "heard", "answer"),
    [
        (
            "chemical-agent",
            "he's stopped breathing, do I seal my lips on his",
            "event:not-breathing",
            "No mouth to mouth",
        ),
        (
            "choking-adult",
            "he's coughing like mad, let me thump him",
            "choice:yes",
            "don't hit the back",
        ),
    ],
)
def test_a_plan_in_one_breath_with_news_is_answered_after_what_the_news_leads_to(
    protocol: str, said: str, heard: str, answer: str, dialogue: Dialogue
) -> None:
    reply = Talk(dialogue, dialogue.start(protocol)).say(said)
    assert (reply.heard, reply.kind) == (heard, "protocol")
    assert reply.say.index(answer) > 0


def test_an_answer_that_says_what_the_step_says_is_not_added(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("cpr-infant"))
    reply = talk.say("I'm doing her with two fingers like they showed us")
    assert reply.say.lower().count("heel of one hand") == 1, reply.say
