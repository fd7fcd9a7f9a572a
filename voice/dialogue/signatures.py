"""Who signed which words: one file a protocol beside the content, `signatures/<slug>.yaml`.

A signature holds for the digest of what was read (see `statement`). When anything of that changes
it holds no longer, without anybody having to withdraw it. The text of the last signature is kept,
so that a reader is shown what has changed since.
"""

import datetime
import os
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml
from msgspec import Meta

from voice.dialogue import statement, yamlfile
from voice.dialogue.protocol import Slug, Text
from voice.dialogue.yamlfile import ContentError
from voice.errors import UserError

Status = Literal["signed", "draft", "void"]
"""`draft`: never signed; `void`: signed once and changed since, which makes it a draft again."""

_HEAD = """\
# Written by `protocols sign`, explained in docs/review.md. `text` is what was signed last.
"""


class Signature(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One reviewer's signature under one text."""

    name: Text
    role: Text
    date: datetime.date
    version: Annotated[int, Meta(ge=1)]
    """The protocol's own version at that time."""
    hash: Annotated[str, Meta(pattern="^[0-9a-f]{64}$")]
    """Digest of the text."""


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All signatures of a protocol, the oldest first, and the text of the last."""

    signatures: Annotated[tuple[Signature, ...], Meta(min_length=1)]
    text: str

    def lines(self) -> tuple[str, ...]:
        """The text signed last, line by line."""
        return tuple(self.text.splitlines())

    def holding(self, digest: str) -> tuple[Signature, ...]:
        """The signatures under the text of this digest."""
        return tuple(signature for signature in self.signatures if signature.hash == digest)


def path(folder: Path, slug: Slug) -> Path:
    """Where the signatures of a protocol are kept, `folder` being that of the content."""
    return folder / "signatures" / f"{slug}.yaml"


def read(folder: Path, slug: Slug) -> Record | None:
    """The signatures of a protocol, None if there are none; raises ContentError."""
    file = path(folder, slug)
    if not file.exists():
        return None
    document = yamlfile.read(file, f"signatures/{file.name}")
    record = document.convert(document.data, Record)
    if statement.digest(record.lines()) != record.signatures[-1].hash:
        why = "the text is not the one that was signed last"
        raise ContentError([document.mistake("$.text", why)])
    return record


def status(record: Record | None, digest: str) -> Status:
    """Whether the text of this digest is signed."""
    if record is None:
        return "draft"
    return "signed" if record.holding(digest) else "void"


def add(folder: Path, slug: Slug, text: tuple[str, ...], signature: Signature) -> None:
    """Put a signature under a text, the lines of a statement; raises UserError."""
    record = read(folder, slug)
    for other in record.holding(signature.hash) if record else ():
        if other.name == signature.name:
            raise UserError(f"{other.name} signed this text of {slug} already, on {other.date}")
    earlier = record.signatures if record else ()
    _write(path(folder, slug), Record((*earlier, signature), "\n".join((*text, ""))))


def _write(file: Path, record: Record) -> None:
    """Write beside and move into place."""
    signatures = [msgspec.to_builtins(s, builtin_types=(datetime.date,)) for s in record.signatures]
    text = _HEAD + yaml.safe_dump({"signatures": signatures}, sort_keys=False, allow_unicode=True)
    text += "text: |\n" + "".join(f"  {line}\n" for line in record.text.splitlines())
    try:
        file.parent.mkdir(exist_ok=True)
        partial = file.with_name(f"{file.name}.{os.getpid()}.partial")
        partial.write_text(text, encoding="utf-8")
        os.replace(partial, file)
    except OSError as error:
        raise UserError(f"cannot write {file}: {error.strerror}") from None
