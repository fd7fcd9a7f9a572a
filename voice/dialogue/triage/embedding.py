"""The sentence embedding that a profile names, if its model is on this machine."""

from functools import lru_cache
from pathlib import Path

from voice import modelstore
from voice.config import Settings
from voice.dialogue.triage.classifier import Embedder
from voice.errors import UserError


def find(settings: Settings) -> Embedder | None:
    """The profile's sentence embedding, or None when it names none or has not got it."""
    name = settings.triage.embedding
    if not name:
        return None
    try:
        return _open(modelstore.locate(name, settings.cache_dir()))
    except UserError:
        return None


@lru_cache(maxsize=2)
def _open(folder: Path) -> Embedder:
    from voice.dialogue.triage.minilm import MiniLm

    return MiniLm(folder)
