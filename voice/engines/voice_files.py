"""The files of a Piper voice: NAME.onnx and its settings NAME.onnx.json in one directory."""

import contextlib
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import msgspec

from voice.errors import MissingError, UserError

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
        raise _damaged(file, "it is no settings file of a voice") from None


def damaged(voice: VoiceFiles, why: str) -> UserError:
    """Give the error for a voice that is there and cannot be used."""
    return _damaged(voice.model, why)


def sha256(file: Path) -> str:
    """Give the checksum of a file."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _damaged(file: Path, why: str) -> UserError:
    return UserError(f"{file} is damaged: {why}; {_MEND}")


class _Known(msgspec.Struct, frozen=True):
    """A checksum computed before, good while the file's size and time stay as they were."""

    size: int
    mtime_ns: int
    sha256: str


def fingerprint(voice: VoiceFiles, memo: Path) -> str:
    """Give one checksum over a voice's files; the large one's is remembered in the file `memo`."""
    stat = voice.model.stat()
    name = str(voice.model.resolve())
    memory = _read(memo)
    known = memory.get(name)
    if known is None or (known.size, known.mtime_ns) != (stat.st_size, stat.st_mtime_ns):
        known = _Known(stat.st_size, stat.st_mtime_ns, sha256(voice.model))
        _write(memo, memory | {name: known})
    settings = json.dumps(voice.settings, sort_keys=True)
    return hashlib.sha256(f"{known.sha256}\n{settings}".encode()).hexdigest()


def _read(memo: Path) -> dict[str, _Known]:
    try:
        return msgspec.json.decode(memo.read_bytes(), type=dict[str, _Known])
    except (OSError, msgspec.DecodeError):
        return {}


def _write(memo: Path, memory: dict[str, _Known]) -> None:
    """Keep the memory; without it the checksum is only computed again."""
    partial = memo.with_name(f"{memo.name}.{os.getpid()}.partial")
    with contextlib.suppress(OSError):
        memo.parent.mkdir(parents=True, exist_ok=True)
        partial.write_bytes(msgspec.json.encode(memory))
        os.replace(partial, memo)
