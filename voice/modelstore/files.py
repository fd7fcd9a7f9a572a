"""Files that appear complete and checked, or not at all."""

import errno
import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from voice.errors import UserError

BLOCK = 1 << 20


class ContentError(Exception):
    """A file's content is not what it should be; the message says how it differs."""


def blocks(stream: BinaryIO) -> Iterator[bytes]:
    """Read a stream to its end, a mebibyte at a time."""
    while block := stream.read(BLOCK):
        yield block


def checked(data: Iterable[bytes], size: int, sha256: str, what: str) -> Iterator[bytes]:
    """Pass blocks on and raise ContentError unless they have this size and checksum in the end."""
    digest, count = hashlib.sha256(), 0
    for block in data:
        count += len(block)
        if count > size:
            raise ContentError(f"{what} is longer than its {size:,} bytes")
        digest.update(block)
        yield block
    if count < size:
        raise ContentError(f"{what} has {count:,} of {size:,} bytes")
    if digest.hexdigest() != sha256:
        raise ContentError(f"{what} has a wrong checksum")


def write(data: Iterable[bytes], target: Path) -> None:
    """Write to a `.partial` file beside the target and rename it when all is on the disk."""
    partial = target.with_name(target.name + ".partial")
    try:
        with partial.open("wb") as file:
            for block in data:
                file.write(block)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def move_checked(source: Path, target: Path, size: int, sha256: str) -> None:
    """Rename a finished download to its place, or delete it and raise ContentError."""
    try:
        with source.open("rb") as file:
            for _ in checked(blocks(file), size, sha256, source.name):
                pass
            os.fsync(file.fileno())
    except ContentError:
        source.unlink()
        raise
    source.replace(target)


def link_or_copy(source: str | Path, target: str | Path) -> None:
    """Give a file a second name, or a copy where the file system has no hard links."""
    Path(target).unlink(missing_ok=True)
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def sha256_of(path: Path) -> str:
    """Checksum of a file's content."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_directory(directory: Path) -> None:
    """Make renames inside a directory durable."""
    descriptor = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def need_space(directory: Path, size: int) -> None:
    """Raise UserError when a directory's disk has less than `size` bytes free."""
    free = shutil.disk_usage(directory).free
    if free < size:
        raise UserError(
            f"{directory} has {megabytes(free)} free and {megabytes(size)} are needed; "
            "make room, or set models.cache to a larger disk"
        )


def megabytes(size: int) -> str:
    """Format a size for people."""
    return f"{size / 1e6:,.0f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


@contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Turn the disk's refusals into one clear line."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise UserError(f"the disk of {where} is full; nothing was changed") from None
        if error.errno == errno.EFBIG:
            raise UserError(
                f"{where}: a file is too large for this file system (FAT32 ends at 4 GB); "
                "format the stick as exFAT"
            ) from None
        place = error.filename or where
        raise UserError(f"cannot read or write {place}: {error.strerror or error}") from None
