"""The files of a Piper voice: NAME.onnx and its settings NAME.onnx.json in one directory."""

import hashlib
import json
from pathlib import Path
from typing import Any

import msgspec

from voice.errors import MissingError, UserError
from voice.modelstore.checksums import remembered

_MEND = "run `models verify`, then `models fetch` or `models import`"


class VoiceFiles(msgspec.Struct, frozen=True):
    """A voice on disk."""

    model: Path
    settings: dict[str, Any]
    rate: int
    """Hz."""


def find_voice(path: Path) -> VoiceFiles:
    """Find the voice in a directory (or at an .onnx file) and read its settings."""
    models = [path] if path.suffix == ".onnx" else sorted(path.glob("*.onnx"))
    if not models or not models[0].is_file():
        raise MissingError(f"no voice in {path}; {_MEND}")
    if len(models) > 1:
        raise UserError(f"{path} holds {len(models)} voices; keep one .onnx file in it")
    file = models[0].with_name(models[0].name + ".json")
    try:
        settings = json.loads(file.read_text(encoding="utf-8"))
        return VoiceFiles(models[0], settings, int(settings["audio"]["sample_rate"]))
    except OSError as error:
        raise MissingError(f"cannot read {file}: {error.strerror}; {_MEND}") from None
    except (ValueError, KeyError, TypeError):
        raise damaged(file, "it is no settings file of a voice") from None


def damaged(file: Path, why: str) -> UserError:
    """Give the error for a voice's file that is there and cannot be used."""
    return UserError(f"{file} is damaged: {why}; {_MEND}")


def fingerprint(voice: VoiceFiles, cache_dir: Path) -> str:
    """Give one checksum over a voice's files; the large one's is remembered in `cache_dir`."""
    settings = json.dumps(voice.settings, sort_keys=True)
    model = remembered(voice.model, cache_dir)
    return hashlib.sha256(f"{model}\n{settings}".encode()).hexdigest()
