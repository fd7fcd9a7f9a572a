"""The sentence embedding that a profile names, if its model is on this machine."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from voice import modelstore
from voice.config import Settings
from voice.errors import UserError

if TYPE_CHECKING:
    from voice.dialogue.triage.minilm import MiniLm


class Embedder(Protocol):
    """Turns texts into unit vectors."""

    fingerprint: str
    """Another one gives other vectors."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row a text."""

    def vector(self, text: str) -> NDArray[np.float32]:
        """That of one text, which may be remembered."""


def find(settings: Settings) -> "MiniLm | None":
    """The profile's sentence embedding, or None when it names none or has not got it."""
    name = settings.triage.embedding
    if not name:
        return None
    try:
        return _open(modelstore.locate(name, settings.cache_dir()))
    except UserError:
        return None


@lru_cache(maxsize=2)
def _open(folder: Path) -> "MiniLm":
    from voice.dialogue.triage.minilm import MiniLm

    return MiniLm(folder)
