import pytest

from voice.listening.completeness import completeness


def whole(text: str) -> bool:
    return text.strip(".!").lower() in {"next", "yes", "no", "stop the beat"}


@pytest.mark.parametrize("text", ["Next.", "Yes", "Stop the beat."])
def test_a_command_or_answer_valid_now_is_whole(text):
    assert completeness(text, whole) == "whole"


@pytest.mark.parametrize(
    "text",
    [
        "He's not breathing.",
        "What do I do?",
        "I can't do that.",
        "Help her!",
        "Where do I push on?",
    ],
)
def test_a_finished_sentence(text):
    assert completeness(text, whole) == "sentence"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "He fell and",
        "He fell and.",
        "She is, um...",
        "My father,",
        "There's",
        "He is on the",
        "And so my fellow Americans",
    ],
)
def test_something_that_goes_on(text):
    assert completeness(text, whole) == "open"


def test_a_sentence_that_leaves_nothing_open_is_whole():
    assert completeness("Where do I push?", whole, settled=lambda text: True) == "whole"


@pytest.mark.parametrize("text", ["What if he", "Where do I push on the"])
def test_nothing_is_settled_by_half_a_sentence(text):
    assert completeness(text, whole, settled=lambda text: True) == "open"
