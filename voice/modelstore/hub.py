"""Model files from Hugging Face. Only `models fetch` comes here; the run time never does."""

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from voice.modelstore.catalogue import HubRepo, ModelFile
from voice.modelstore.files import ContentError, move_checked, sha256_of
from voice.modelstore.progress import Progress
from voice.modelstore.registry import SourceError

if TYPE_CHECKING:
    from huggingface_hub import HfFileMetadata


def fetch(
    file: ModelFile, hub: HubRepo, target: Path, staging: Path, progress: Progress
) -> ModelFile:
    """Download one file, going on where an interrupted download stopped, and give it with its size
    and checksum; raises SourceError.
    """
    # An explicit fetch lifts the offline switch that the workers run under. Plain HTTP instead
    # of Xet, because only there partial downloads are continued.
    os.environ.pop("HF_HUB_OFFLINE", None)
    os.environ.update(HF_HUB_DISABLE_XET="1", HF_HUB_DISABLE_TELEMETRY="1")
    if not progress.live:
        os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"
    import huggingface_hub
    from huggingface_hub import errors

    local = _folder(hub, staging)
    url = huggingface_hub.hf_hub_url(hub.repo, file.hub, revision=hub.revision)
    progress.begin(f"{hub.repo}/{file.hub}")
    try:
        found = huggingface_hub.get_hf_file_metadata(url)
        if file.sha256:
            _compare(file, found)
        path = Path(
            huggingface_hub.hf_hub_download(
                hub.repo, file.hub, revision=hub.revision, local_dir=local
            )
        )
    except SourceError:
        raise
    except errors.GatedRepoError:
        raise SourceError(
            f"accept the licence at huggingface.co/{hub.repo}, then log in with `hf auth login`"
        ) from None
    except Exception as error:  # the client's exceptions are those of a transport it has replaced
        raise SourceError(
            f"huggingface.co/{hub.repo} cannot be read: {_first_line(error)}"
        ) from None
    if not file.sha256:
        file = _as_it_came(file, path, found, progress)
    try:
        move_checked(path, target, file.bytes, file.sha256)
    except ContentError as error:
        raise SourceError(f"{error} in huggingface.co/{hub.repo}") from None
    progress.end(file.bytes)
    return file


def forget(hub: HubRepo, staging: Path) -> None:
    """Delete what an interrupted download has left; called when the model is complete."""
    shutil.rmtree(_folder(hub, staging), ignore_errors=True)


def _folder(hub: HubRepo, staging: Path) -> Path:
    return staging / "hub" / hub.repo.replace("/", "--")


def _compare(file: ModelFile, found: "HfFileMetadata") -> None:
    """Refuse a file that cannot be ours before its gigabytes are on the way."""
    if found.size is not None and found.size != file.bytes:
        raise SourceError(
            f"{file.hub} on Hugging Face has {found.size:,} bytes, the catalogue says "
            f"{file.bytes:,}: the repository has changed"
        )
    # Large files carry their sha256 as etag, small ones a git hash of another kind.
    if found.etag and len(found.etag) == 64 and found.etag != file.sha256:
        raise SourceError(
            f"{file.hub} on Hugging Face has another checksum than the catalogue's: "
            "the repository has changed"
        )


def _as_it_came(
    file: ModelFile, path: Path, found: "HfFileMetadata", progress: Progress
) -> ModelFile:
    """The file with the size and checksum that Hugging Face gives, or with what there is."""
    told = found.etag if found.etag and len(found.etag) == 64 else ""
    sha256 = told or sha256_of(path)
    size = found.size or path.stat().st_size
    how = "compared with what Hugging Face says of it" if told else "compared with nothing"
    progress.note(
        f"  {file.path}: the catalogue has no checksum; {how}: sha256 {sha256},"
        f" revision {found.commit_hash}"
    )
    return msgspec.structs.replace(file, bytes=size, sha256=sha256)


def _first_line(error: Exception) -> str:
    return str(error).strip().split("\n")[0] or type(error).__name__
