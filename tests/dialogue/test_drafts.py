"""Steps drafted by the language model: what passes, what does not, and how a draft is run."""

import json

import pytest

from tests.support.talking import Talk
from voice.config import Answers, Llm, Settings
from voice.config import Content as ContentSettings
from voice.dialogue import checks, drafts
from voice.dialogue import interface as d
from voice.dialogue.content import DRAFT, Content, folder
from voice.dialogue.dialogue import Dialogue
from voice.events import DraftEvent

SETTINGS = Settings(answers=Answers(drafts=True))
GOOD = ("Lift his hand high.", "Wet the finger with soap.", "Turn the bottle slowly.")
UNKNOWN = (
    "there's an emergency, my uncle's finger is jammed in a bottle",
    "the bottle will not come off",
)


def written(*lines: str) -> str:
    return json.dumps({"steps": list(lines)})


# --- what passes -----------------------------------------------------------------------------


def test_good_lines_pass_as_they_are_and_numbers_become_words(content: Content) -> None:
    draft = drafts.read(written(*GOOD, "Do that for 5 minutes."), content)
    assert draft.lines == (*GOOD, "Do that for five minutes.")
    assert draft.rejected == ()


def test_the_models_own_calls_for_help_are_left_out(content: Content) -> None:
    draft = drafts.read(written("Call nine one one.", *GOOD, "Tell the ambulance."), content)
    assert draft.lines == GOOD


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("Give her aspirin.", "forbidden"),
        ("Let her swallow two tablets of amoxicillin.", "names a medicine"),
        ("Swab it with iodine.", "names a medicine"),
        ("Wait and see.", "delay"),
        ("Do not call anyone.", "delay"),
        ("Loosen the tourniquet.", "forbidden"),
        ("Give her a sip of water.", "forbidden"),
        ("Put butter on the burn.", "forbidden"),
        ("Feel for a pulse.", "may not be advised"),
        ("Is she awake?", "finished statement"),
        ("I am an assistant.", "talks about itself"),
        ("Pull", "finished statement"),
        ("Pull pull pull.", "repetition"),
        ("See www.example.com/help.", "finished statement"),
        (
            "Take his hand, then the other hand, then his feet, then his knees, then his head.",
            "words",
        ),
        ("Look. Listen. Feel.", "sentences"),
    ],
)
def test_one_line_that_fails_refuses_the_draft(line: str, reason: str, content: Content) -> None:
    draft = drafts.read(written(GOOD[0], line, GOOD[1]), content)
    assert draft.lines == ()
    (rejected,) = draft.rejected
    assert reason in rejected.reason


def test_a_line_that_comes_twice_refuses_the_draft(content: Content) -> None:
    assert drafts.read(written(GOOD[0], GOOD[0]), content).rejected[0].reason == "comes twice"


def test_no_medicine_is_named_not_even_in_a_protocols_words(content: Content) -> None:
    """There they have a condition before them, which a draft may leave out."""
    (said,) = drafts.read(
        written("Chew one adult aspirin, three hundred milligrams."), content
    ).rejected
    assert said.reason == "names a medicine"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Keep calm.",
        "{}",
        '{"steps": "Keep calm."}',
        '{"steps": []}',
        '{"steps": ["Keep calm."], "dose": 3}',
        written(*(f"Step number {n}." for n in "abcdefg")),
        written(*GOOD)[:-3],
        written("Call for help."),
        "\x00",
    ],
)
def test_what_is_not_in_the_format_is_refused(text: str, content: Content) -> None:
    draft = drafts.read(text, content)
    assert (draft.lines, draft.rejected) == ((), ())
    assert draft.detail


def test_the_frame_of_a_draft_is_a_protocol_but_for_its_facts(content: Content) -> None:
    """Nothing a rescuer says sets the facts `drafted-…`: the draft itself does."""
    found = checks.check(folder(SETTINGS) / "draft.yaml", content)
    assert {mistake.reason.partition("`")[2].partition("-")[0] for mistake in found} <= {"drafted"}
    assert DRAFT not in content.protocols
    assert not content.reviewed(DRAFT)


# --- how it is run ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drafting(content: Content) -> Dialogue:
    return Dialogue(content, SETTINGS, always=True)


def unknown(dialogue: Dialogue) -> Talk:
    """A conversation that no protocol fits, after the question back."""
    talk = Talk(dialogue)
    assert talk.say(UNKNOWN[0]).kind == "clarify"
    talk.say(UNKNOWN[1])
    return talk


def request(talk: Talk) -> int:
    assert talk.state.drafting
    return talk.state.drafting.request


def arrive(talk: Talk, *lines: str) -> None:
    talk.step(d.ModelDraft(t=9.0, request=request(talk), text=written(*lines)))


def report(talk: Talk) -> DraftEvent:
    (effect,) = talk.of(d.Report)
    assert isinstance(effect, d.Report)
    assert isinstance(effect.event, DraftEvent)
    return effect.event


def test_the_primary_check_serves_while_the_draft_is_written(drafting: Dialogue) -> None:
    talk = unknown(drafting)
    assert talk.place == ("primary-check", "tap")
    (ask,) = talk.of(d.AskDraft)
    assert isinstance(ask, d.AskDraft)
    assert "bottle" in ask.told
    assert ask.deadline_s == SETTINGS.answers.draft_s


