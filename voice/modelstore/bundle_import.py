"""Reads a bundle, or a plain folder of model files, into the cache.

Every file is copied and checked before anything changes; then all models and the speech are
replaced in one step, and what was there is kept for `rollback`. A bundle's protocols are not
installed: what the assistant may say comes with the program. They are compared, and a difference
is told.
"""

import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import msgspec

from voice.errors import UserError
from voice.modelstore import record, swap
from voice.modelstore.bundle import CONTENT, MANIFEST, SPEECH, BundleFile, Manifest, tree
from voice.modelstore.cache import locked
from voice.modelstore.catalogue import Catalogue, ModelEntry, ModelFile
from voice.modelstore.files import (
    ContentError,
    blocks,
    checked,
    disk_errors,
    link_or_copy,
    need_space,
    sha256_of,
    write,
)
from voice.modelstore.progress import SHOWN, Progress

MANIFEST_LIMIT = 16 << 20

Entry = tuple[str, BinaryIO]
"""A path inside a bundle and its content."""


class Imported(msgspec.Struct, frozen=True):
    """What an import has brought."""

    models: tuple[str, ...]
    speech_files: int = 0
    protocols: str = ""
    """`same`, `different`, or empty when the source holds none."""


def import_bundle(source: Path, cache_dir: Path, models: Catalogue, progress: Progress) -> Imported:
    """Import a bundle (directory or tar) or a folder of model files; raises UserError."""
    with disk_errors(source), locked(cache_dir, progress.note), _staging(cache_dir) as staging:
        try:
            if not source.is_dir():
                with _open_tar(source) as entries:
                    found = _take(entries, staging, cache_dir, models, progress)
            elif (source / MANIFEST).is_file():
                found = _take(_folder_entries(source), staging, cache_dir, models, progress)
            else:
                found = _take_loose(source, staging, cache_dir, models, progress)
        except (ContentError, tarfile.TarError, EOFError) as error:
            raise UserError(f"{source} is damaged: {error}; nothing was changed") from None
        names = found.models + ((SPEECH,) if found.speech_files else ())
        if not names:
            raise UserError(f"{source} holds neither models nor speech; nothing was changed")
        swap.commit(cache_dir, staging, swap.Plan(install=names))
    return found


def rollback(cache_dir: Path, progress: Progress) -> swap.Plan:
    """Bring back what the last import replaced; raises UserError when there is nothing."""
    with locked(cache_dir, progress.note), _staging(cache_dir) as staging:
        return swap.rollback(cache_dir, staging)


@contextmanager
def _staging(cache_dir: Path) -> Iterator[Path]:
    staging = cache_dir / ".staging" / "import"
    shutil.rmtree(staging, ignore_errors=True)
    (staging / "new").mkdir(parents=True)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _take(
    entries: Iterator[Entry],
    staging: Path,
    cache_dir: Path,
    models: Catalogue,
    progress: Progress,
) -> Imported:
    """Copy a bundle's files into the staging folder, checking each."""
    manifest = _manifest(entries, models)
    need_space(cache_dir, sum(file.bytes for file in manifest.files))
    wanted = {file.path: file for file in manifest.files}
    for path, stream in entries:
        file = wanted.pop(path, None)
        if file is None:
            raise ContentError(f"{path} is not in its manifest, or comes twice")
        data = checked(blocks(stream), file.bytes, file.sha256, path)
        room, _, rest = path.partition("/")
        if room in ("models", SPEECH):
            _copy(data, rest if room == "models" else path, file.bytes, staging, progress)
        else:
            for _ in data:
                pass  # only checked
    if wanted:
        raise ContentError(f"{next(iter(wanted))} is missing")
    _record_unpinned(manifest, models, staging, progress)
    speech = [file for file in manifest.files if file.path.startswith(SPEECH + "/")]
    if speech:
        _keep_other_speech(cache_dir / SPEECH, staging / "new" / SPEECH)
    return Imported(manifest.models, len(speech), _compare_protocols(manifest))


def _copy(data: Iterator[bytes], path: str, size: int, staging: Path, progress: Progress) -> None:
    target = staging / "new" / path
    target.parent.mkdir(parents=True, exist_ok=True)
    write(progress.follow(data, path) if size > SHOWN else data, target)


def _manifest(entries: Iterator[Entry], models: Catalogue) -> Manifest:
    """Read the manifest, which comes first, and refuse what does not fit this program."""
    path, stream = next(entries, ("", None))
    if path != MANIFEST or stream is None:
        raise ContentError(f"it does not begin with {MANIFEST}, so it is no bundle")
    text = stream.read(MANIFEST_LIMIT + 1)
    if len(text) > MANIFEST_LIMIT:
        raise ContentError(f"{MANIFEST} is too long")
    try:
        manifest = msgspec.json.decode(text, type=Manifest)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ContentError(f"{MANIFEST} cannot be read ({error})") from None
    listed = {file.path: file for file in manifest.files}
    if len(listed) < len(manifest.files) or len(set(manifest.models)) < len(manifest.models):
        raise ContentError(f"{MANIFEST} lists something twice")
    expected: set[str] = set()
    for name in manifest.models:
        for file in models.entry(name).files:
            _check_against_catalogue(file, listed.get(f"models/{name}/{file.path}"), name)
            expected.add(f"models/{name}/{file.path}")
    for path in listed:
        if path.split("/")[0] == "models" and path not in expected:
            raise ContentError(f"{path} is no file of this program's models")
    return manifest


