"""A copy of the content that a test may change and sign."""

import shutil
from pathlib import Path

import pytest

from voice.config import Content as ContentSettings
from voice.config import Settings
from voice.dialogue import content as content_files
from voice.dialogue import loader, regions, statement, yamlfile
from voice.dialogue.content import Content
from voice.dialogue.protocol import Event

STRICT = Settings(content=ContentSettings(require_signed=True))


class Copy:
    """The content in a folder of its own, which every command uses meanwhile."""

    def __init__(self, folder: Path, patch: pytest.MonkeyPatch) -> None:
        source = content_files.folder(Settings())
        self.home = folder / "content" / source.name
        shutil.copytree(source, self.home, ignore=shutil.ignore_patterns("signatures"))
        patch.setattr(content_files, "FOLDER", self.home.parent)

    def load(self, settings: Settings | None = None) -> Content:
        return content_files.load(settings)

    def edit(self, name: str, before: str, after: str) -> None:
        """Change a file: a protocol by its slug, or another by its name."""
        file = self.home / (name if name.endswith(".yaml") else f"protocols/{name}.yaml")
        text = file.read_text("utf-8")
        assert before in text, before
        file.write_text(text.replace(before, after, 1), "utf-8")

    def digest(self, slug: str) -> str:
        """Of the statement of a protocol, read without all the others."""
        events, places = (yamlfile.read(self.home / f"{n}.yaml") for n in ("events", "regions"))
        everywhere = events.convert(events.data, tuple[Event, ...])
        protocol = loader.read(self.home / "protocols" / f"{slug}.yaml")[0]
        return statement.digest(statement.lines(protocol, everywhere, regions.load(places)))
