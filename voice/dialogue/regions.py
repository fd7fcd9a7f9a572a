"""What differs from region to region, filled into the slots of spoken lines: `{emergency}`."""

import re

import msgspec

from voice.dialogue.yamlfile import Document
from voice.errors import UserError

_SLOT = re.compile(r"\{([a-z_]+)\}")


class Slot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A value that is spoken in one way and shown in another."""

    say: str
    screen: str


class Region(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One region's words and rules."""

    name: str
    slots: dict[str, str | Slot] = {}
    facts: tuple[str, ...] = ()
    """Facts that hold here, for steps with `if` or `unless`."""

    def say(self, line: str) -> str:
        """The line as spoken."""
        return _SLOT.sub(lambda found: self._fill(found[1], screen=False), line)

    def screen(self, line: str) -> str:
        """The line as shown."""
        return _SLOT.sub(lambda found: self._fill(found[1], screen=True), line)

    def _fill(self, name: str, screen: bool) -> str:
        value = self.slots[name]
        if isinstance(value, str):
            return value
        return value.screen if screen else value.say


class Regions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All regions; a region's own slots are laid over the common ones."""

    common: dict[str, str | Slot]
    regions: dict[str, Region]

    def choose(self, name: str) -> Region:
        """The region of this key with every slot filled; raises UserError."""
        if name not in self.regions:
            known = ", ".join(sorted(self.regions))
            raise UserError(f"content.region: no region '{name}'; there are {known}")
        region = self.regions[name]
        return msgspec.structs.replace(region, slots={**self.common, **region.slots})

    def all(self) -> dict[str, Region]:
        """Every region with its slots filled."""
        return {name: self.choose(name) for name in self.regions}


def slots_in(line: str) -> list[str]:
    """The names of the slots in a line."""
    return _SLOT.findall(line)


def load(document: Document) -> Regions:
    """Read regions.yaml."""
    return document.convert(document.data, Regions)
