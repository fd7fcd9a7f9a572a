"""Which step shows which drawing: drawings.yaml of the content's language."""

import re
from pathlib import Path

from voice.config import Settings
from voice.dialogue import content, yamlfile

FOLDER = Path(__file__).resolve().parent / "page" / "drawings"
EVERYWHERE = "*"

Rules = dict[str, dict[str, str]]
"""Protocol, or `*`, to patterns of whole step ids, to a drawing's name."""


class Drawings:
    """Finds the drawing of a step. Immutable."""

    def __init__(self, rules: Rules) -> None:
        self._rules = {
            protocol: [(re.compile(pattern), name) for pattern, name in steps.items()]
            for protocol, steps in rules.items()
        }

    def of(self, protocol: str, step: str) -> str | None:
        """The name of the drawing, if the step has one."""
        rules = (*self._rules.get(protocol, ()), *self._rules.get(EVERYWHERE, ()))
        return next((name for pattern, name in rules if pattern.fullmatch(step)), None)


def load(settings: Settings) -> Drawings:
    """Read drawings.yaml; raises ContentError for a pattern or drawing that does not exist."""
    file = content.folder(settings) / "drawings.yaml"
    if not file.exists():
        return Drawings({})
    document = yamlfile.read(file, file.name)
    rules = document.convert(document.data, Rules)
    mistakes = []
    for protocol, steps in rules.items():
        for pattern, name in steps.items():
            if not (FOLDER / f"{name}.svg").is_file():
                mistakes.append(document.mistake(f"$.{protocol}", f"no drawing `{name}`"))
            try:
                re.compile(pattern)
            except re.error as error:
                mistakes.append(document.mistake(f"$.{protocol}", f"`{pattern}`: {error}"))
    if mistakes:
        raise yamlfile.ContentError(mistakes)
    return Drawings(rules)