def test_a_draft_waits_for_the_answer_and_then_begins_with_the_call(drafting: Dialogue) -> None:
    talk = unknown(drafting)
    arrive(talk, *GOOD)
    assert (report(talk).reason, report(talk).steps) == ("ready", GOOD)
    assert talk.of(d.Say) == []
    reply = talk.say("yes, he answers")
    assert reply.say == (
        "This is not a reviewed protocol. Call one one two now. Put the phone on speaker."
    )
    assert (reply.heard, reply.protocol, reply.step) == ("choice:yes", DRAFT, "call")
    assert not reply.reviewed
    assert len(talk.of(d.Say)) == 1


def begun(dialogue: Dialogue) -> Talk:
    talk = unknown(dialogue)
    arrive(talk, *GOOD)
    talk.say("yes, he answers")
    return talk


def test_its_steps_come_one_by_one_and_the_commands_move_in_it(drafting: Dialogue) -> None:
    talk = begun(drafting)
    first = talk.say("next")
    assert (first.say, first.by, first.reviewed, first.kind) == (GOOD[0], "llm", False, "protocol")
    assert first.sources == ("drafted by a language model, reviewed by nobody",)
    assert talk.say("next").say == GOOD[1]
    assert talk.say("repeat").say == GOOD[1]
    assert talk.say("back").say == GOOD[0]
    assert [talk.say("next").say for _ in range(2)] == list(GOOD[1:])
    assert talk.say("next").step == "end"
    assert talk.say("start over").step == "call"
    assert talk.say("next").say == GOOD[0]
    assert talk.say("stop").heard == "command:stop"


def test_a_draft_that_comes_between_questions_begins_after_what_is_being_said(
    drafting: Dialogue,
) -> None:
    talk = unknown(drafting)
    assert talk.say("yes, he answers").step == "ask-what"
    arrive(talk, *GOOD)
    (say,) = talk.of(d.Say)
    assert isinstance(say, d.Say)
    assert say.append
    assert (say.reply.heard, say.reply.step) == ("start", "call")


def test_in_a_draft_a_danger_to_life_and_any_protocol_take_over(drafting: Dialogue) -> None:
    talk = begun(drafting)
    assert talk.say("now he is not breathing").protocol == "cpr-adult"
    talk = begun(drafting)
    talk.say("next")
    assert talk.say("he burned his hand on the stove").protocol == "burns"


def test_a_danger_to_life_drops_the_draft(drafting: Dialogue) -> None:
    talk = unknown(drafting)
    assert talk.say("no, no answer").step == "call"
    assert report(talk).reason == "dropped"
    assert talk.of(d.CancelModel)
    talk.step(d.ModelDraft(t=9.0, request=2, text=written(*GOOD)))
    assert talk.effects == ()


def test_stop_drops_the_draft(drafting: Dialogue) -> None:
    talk = unknown(drafting)
    talk.say("stop")
    assert talk.state.drafting is None


@pytest.mark.parametrize(
    ("lines", "reason"), [(("Give her aspirin.",), "rejected"), ((), "rejected")]
)
def test_a_draft_that_fails_changes_nothing(
    lines: tuple[str, ...], reason: str, drafting: Dialogue
) -> None:
    talk = unknown(drafting)
    arrive(talk, *lines)
    assert report(talk).reason == reason
    assert report(talk).detail or report(talk).rejected
    assert talk.say("yes, he answers").step == "ask-what"


@pytest.mark.parametrize("reason", ["late", "failed"])
def test_a_draft_that_does_not_come_changes_nothing(reason: str, drafting: Dialogue) -> None:
    talk = unknown(drafting)
    end = d.ModelEnded(t=9.0, request=request(talk), reason=reason, detail="why")  # type: ignore[arg-type]
    talk.step(end)
    assert (report(talk).reason, report(talk).detail) == (reason, "why")
    assert talk.place == ("primary-check", "tap")
    assert talk.state.drafting is None


def test_a_draft_that_nothing_is_heard_of_is_given_up(drafting: Dialogue) -> None:
    talk = unknown(drafting)
    talk.step(d.Utterance(t=100.0, text="yes, he answers"))
    assert talk.state.drafting is None
    assert talk.place == ("primary-check", "ask-what")


HOW = "how do I get a ring off a swollen finger"


def test_how_to_do_what_no_protocol_does_is_said_so_and_then_drafted(content: Content) -> None:
    talk = Talk(Dialogue(content, SETTINGS))
    reply = talk.say(HOW)
    assert reply.say.startswith("I have no reviewed guidance for that.")
    assert talk.of(d.AskDraft)
    arrive(talk, *GOOD)
    assert talk.reply.say.startswith("This is not a reviewed protocol. Call one one two now.")
    assert talk.say("next").say == GOOD[0]


@pytest.mark.parametrize(
    "text", ["how do I get to the station", "how do I bake a cake", UNKNOWN[0]]
)
def test_what_is_no_first_aid_or_not_yet_asked_back_is_not_drafted(
    text: str, content: Content
) -> None:
    talk = Talk(Dialogue(content, SETTINGS))
    talk.say(text)
    assert talk.state.drafting is None


@pytest.mark.parametrize(
    "settings",
    [
        Settings(),
        Settings(answers=Answers(drafts=True), llm=Llm(model="")),
        Settings(answers=Answers(drafts=True), content=ContentSettings(require_signed=True)),
    ],
    ids=["not allowed", "no model", "signed words only"],
)
def test_where_the_profile_does_not_allow_it_nothing_is_drafted(
    settings: Settings, content: Content
) -> None:
    talk = unknown(Dialogue(content, settings, always=True))
    assert talk.state.drafting is None
    assert talk.place == ("primary-check", "tap")
    assert Talk(Dialogue(content, settings, always=True)).say(HOW).by == "fixed"
