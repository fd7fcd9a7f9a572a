"""The recordings of people that the tests carry."""

from pathlib import Path

from voice.bench.recognition import Clip, load_clips

FOLDER = Path(__file__).parents[1] / "data" / "speech"


def clips() -> list[Clip]:
    return load_clips(FOLDER)


def clip(name: str) -> Clip:
    """One clip by its file's name without suffix."""
    return next(c for c in clips() if c.name == f"{name}.wav")