def _check_against_catalogue(file: ModelFile, listed: BundleFile | None, model: str) -> None:
    if listed is None:
        if not file.notice:
            raise ContentError(f"{model}/{file.path} is missing")
    elif file.sha256 and (listed.bytes, listed.sha256) != (file.bytes, file.sha256):
        raise ContentError(f"{model}/{file.path} is another version than this program's catalogue")


def _record_unpinned(
    manifest: Manifest, models: Catalogue, staging: Path, progress: Progress
) -> None:
    """Files that the catalogue does not pin are what the bundle says they are."""
    listed = {file.path: file for file in manifest.files}
    for name in manifest.models:
        came = [
            msgspec.structs.replace(file, bytes=found.bytes, sha256=found.sha256)
            for file in models.entry(name).files
            if not file.sha256 and (found := listed.get(f"models/{name}/{file.path}"))
        ]
        record.keep(came, staging / "new" / name)
        for file in came:
            progress.note(f"  {name}/{file.path}: compared with the bundle's manifest alone")


def _compare_protocols(manifest: Manifest) -> str:
    theirs = {file for file in manifest.files if file.path.startswith("content/")}
    if not theirs:
        return ""
    return "same" if theirs == {file for file, _ in tree(CONTENT, "content")} else "different"


def _keep_other_speech(here: Path, new: Path) -> None:
    """Rendered lines that the bundle lacks (another voice, another region) stay in use."""
    for file, path in tree(here, SPEECH):
        target = new.parent / file.path
        if not target.exists():
            target.parent.mkdir(parents=True, exist_ok=True)
            link_or_copy(path, target)


def _folder_entries(root: Path) -> Iterator[Entry]:
    """The manifest, then the files it lists. Links are not followed, devices not opened."""
    real = root.resolve(strict=True)
    with (real / MANIFEST).open("rb") as stream:
        text = stream.read(MANIFEST_LIMIT + 1)
        stream.seek(0)
        yield MANIFEST, stream
    for file in msgspec.json.decode(text, type=Manifest).files:
        path = real / file.path
        if not path.exists():
            raise ContentError(f"{file.path} is missing")
        if path.resolve() != path or not path.is_file():
            raise ContentError(f"{file.path} is a link or no plain file")
        with path.open("rb") as stream:
            yield file.path, stream


@contextmanager
def _open_tar(source: Path) -> Iterator[Iterator[Entry]]:
    """The plain files of a tar in their order. Nothing is extracted by the archive's own word."""
    with source.open("rb") as file:
        try:
            tar = tarfile.TarFile(fileobj=file)
        except tarfile.ReadError as error:
            raise UserError(f"{source} is neither a folder nor a plain tar ({error})") from None
        yield _tar_entries(tar)


def _tar_entries(tar: tarfile.TarFile) -> Iterator[Entry]:
    for member in tar:
        if member.isdir():
            continue
        stream = tar.extractfile(member) if member.isreg() else None
        if stream is None:
            raise ContentError(f"{member.name} is a link or no plain file")
        yield member.name.removeprefix("./"), stream  # type: ignore[misc]


def _take_loose(
    source: Path, staging: Path, cache_dir: Path, models: Catalogue, progress: Progress
) -> Imported:
    """Find complete models among the files of a plain folder, by size and checksum."""
    by_size: dict[int, list[Path]] = {}
    for path in sorted(source.rglob("*")):
        if path.is_file() and not path.is_symlink():
            by_size.setdefault(path.stat().st_size, []).append(path)
    complete: list[tuple[ModelEntry, dict[str, Path]]] = []
    partly: list[str] = []
    for entry in models.models:
        found = {file.path: _same(file, by_size) for file in entry.files}
        missing = [f.path for f in entry.files if not found[f.path] and not f.notice]
        if not missing:
            complete.append((entry, {name: path for name, path in found.items() if path}))
        elif any(found[f.path] for f in entry.files if not f.notice):
            partly.append(f"{entry.name} lacks {missing[0]}")
    if not complete:
        hint = f" ({'; '.join(partly)})" if partly else ""
        raise UserError(
            f"{source} holds neither a bundle nor a complete model of the catalogue{hint}"
        )
    need_space(cache_dir, sum(entry.bytes for entry, _ in complete))
    for entry, paths in complete:
        for file in entry.files:
            if file.path in paths:
                with paths[file.path].open("rb") as stream:
                    data = checked(blocks(stream), file.bytes, file.sha256, file.path)
                    _copy(data, f"{entry.name}/{file.path}", file.bytes, staging, progress)
    return Imported(tuple(entry.name for entry, _ in complete))


def _same(file: ModelFile, by_size: dict[int, list[Path]]) -> Path | None:
    for path in by_size.get(file.bytes, ()):
        if sha256_of(path) == file.sha256:
            return path
    return None
