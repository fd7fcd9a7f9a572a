"""A bundle: models, protocols and rendered speech for a machine without a network.

As a directory or an uncompressed tar it holds

    manifest.json         sizes and checksums of all other files
    NOTICE.md             licences of the models
    models/NAME/FILE
    content/…             the protocols that the exporting program speaks
    speech/…              rendered speech, when there is any

The manifest guards against damage, not against malice: models are also checked against the
catalogue of the importing program, speech only against the manifest.
"""

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from voice.config import ROOT
from voice.modelstore.catalogue import CATALOGUE_FILE, Sha256
from voice.modelstore.files import sha256_of

CONTENT = ROOT / "voice" / "content"
NOTICE = CATALOGUE_FILE.with_name("NOTICE.md")
MANIFEST = "manifest.json"
FORMAT: Literal["rescue-voice-bundle-1"] = "rescue-voice-bundle-1"
SPEECH = "speech"
"""Folder of rendered speech, in the cache and in a bundle."""

# Forward slashes; no part empty, dotted or hidden: nothing that could lead out of a folder.
BundlePath = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9_][\w.@+-]*(/[A-Za-z0-9_][\w.@+-]*)*\Z", max_length=400)
]


class BundleFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a bundle."""

    path: BundlePath
    bytes: Annotated[int, msgspec.Meta(ge=0)]
    sha256: Sha256


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a bundle holds."""

    format: Literal["rescue-voice-bundle-1"]
    program: str
    """Version of the program that made the bundle."""
    models: tuple[str, ...]
    files: tuple[BundleFile, ...]


def tree(root: Path, name: str) -> list[tuple[BundleFile, Path]]:
    """List the regular files under a folder, without caches and half-written ones."""
    found = []
    for path in sorted(root.rglob("*")):
        relative = path.relative_to(root)
        hidden = any(part.startswith((".", "__")) for part in relative.parts)
        if path.is_file() and not hidden and path.suffix not in (".partial", ".pyc"):
            size, sha256 = path.stat().st_size, sha256_of(path)
            found.append((BundleFile(f"{name}/{relative.as_posix()}", size, sha256), path))
    return found
