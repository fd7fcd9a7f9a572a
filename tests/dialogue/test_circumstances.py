"""What has to work in every protocol: urgent findings, who it is about, and who is there."""

import pytest

from tests.support.talking import Talk
from voice.dialogue import circumstances
from voice.dialogue.dialogue import Dialogue

FINDINGS = {
    "not breathing": ["he's not breathing", "she isn't breathing", "there's no breathing"],
    "gasping": ["he's gasping", "she is only gasping now", "just a gasp now and then"],
    "awake": ["he's awake", "she's awake now", "he woke up"],
    "blood": ["there's lots of blood", "she's losing a lot of blood", "blood is pouring out"],
    "child": ["it's a child", "it's a little girl", "he is only six"],
    "baby": ["it's a baby", "it is my baby", "she is three months old"],
    "alone": ["I'm alone", "there's nobody here", "I'm on my own"],
    "no phone": ["no phone", "I have no phone here", "my phone is dead"],
    "me": ["it's me", "it's me who is hurt", "I am the one who is hurt"],
    "unsafe": ["it's not safe", "it is still dangerous here", "it isn't safe here"],
    "another": ["there's another one", "there is another casualty", "a second person is hurt"],
    "helper": ["there are two of us", "I've got help", "somebody is here with me"],
}
PLACES = [
    ("primary-check", 0),
    ("cpr-adult", 0),
    ("cpr-adult", 3),
    ("cpr-child", 4),
    ("choking-infant", 0),
    ("severe-bleeding", 1),
    ("anaphylaxis", 2),
    ("seizure", 1),
    ("burns", 1),
    ("stroke", 2),
]


def at(dialogue: Dialogue, protocol: str, steps: int = 0) -> Talk:
    """A conversation some steps into a protocol."""
    talk = Talk(dialogue, dialogue.start(protocol))
    for _ in range(steps):
        talk.say("next")
    return talk


def reacts(talk: Talk, said: str, dialogue: Dialogue) -> None:
    """Something useful is said back, and what was said is known for what it is."""
    reply = talk.say(said)
    assert reply.heard.startswith(("event:", "choice:", "start")) or reply.kind == "clarify", reply
    assert reply.say, reply
    assert not reply.say.startswith(dialogue.content.phrase("not_understood")), reply
    assert reply.kind in ("protocol", "clarify", "chat"), reply


@pytest.mark.parametrize(("protocol", "steps"), PLACES, ids=[f"{p} {n}" for p, n in PLACES])
@pytest.mark.parametrize("finding", FINDINGS)
def test_however_it_is_said_it_is_acted_on(
    finding: str, protocol: str, steps: int, dialogue: Dialogue
) -> None:
    for said in FINDINGS[finding]:
        reacts(at(dialogue, protocol, steps), said, dialogue)


@pytest.mark.parametrize("finding", FINDINGS)
def test_every_protocol_reacts(finding: str, dialogue: Dialogue) -> None:
    for protocol in dialogue.content.protocols:
        reacts(at(dialogue, protocol), FINDINGS[finding][0], dialogue)


@pytest.mark.parametrize("said", [*FINDINGS["not breathing"], *FINDINGS["gasping"]])
@pytest.mark.parametrize("protocol", ["cpr-adult", "cpr-child", "cpr-infant"])
def test_compressions_go_on_for_the_same_age(protocol: str, said: str, dialogue: Dialogue) -> None:
    for steps in range(5):
        talk = at(dialogue, protocol, steps)
        talk.say(said)
        assert talk.place is not None
        assert talk.place[0] == protocol


@pytest.mark.parametrize(
    ("protocol", "said"),
    [
        ("cpr-child", "it's a little girl"),
        ("cpr-child", "he is only six"),
        ("cpr-infant", "she is three months old"),
        ("cpr-infant", "it's a baby"),
        ("choking-infant", "she is three months old"),
        ("heat-stroke", "it's a baby"),
        ("fainting", "she is three months old"),
        ("childbirth", "he is only six"),
    ],
)
def test_an_age_is_not_taken_for_anything_that_is_like_it(
    protocol: str, said: str, dialogue: Dialogue
) -> None:
    talk = at(dialogue, protocol)
    place = talk.place
    heard = talk.say(said).heard
    assert heard in ("event:child", "event:infant")
    assert talk.place == place
    assert talk.state.run is not None
    assert heard.removeprefix("event:") in talk.state.run.facts


