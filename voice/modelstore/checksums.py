"""Checksums of large files, remembered while the file's size and time stay as they were.

So every start can tell a model that was changed, and pays for reading it only once.
"""

import contextlib
import os
from pathlib import Path

import msgspec

from voice.modelstore.files import sha256_of

MEMO = ".checksums.json"


class _Known(msgspec.Struct, frozen=True):
    size: int
    mtime_ns: int
    sha256: str


def remembered(path: Path, cache_dir: Path) -> str:
    """Checksum of a file, from the memo in `cache_dir` unless the file has changed since."""
    stat = path.stat()
    name = str(path.resolve())
    memory = _read(cache_dir / MEMO)
    known = memory.get(name)
    if known is None or (known.size, known.mtime_ns) != (stat.st_size, stat.st_mtime_ns):
        known = _Known(stat.st_size, stat.st_mtime_ns, sha256_of(path))
        _write(cache_dir / MEMO, memory | {name: known})
    return known.sha256


def _read(memo: Path) -> dict[str, _Known]:
    try:
        return msgspec.json.decode(memo.read_bytes(), type=dict[str, _Known])
    except (OSError, msgspec.DecodeError, msgspec.ValidationError):
        return {}


def _write(memo: Path, memory: dict[str, _Known]) -> None:
    """Keep the memory; without it a checksum is only computed again."""
    partial = memo.with_name(f"{memo.name}.{os.getpid()}.partial")
    with contextlib.suppress(OSError):
        partial.write_bytes(msgspec.json.encode(memory))
        os.replace(partial, memo)
