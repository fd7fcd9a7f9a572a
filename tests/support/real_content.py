"""The real content, read once in a process: that takes two seconds."""

from functools import cache

from voice.config import Settings
from voice.dialogue import content
from voice.dialogue.content import Content


@cache
def loaded() -> Content:
    """What the default settings load; nobody changes it."""
    return content.load(Settings())
