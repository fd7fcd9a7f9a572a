"""The real content and a dialogue as the kiosk uses it."""

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
    return Dialogue(content, Settings())
