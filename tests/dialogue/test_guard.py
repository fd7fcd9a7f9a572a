"""What the guard lets through and what it must stop."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.dialogue.guard import check
from voice.dialogue.words import tokens

BURN = """Cool the burn under cool running water for twenty minutes.
Big burn, face or baby? Call emergency services now.
Take off rings and watches near the burn.
Remove clothes near the burn. Leave anything stuck.
After cooling, cover loosely with cling film.
Don't pop blisters.
Keep the rest of the body warm."""
BURN_NEVER = (
    "Never use ice or ice water",
    "Never put butter, oil or toothpaste on a burn",
    "Never break blisters",
    "Never put a burned face under water",
)
CHOKING = """Don't give water or food. It can block the throat more.
Lean them well forward. Give five hard blows between the shoulder blades.
Coughing hard? Let them keep coughing.
Coughing hard? Don't hit their back.
They go limp? Lower them down. Call emergency services. Start chest compressions."""
CHOKING_NEVER = ("Never give water or bread", "Never sweep the mouth blindly with a finger")
BLEEDING = """Press hard on the wound with both hands.
Put the tourniquet two to three inches above the wound, never on a joint.
Twist the rod until the bleeding stops.
Never loosen it.
Cloth soaked through? Add more on top.
Press around the object, not on it."""
BLEEDING_NEVER = ("Never pull out an embedded object", "Never loosen or remove a tourniquet")
SUGAR = """Give sugar only if they are awake and can swallow.
Give small sips of juice if they are awake.
Not awake but breathing? Roll them on their side.
Use an inhaler: four puffs, one at a time. Chew one adult aspirin, 300 mg."""
SUGAR_NEVER = ("Never give insulin", "Never put food or drink into an unresponsive mouth")

TOPICS = {
    "burn": (BURN, BURN_NEVER),
    "choking": (CHOKING, CHOKING_NEVER),
    "bleeding": (BLEEDING, BLEEDING_NEVER),
    "sugar": (SUGAR, SUGAR_NEVER),
}


def verdict(topic: str, sentence: str, question: str = "what now", *before: str) -> str:
    passage, never = TOPICS[topic]
    answer = check(sentence, passage, never, question, before)
    assert answer.ok == (not answer.reason)
    return answer.reason


GOOD = [
    ("burn", "Cool the burn under cool running water for twenty minutes."),
    ("burn", "Cool the burn under cool running water for 20 minutes."),
    ("burn", "You should cool the burn under cool running water."),
    ("burn", "Do not pop blisters."),
    ("burn", "After cooling, cover it loosely with cling film."),
    ("burn", "Take off rings and watches."),
    ("burn", "Leave anything stuck."),
    ("burn", "Never use ice."),
    ("choking", "Do not give them water or food."),
    ("choking", "Give five hard blows between the shoulder blades."),
    ("choking", "If they are coughing hard, let them keep coughing."),
    ("bleeding", "Press hard on the wound with both hands."),
    ("bleeding", "Put the tourniquet two to three inches above the wound."),
    ("bleeding", "Twist the rod until the bleeding stops."),
    ("bleeding", "If the cloth is soaked through, add more on top."),
    ("bleeding", "Press hard on the wound with both hands and never loosen it."),
    ("sugar", "Give sugar only if they are awake and can swallow."),
    ("sugar", "Give them small sips of juice if they are awake."),
    ("sugar", "Chew one adult aspirin, 300 mg."),
]

BAD = [
    # invented advice
    ("burn", "Put a towel over the burn.", "not in the passage"),
    ("burn", "Put butter on the burn.", "advises what is forbidden"),
    ("burn", "Use ice water.", "advises what is forbidden"),
    ("burn", "Apply honey to the burn.", "not in the passage"),
    ("burn", "Cool the burn with milk.", "not in the passage"),
    ("choking", "Yes, give her water.", "bare yes or no"),
    ("choking", "Give her water.", "advises what is forbidden"),
    ("choking", "You can give water or food.", "advises what is forbidden"),
    ("choking", "Sweep the mouth with a finger.", "advises what is forbidden"),
    ("bleeding", "Pull out the object.", "advises what is forbidden"),
    ("bleeding", "Loosen the tourniquet.", "advises what is forbidden"),
    ("sugar", "Give insulin.", "advises what is forbidden"),
    ("sugar", "Take two ibuprofen.", "not in the passage"),
    ("sugar", "Give them paracetamol.", "not in the passage"),
    # the opposite
    ("burn", "Pop blisters.", "opposite of the passage"),
    ("burn", "Do not cool the burn under cool running water.", "opposite of the passage"),
    ("burn", "Do not leave anything stuck.", "opposite of the passage"),
    ("choking", "Hit their back.", "opposite of the passage"),
    ("bleeding", "Press on the object.", "opposite of the passage"),
    ("bleeding", "Put the tourniquet on a joint.", "opposite of the passage"),
    ("bleeding", "Never press hard on the wound with both hands.", "opposite of the passage"),
    ("sugar", "Avoid small sips of juice if they are awake.", "opposite of the passage"),
    # numbers
    ("burn", "Cool the burn under cool running water for two minutes.", "number"),
    ("burn", "Cool the burn under cool running water for twenty seconds.", "number"),
    ("burn", "Cool the burn under cool running water for 2 to 20 minutes.", "number"),
    ("choking", "Give fifteen hard blows between the shoulder blades.", "number"),
    ("bleeding", "Put the tourniquet twenty inches above the wound.", "number"),
    ("sugar", "Chew three adult aspirin, 300 mg.", "number"),
    ("sugar", "Chew one adult aspirin, 600 mg.", "number"),
    # conditions and qualifiers
    ("burn", "Cover loosely with cling film.", "condition"),
    ("choking", "Let them keep coughing.", "condition"),
    ("choking", "Start chest compressions.", "condition"),
    ("bleeding", "Twist the rod.", "condition"),
    ("bleeding", "Add more on top.", "condition"),
    ("sugar", "Give sugar.", "condition"),
    ("sugar", "Give sugar only if they are awake.", "condition"),
    ("sugar", "Roll them on their side.", "condition"),
    ("sugar", "If they are awake but breathing, roll them on their side.", "opposite"),
    ("sugar", "Give sips of juice if they are awake.", "qualifier"),
    ("burn", "After cooling, cover with cling film.", "qualifier"),
    ("burn", "Remove clothes near the burn.", "a proviso follows"),
    ("burn", "Remove clothes.", "too little"),
    # places and order
    ("bleeding", "Put the tourniquet two to three inches below the wound.", "not in the passage"),
    ("bleeding", "Put the wound above the tourniquet.", "order"),
    # negations that hang in the air
    ("bleeding", "Press hard on the wound with both hands not.", "unclear"),
    ("burn", "Not after cooling, cover loosely with cling film.", "unclear"),
    ("burn", "Never not cool the burn under cool running water.", "unclear"),
    # delay
    ("burn", "Wait twenty minutes.", "delay"),
    ("burn", "There is no need to call emergency services.", "delay"),
    ("choking", "Do not call emergency services.", "delay"),
    ("choking", "Stop chest compressions.", "delay"),
    ("bleeding", "Stop pressing on the wound.", "delay"),
    # says nothing, or about itself
    ("burn", "Yes.", "bare yes or no"),
    ("burn", "No, cool the burn under cool running water.", "bare yes or no"),
    ("burn", "You should do it.", "says nothing"),
    ("burn", "As an AI, I cannot say.", "talks about itself"),
    ("burn", "I think you cool the burn.", "talks about itself"),
    ("burn", "Question: what about the blisters.", "talks about itself"),
    ("burn", "You will be fine.", "not in the passage"),
    # form
    ("burn", "", "empty"),
    ("burn", " . ", "empty"),
    ("burn", "Cool the burn under", "not a finished statement"),
    ("burn", "Should you cool the burn?", "not a finished statement"),
    ("burn", "**Cool** the burn.", "markup"),
    ("burn", "Cool the burn, see example.com.", "markup"),
    ("burn", "Cool the burn \N{FIRE}.", "markup"),
    ("burn", "Cool the burn the burn the burn the burn.", "repetition"),
    ("burn", "Cool cool cool the burn.", "repetition"),
    ("burn", "Cool the burn under water " * 6 + ".", "too long"),
]


@pytest.mark.parametrize(("topic", "sentence"), GOOD)
def test_what_the_passage_says_may_be_said(topic: str, sentence: str) -> None:
    assert verdict(topic, sentence) == ""


@pytest.mark.parametrize(("topic", "sentence", "reason"), BAD)
def test_what_the_passage_does_not_say_is_stopped(topic: str, sentence: str, reason: str) -> None:
    assert reason in verdict(topic, sentence)


def test_the_question_supports_nothing() -> None:
    question = "should I put a towel over the burn"
    assert verdict("burn", "Put a towel over the burn.", question) == "not in the passage"


def test_third_sentence_and_thirty_first_word_are_too_much() -> None:
    first = "Cool the burn under cool running water for twenty minutes."
    assert verdict("burn", "Don't pop blisters.", "", first) == ""
    assert verdict("burn", "Don't pop blisters.", "", first, "Leave it.") == "too many sentences"
    assert verdict("burn", "Don't pop blisters.", "", "word " * 28) == "too long"


def test_sentence_said_before_is_not_said_again() -> None:
    assert verdict("burn", "Do not pop blisters.", "", "Don't pop blisters.") == "repetition"


def test_without_a_passage_nothing_may_be_said() -> None:
    assert not check("Cool the burn under running water.", "", (), "what now").ok


FINISHED = [
    sentence
    for passage, _ in TOPICS.values()
    for line in passage.splitlines()
    if "?" not in line
    for sentence in line.replace(". ", ".\n").splitlines()
]
"""Sentences that stand in a passage without a condition before them."""
CHANGES = ("not", "never", "no", "ice", "water", "thirty", "hours", "unless", "if", "wait", "stop")


@settings(deadline=None)
@given(st.sampled_from(FINISHED), st.sampled_from(CHANGES), st.integers(0, 20))
def test_one_word_more_is_stopped(sentence: str, word: str, at: int) -> None:
    words = sentence.split()
    at %= len(words)
    changed = " ".join([*words[:at], word, *words[at:]])
    passage = "\n".join(FINISHED)
    assert check(sentence, passage, (), "").ok
    assert not check(changed, passage, (), "").ok, changed


@settings(deadline=None)
@given(st.sampled_from(FINISHED), st.data())
def test_a_negation_condition_or_number_left_out_is_stopped(
    sentence: str, data: st.DataObject
) -> None:
    vital = {"don't", "not", "never", "only", "if", "until", "after"}
    words = sentence.split()
    places = [i for i, word in enumerate(words) if word.lower().strip(",") in vital]
    if not places:
        return
    at = data.draw(st.sampled_from(places))
    changed = " ".join(words[:at] + words[at + 1 :])
    assert not check(changed, "\n".join(FINISHED), (), "").ok, changed


@settings(deadline=None)
@given(st.text(max_size=300))
def test_any_text_gets_a_verdict_and_strange_text_is_stopped(text: str) -> None:
    known = set(tokens(BURN + " " + " ".join(BURN_NEVER)))
    answer = check(text, BURN, BURN_NEVER, text)
    assert not answer.ok or set(tokens(text)) <= known
