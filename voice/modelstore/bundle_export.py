"""Writes a bundle as a directory or a tar; it appears under its name when it is complete."""

import io
import os
import shutil
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from voice import __version__
from voice.errors import MissingError, UserError
from voice.modelstore import record
from voice.modelstore.bundle import (
    CONTENT,
    FORMAT,
    MANIFEST,
    NOTICE,
    SPEECH,
    BundleFile,
    Manifest,
    tree,
)
from voice.modelstore.cache import COMMAND, locate
from voice.modelstore.catalogue import Catalogue, ModelEntry
from voice.modelstore.files import (
    ContentError,
    blocks,
    checked,
    disk_errors,
    need_space,
    sha256_of,
    sync_directory,
    write,
)
from voice.modelstore.progress import SHOWN, Progress

Sources = list[tuple[BundleFile, Path]]
Add = Callable[[str, int, Iterable[bytes]], None]
"""Takes a path inside the bundle, its size, and its content."""


def export(
    entries: tuple[ModelEntry, ...],
    cache_dir: Path,
    destination: Path,
    models: Catalogue,
    progress: Progress,
) -> Manifest:
    """Write these models, the protocols and the rendered speech; checks every byte on the way.

    Raises MissingError for a model that is absent or damaged, UserError for the destination.
    """
    with disk_errors(destination):
        if destination.is_file() or (destination.is_dir() and any(destination.iterdir())):
            raise UserError(f"{destination} is there already; name a new folder or .tar file")
        sources = _sources(entries, cache_dir, models)
        manifest = Manifest(
            format=FORMAT,
            program=__version__,
            models=tuple(entry.name for entry in entries),
            files=tuple(file for file, _ in sources),
        )
        destination.parent.mkdir(parents=True, exist_ok=True)
        need_space(destination.parent, sum(file.bytes for file in manifest.files))
        partial = destination.with_name(destination.name + ".partial")
        _remove(partial)
        try:
            with (_tar if destination.suffix == ".tar" else _folder)(partial) as add:
                _write(add, manifest, sources, progress)
            if destination.is_dir():
                destination.rmdir()  # empty, as checked above
            partial.replace(destination)
            sync_directory(destination.parent)
        except ContentError as error:
            raise MissingError(
                f"{error}; repair it with `{COMMAND} fetch NAME`, then export again"
            ) from None
        finally:
            _remove(partial)
    return manifest


def _sources(entries: tuple[ModelEntry, ...], cache_dir: Path, models: Catalogue) -> Sources:
    found = []
    for entry in entries:
        directory = locate(entry.name, cache_dir, models)
        for file in (record.known(file, directory) for file in entry.files):
            if (directory / file.path).exists():  # a notice may be absent
                listed = BundleFile(f"models/{entry.name}/{file.path}", file.bytes, file.sha256)
                found.append((listed, directory / file.path))
    found += tree(CONTENT, "content")
    found += [item for item in tree(cache_dir / SPEECH, SPEECH) if item[1].suffix == ".wav"]
    return [*found, (BundleFile(NOTICE.name, NOTICE.stat().st_size, sha256_of(NOTICE)), NOTICE)]


def _write(add: Add, manifest: Manifest, sources: Sources, progress: Progress) -> None:
    """The manifest comes first, so that an import knows what it may expect of the rest."""
    head = msgspec.json.format(msgspec.json.encode(manifest))
    add(MANIFEST, len(head), [head])
    for file, path in sources:
        with path.open("rb") as stream:
            data: Iterable[bytes] = checked(blocks(stream), file.bytes, file.sha256, file.path)
            if file.bytes > SHOWN:
                data = progress.follow(data, file.path)
            add(file.path, file.bytes, data)


@contextmanager
def _folder(root: Path) -> Iterator[Add]:
    root.mkdir()

    def add(path: str, size: int, data: Iterable[bytes]) -> None:
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        write(data, target)

    yield add
    for folder in [root, *(path for path in root.rglob("*") if path.is_dir())]:
        sync_directory(folder)


@contextmanager
def _tar(path: Path) -> Iterator[Add]:
    with path.open("wb") as file:
        with tarfile.open(fileobj=file, mode="w") as tar:

            def add(name: str, size: int, data: Iterable[bytes]) -> None:
                info = tarfile.TarInfo(name)
                info.size, info.mode = size, 0o644
                reader = io.BufferedReader(_Stream(data))
                tar.addfile(info, reader)
                reader.read(1)  # beyond the end: lets the content's own checks conclude

            yield add
        file.flush()
        os.fsync(file.fileno())


class _Stream(io.RawIOBase):
    """Blocks of bytes as a file, which is what tarfile reads."""

    def __init__(self, data: Iterable[bytes]) -> None:
        self._data = iter(data)
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            block = next(self._data, None)
            if block is None:
                return 0
            self._rest = memoryview(block)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
