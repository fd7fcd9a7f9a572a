"""The words that only a screen shows: screen.yaml of the content's language."""

import msgspec

from voice.config import Settings
from voice.dialogue import content, regions, yamlfile

ALARMS = ("microphone_lost", "microphone_silent", "speaker_lost", "stt", "tts", "selftest")


class Words(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """screen.yaml, the region's slots filled."""

    disclaimer: str
    not_reviewed: str
    alarms: dict[str, str]
    answers: dict[str, dict[str, str]]
    """The labels of yes and no by what is asked."""


def load(settings: Settings) -> Words:
    """Read screen.yaml for the settings' region; raises ContentError."""
    home = content.folder(settings)
    document = yamlfile.read(home / "screen.yaml", "screen.yaml")
    words = document.convert(document.data, Words)
    if missing := [name for name in ALARMS if name not in words.alarms]:
        raise yamlfile.ContentError([document.mistake("$.alarms", f"no `{missing[0]}`")])
    region = regions.load(yamlfile.read(home / "regions.yaml", "regions.yaml"))
    screen = region.choose(settings.content.region).screen
    return msgspec.structs.replace(
        words,
        disclaimer=screen(words.disclaimer),
        not_reviewed=screen(words.not_reviewed),
        alarms={name: screen(line) for name, line in words.alarms.items()},
    )