def test_who_it_is_leaves_a_question_open_and_is_no_unclear_answer(dialogue: Dialogue) -> None:
    talk = at(dialogue, "primary-check")
    question = talk.say("repeat").say
    for said in ("it's a child", "he is only six", "it's a little boy"):
        reply = talk.say(said)
        assert (reply.kind, reply.say) == ("clarify", f"Understood. {question}")
    assert talk.say("no").step == "call"


@pytest.mark.parametrize("protocol", ["fainting", "stroke", "sepsis-meningitis", "nosebleed"])
def test_a_rescuer_who_is_alone_is_not_the_casualty(protocol: str, dialogue: Dialogue) -> None:
    talk = at(dialogue, protocol)
    assert talk.say("I'm alone").heard == "event:alone"
    assert talk.say("it's me").heard == "event:self"


def test_what_is_told_of_helpers_replaces_what_was_known(dialogue: Dialogue) -> None:
    talk = at(dialogue, "burns")
    talk.say("I'm alone")
    assert talk.state.run is not None
    assert "alone" in talk.state.run.facts
    reply = talk.say("I've got help now")
    assert reply.say == "Good. They call one one two on speaker, you carry on."
    assert talk.state.run is not None
    assert {"alone", "helper"} & talk.state.run.facts == {"helper"}


def test_a_threat_that_the_step_is_there_for_brings_the_step_again(dialogue: Dialogue) -> None:
    talk = at(dialogue, "severe-bleeding")
    reply = talk.say("there's lots of blood")
    assert reply.say.startswith("Press hard on the bleeding")


@pytest.mark.parametrize(
    ("protocol", "heard"),
    [
        ("triage", "event:one-more"),
        ("childbirth", "event:twins"),
        ("seizure", "event:second-fit"),
        ("anaphylaxis", "event:another-pen"),
        ("burns", "start"),
    ],
)
def test_another_one_is_what_the_protocol_makes_of_it(
    protocol: str, heard: str, dialogue: Dialogue
) -> None:
    talk = at(dialogue, protocol)
    assert talk.say("there's another one").heard == heard
    assert bool(talk.state.parked) == (heard == "start")


@pytest.mark.parametrize(
    ("said", "parked"), [("there's another one", 0), ("there is another casualty", 1)]
)
def test_one_more_wound_is_no_casualty_and_a_casualty_no_wound(
    said: str, parked: int, dialogue: Dialogue
) -> None:
    talk = at(dialogue, "severe-bleeding")
    talk.say(said)
    assert len(talk.state.parked) == parked


def test_another_fit_is_no_casualty(dialogue: Dialogue) -> None:
    talk = at(dialogue, "seizure")
    assert talk.say("he went into another one before he woke up").heard == "event:second-fit"


@pytest.mark.parametrize("said", ["he took another one", "give him another one"])
def test_another_pill_or_breath_is_no_casualty(said: str, dialogue: Dialogue) -> None:
    talk = at(dialogue, "burns")
    talk.say(said)
    assert talk.state.parked == ()


@pytest.mark.parametrize(
    ("said", "nothing_else"),
    [
        ("it's a little girl", True),
        ("she is three months old", True),
        ("he's only six years old", True),
        ("the baby swallowed a battery", False),
        ("my son was left in the hot car", False),
        ("he is awake", False),
        ("press harder", False),
    ],
)
def test_when_circumstances_are_all_that_is_told(
    said: str, nothing_else: bool, dialogue: Dialogue
) -> None:
    findings = dialogue.content.findings
    assert circumstances.nothing_else(said, findings.read(said), findings) == nothing_else
