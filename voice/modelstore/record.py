"""What came for files whose checksum the catalogue does not know: kept beside them.

It guards against damage and unnoticed change after the fetch. Whether the right file came at all
only the source can say; the fetch tells how far it could compare.
"""

from collections.abc import Iterable
from pathlib import Path

import msgspec

from voice.modelstore.catalogue import ModelFile
from voice.modelstore.files import write

RECORD = "fetched.json"


class Fetched(msgspec.Struct, frozen=True):
    """Content of one file as it came."""

    bytes: int
    sha256: str


def known(file: ModelFile, directory: Path) -> ModelFile:
    """The file as it has to be: as the catalogue says, or else as it came into `directory`.

    Where neither says it the checksum stays empty.
    """
    if file.sha256:
        return file
    came = _read(directory).get(file.path)
    if came is None:
        return file
    return msgspec.structs.replace(file, bytes=came.bytes, sha256=came.sha256)


def keep(files: Iterable[ModelFile], directory: Path) -> None:
    """Record these files, sizes and checksums filled in, beside those recorded before."""
    came = {file.path: Fetched(file.bytes, file.sha256) for file in files}
    if came:
        text = msgspec.json.format(msgspec.json.encode({**_read(directory), **came}))
        write([text], directory / RECORD)


def _read(directory: Path) -> dict[str, Fetched]:
    try:
        return msgspec.json.decode((directory / RECORD).read_bytes(), type=dict[str, Fetched])
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return {}
