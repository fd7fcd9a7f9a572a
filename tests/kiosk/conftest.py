"""The real content and a dialogue as the kiosk uses it."""

import pytest

from voice.config import Settings
from voice.dialogue import content as content_files
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue


@pytest.fixture(scope="session")
def content() -> Content:
    return content_files.load(Settings())


@pytest.fixture(scope="session")
def dialogue(content: Content) -> Dialogue:
    return Dialogue(content, Settings())
