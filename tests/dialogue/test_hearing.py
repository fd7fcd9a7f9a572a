"""Texts weighed against what was heard: which of them is acted on."""

import pytest

from tests.support.talking import Talk
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import State
from voice.engines.interfaces import Weighed

LONGEST_HINT = 150
"""Words; Whisper takes 223 tokens."""


def weighed(text: str, logprob: float = -4.0, least: float = -3.0) -> Weighed:
    return Weighed(text, logprob, least, tokens=len(text.split()) + 1)


def chosen(dialogue: Dialogue, state: State, first: str, *others: Weighed) -> str | None:
    found = dialogue.understanding.chosen(state, (weighed(first, -2.0), *others))
    return found.text if found else None


@pytest.fixture
def running(listening: Dialogue) -> State:
    """In the compressions, where nothing is asked."""
    talk = Talk(listening)
    talk.say("My father collapsed. He's not breathing.")
    talk.say("Next.")
    return talk.state


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("My baby is so young.", "My baby is choking."),
        ("He's not baby.", "He's not breathing."),
        ("There is a bit spreading from her leg.", "There is blood spurting from her leg."),
        ("She is floating and she can't speak.", "She is choking and she can't speak."),
    ],
)
def test_what_begins_a_protocol_and_sounds_like_what_was_read_is_believed(
    listening: Dialogue, first: str, second: str
) -> None:
    assert chosen(listening, listening.start(), first, weighed(second)) == second


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The train to Cologne leaves from there.", "The man is bleeding."),
        ("She is choking.", "She is bleeding badly."),
        ("Brazil.", "Resume."),
        ("I fell over the cat.", "I fell asleep."),
        ("My baby is so young.", "My baby is so thin."),
    ],
)
def test_what_sounds_different_or_means_no_more_is_not(
    listening: Dialogue, first: str, second: str
) -> None:
    assert chosen(listening, listening.start(), first, weighed(second)) is None


def test_where_it_is_an_emergency_anyhow_one_word_may_be_less_certain(listening: Dialogue) -> None:
    worse = weighed("She is choking and she can't speak.", -7.7, -7.2)
    first = "She is stroking and she can't speak."
    assert chosen(listening, listening.start(), first, worse) == worse.text


@pytest.mark.parametrize(("logprob", "least"), [(-8.5, -5.0), (-7.0, -6.5)])
def test_a_word_that_only_the_hint_explains_begins_nothing(
    listening: Dialogue, logprob: float, least: float
) -> None:
    gasping = weighed("There is gasping from her leg.", logprob, least)
    first = "There is a whisper from her leg."
    assert chosen(listening, listening.start(), first, gasping) is None


@pytest.mark.parametrize(
    ("first", "second", "logprob", "believed"),
    [
        ("Very long.", "Carry on.", -5.8, True),
        ("Run!", "Done.", -4.1, True),
        ("Run!", "Done.", -4.8, False),  # too far behind what it is so unlike
        ("Chabby?", "What was that?", -6.6, False),  # the best of what does not fit
        ("Start the beat.", "Stop the beat.", -2.5, False),  # a command already
        ("Start the beat.", "Stop the beat.", -0.5, True),  # unless this explains the sound better
        ("Fighter, please.", "Wider, please.", -2.0, False),
        ("I know.", "No.", -2.0, False),  # an answer has to be heard as it is
        ("Delete blog.", "Delete log.", -2.0, False),
        ("replied he of a truth I heard him not", "Repeat.", -2.0, False),
    ],
)
def test_in_a_protocol_a_command_is_believed_that_fits_as_well(
    listening: Dialogue, running: State, first: str, second: str, logprob: float, believed: bool
) -> None:
    found = chosen(listening, running, first, weighed(second, logprob))
    assert found == (second if believed else None)


def test_between_two_commands_that_fit_alike_none_is_chosen(
    listening: Dialogue, running: State
) -> None:
    louder, slower = weighed("Louder.", -4.0), weighed("Slower.", -4.5)
    assert chosen(listening, running, "Lover", louder, slower) is None
    assert chosen(listening, running, "Lover", louder, weighed("Speak up.", -4.5)) == "Louder."
    hang_on, again = weighed("Hang on.", -5.7), weighed("One more time.", -7.2)
    assert chosen(listening, running, "I'm here.", hang_on, again) is None  # nor like what was read


def test_a_command_that_was_read_is_itself_chosen_where_no_other_fits(
    listening: Dialogue, running: State
) -> None:
    assert chosen(listening, running, "louder", weighed("Slower.", -9.0)) == "louder"
    assert chosen(listening, running, "louder", weighed("Slower.", -2.5)) is None
    assert chosen(listening, running, "louder") == "louder"
    as_for_a_noise = [weighed("louder", -5.0)]
    assert listening.understanding.chosen(running, as_for_a_noise) is None


def test_nothing_is_chosen_for_what_waits_for_a_yes(listening: Dialogue) -> None:
    talk = Talk(listening)
    talk.say("My father collapsed. He's not breathing.")
    talk.say("Forget everything.")
    assert talk.state.confirm
    assert chosen(listening, talk.state, "Run!", weighed("Done.")) is None
    assert listening.understanding.likely(talk.state) == ()


def test_what_is_expected_follows_what_may_be_said(listening: Dialogue) -> None:
    talk, known = Talk(listening), listening.understanding
    idle = talk.state
    assert "breathing" in known.hint(idle)
    assert len(known.hint(idle).split()) <= LONGEST_HINT
    assert known.likely(idle) == ()
    talk.say("My dad is choking on a piece of meat.")
    assert known.hint(talk.state) == ""
    assert {"Next.", "She is coughing.", "No sound."} <= set(known.likely(talk.state))


def test_every_utterance_that_is_weighed_is_a_command_that_can_be_undone(
    listening: Dialogue,
) -> None:
    book = listening.content.phrasebook
    meant = {text: book.meaning(text) for text in book.hints.commands}
    assert [text for text, name in meant.items() if name is None] == []
    assert not {"yes", "no", "delete-log", "start-over"}.intersection(meant.values())
