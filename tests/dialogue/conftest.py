"""The real content and a dialogue that answers everything, as `ask` uses it."""

import pytest

from tests.support.real_content import loaded
from voice.config import Settings
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue


@pytest.fixture(scope="session")
def content() -> Content:
    return loaded()


@pytest.fixture(scope="session")
def dialogue(content: Content) -> Dialogue:
    return Dialogue(content, Settings(), always=True)


@pytest.fixture(scope="session")
def listening(content: Content) -> Dialogue:
    """A dialogue as `run` uses it: idle chatter gets no reply."""
    return Dialogue(content, Settings())
