"""All keys of one run: those that the profile assigns, and the terminal's."""

import os
import sys
from collections.abc import Callable

from voice.config import Settings
from voice.dialogue import content, yamlfile
from voice.errors import UserError
from voice.keys import names
from voice.keys.buttons import Buttons
from voice.keys.terminal import HINT, Terminal


def assigned(settings: Settings) -> dict[int, str]:
    """Give the command of each key's code; raises UserError for what does not exist."""
    found: dict[int, str] = {}
    if not settings.keys:
        return found
    home = content.folder(settings)
    known = yamlfile.read(home / "commands.yaml", "commands.yaml").data["commands"]
    for command, listed in settings.keys.items():
        if command not in known:
            raise UserError(
                f"[keys]: there is no command '{command}'; there are {', '.join(known)}"
            )
        for key in listed.split():
            number = names.code(key)
            if number in found:
                raise UserError(f"[keys]: {key} means both {found[number]} and {command}")
            found[number] = command
    return found


class KeyPad:
    """Keys while it is entered; `press` is called with a command's name from their threads."""

    def __init__(
        self, settings: Settings, press: Callable[[str], None], *, terminal: int | None
    ) -> None:
        """`terminal`: the descriptor of the terminal that keys are typed in, if there is one."""
        self._sources: list[Buttons | Terminal] = []
        if commands := assigned(settings):
            self._sources.append(Buttons(settings.keyboard.devices, commands, press, _remark))
        if terminal is not None and settings.keyboard.terminal and os.isatty(terminal):
            self._sources.append(Terminal(terminal, press))
            _remark(HINT)

    def __enter__(self) -> "KeyPad":
        for source in self._sources:
            source.start()
        return self

    def __exit__(self, *_: object) -> None:
        for source in self._sources:
            source.close()


def _remark(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
