"""Words that were heard with a hint in mind: when they are believed."""

import pytest

from tests.support.talking import Talk
from voice.dialogue.dialogue import Dialogue

LONGEST_HINT = 150
"""Words; Whisper takes 223 tokens."""


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("My baby is so young.", "My baby is choking."),
        ("He's not baby.", "He's not breathing."),
        ("There is a bit spreading from her leg.", "There is blood spurting from her leg."),
    ],
)
def test_what_begins_a_protocol_and_sounds_like_what_was_heard_is_believed(
    listening: Dialogue, first: str, second: str
) -> None:
    assert listening.prefers(listening.start(), first, second)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("The train to Cologne leaves from there.", "The man is bleeding."),
        ("She is choking.", "She is bleeding badly."),
        ("Brazil.", "Resume."),
        ("I fell over the cat.", "I fell asleep."),
    ],
)
def test_what_sounds_different_or_means_no_more_is_not(
    listening: Dialogue, first: str, second: str
) -> None:
    assert not listening.prefers(listening.start(), first, second)


@pytest.mark.parametrize(
    ("first", "second", "believed"),
    [
        ("Very long.", "Carry on.", True),
        ("for Zuma.", "Resume.", True),
        ("Start the beat.", "Stop the beat.", False),  # a command already
        ("Fighter, please.", "Wider, please.", False),
        ("Brazil", "Resume.", False),
        ("I know.", "No.", False),  # an answer has to be heard as it is
        ("Delete blog.", "Delete log.", False),
    ],
)
def test_in_a_protocol_only_commands_are_believed(
    listening: Dialogue, first: str, second: str, believed: bool
) -> None:
    talk = Talk(listening)
    talk.say("My father collapsed. He's not breathing.")
    assert listening.prefers(talk.state, first, second) is believed


def test_the_hint_follows_what_may_be_said(listening: Dialogue) -> None:
    talk = Talk(listening)
    idle = listening.hint(talk.state)
    talk.say("My dad is choking on a piece of meat.")
    running = listening.hint(talk.state)
    assert "breathing" in idle
    assert "Next." in running
    assert idle != running
    assert max(len(text.split()) for text in (idle, running)) <= LONGEST_HINT
