"""The folder of models as the run time sees it: local paths only, checked, no network."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from filelock import FileLock, Timeout

from voice.errors import MissingError
from voice.modelstore import catalogue, checksums, record, swap
from voice.modelstore.catalogue import Catalogue, ModelEntry, ModelFile
from voice.modelstore.files import disk_errors, sha256_of

Checksum = Callable[[Path], str]

COMMAND = "python run_assistant.py models"


def locate(name: str, cache_dir: Path, models: Catalogue | None = None) -> Path:
    """Give the directory of a complete model; raises MissingError, UserError for a wrong name."""
    entry = (models or catalogue.load()).entry(name)
    finish_import(cache_dir)
    if not (cache_dir / name).is_dir():
        raise MissingError(
            f"model '{name}' is not in {cache_dir}; fetch it with `{COMMAND} fetch {name}`, "
            f"or bring it on a stick with `{COMMAND} import`"
        )
    if found := problems(entry, cache_dir, remembered=True):
        raise MissingError(
            f"model '{name}' is damaged ({found[0]}); repair it with `{COMMAND} fetch {name}`"
        )
    return cache_dir / name


def opens(name: str, cache_dir: Path, models: Catalogue | None = None) -> Path:
    """Give what an engine is handed: the weights file, or the directory; raises as `locate`."""
    models = models or catalogue.load()
    return locate(name, cache_dir, models) / models.entry(name).opens


def problems(
    entry: ModelEntry, cache_dir: Path, deep: bool = False, remembered: bool = False
) -> list[str]:
    """Say what keeps a model from running; sizes are always compared.

    `deep` also reads the files and compares checksums, `remembered` only those of files that have
    changed since they were last read.
    """

    checksum: Checksum | None = sha256_of if deep else None
    if remembered and not deep:
        checksum = partial(checksums.remembered, cache_dir=cache_dir)
    checked = [problem(file, cache_dir / entry.name, checksum) for file in entry.files]
    return [
        text
        for file, text in zip(entry.files, checked, strict=True)
        # A notice file may be absent, but must not be another one.
        if text and not (file.notice and text.endswith("is missing"))
    ]


def problem(file: ModelFile, directory: Path, checksum: Checksum | None) -> str:
    """Say what is wrong with one file, or nothing; without `checksum` only sizes are compared."""
    path = directory / file.path
    file = record.known(file, directory)
    try:
        if not path.is_file():
            return f"{file.path} is missing"
        if not file.sha256:
            return f"{file.path} was not fetched by this program: nothing says what it should be"
        size = path.stat().st_size
        if size != file.bytes:
            return f"{file.path} has {size:,} of {file.bytes:,} bytes"
        if checksum and checksum(path) != file.sha256:
            return f"{file.path} has a wrong checksum"
    except OSError as error:
        return f"{file.path} cannot be read: {error.strerror}"
    return ""


def finish_import(cache_dir: Path) -> None:
    """Complete an import that was cut off after all its files had been checked."""
    if swap.pending(cache_dir):
        with disk_errors(cache_dir), FileLock(cache_dir / ".lock"):
            swap.finish(cache_dir)


@contextmanager
def locked(cache_dir: Path, note: swap.Note) -> Iterator[None]:
    """Hold the store for writing; a second writer waits for the first."""
    with disk_errors(cache_dir):
        cache_dir.mkdir(parents=True, exist_ok=True)
        lock = FileLock(cache_dir / ".lock")
        try:
            lock.acquire(timeout=0)
        except Timeout:
            note(f"another command is changing {cache_dir}; waiting for it")
            lock.acquire()
        try:
            swap.finish(cache_dir)
            yield
        finally:
            lock.release()
