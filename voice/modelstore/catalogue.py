"""The typed model catalogue (models/models.toml) and what a profile needs from it."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from voice.config import ROOT, Settings
from voice.errors import UserError

CATALOGUE_FILE = ROOT / "models" / "models.toml"

Role = Literal["stt", "stt-tiny", "llm", "tts", "embedding", "adapter"]
Prompt = Literal["", "completion", "gemma-chat"]
Name = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$")]
# Plain file names only: a model is one flat folder, so no path can lead out of it.
FileName = Name
Sha256 = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$")]
KnownSha256 = Annotated[str, msgspec.Meta(pattern=r"^([0-9a-f]{64})?$")]
Size = Annotated[int, msgspec.Meta(ge=1)]


class RegistryPart(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One member of a wheel; a file may be the concatenation of several."""

    package: str
    version: str
    member: str


class HubRepo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A repository on Hugging Face."""

    repo: str
    revision: str


class ModelFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model, with its exact content and where it can be had."""

    path: FileName
    bytes: Size
    sha256: KnownSha256
    """Empty where nobody has told us: then `bytes` is about, and what is fetched is recorded."""
    registry: tuple[RegistryPart, ...] = ()
    hub: str = ""
    notice: bool = False
    """True: a licence or model card, not needed to run the model."""


class ModelEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One model of the catalogue."""

    name: Name
    role: Role
    about: str
    licence: str
    files: tuple[ModelFile, ...] = msgspec.field(name="file")
    terms: str = ""
    """Shown before the model is fetched."""
    prompt: Prompt = ""
    drafts: bool = False
    """Whether it is large enough to draft steps, should the profile allow that."""
    base: str = ""
    """For an adapter: the model that it was trained on."""
    opens: str = ""
    """The file an engine is given; empty: the directory."""
    hub: HubRepo | None = None

    @property
    def bytes(self) -> int:
        """Size of all files together."""
        return sum(file.bytes for file in self.files)

    def __post_init__(self) -> None:
        names = [file.path for file in self.files]
        if len(set(names)) < len(names):
            raise ValueError(f"{self.name}: a file is listed twice")
        if self.opens and self.opens not in names:
            raise ValueError(f"{self.name}: no file {self.opens}")
        for file in self.files:
            if not (file.registry or file.hub):
                raise ValueError(f"{self.name}/{file.path}: no source")
            if file.hub and not self.hub:
                raise ValueError(f"{self.name}/{file.path}: hub path without the model's hub")
            if file.registry and not file.sha256:
                raise ValueError(f"{self.name}/{file.path}: a wheel's member has no sha256")


class Catalogue(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All models, in the order of the file."""

    models: tuple[ModelEntry, ...] = msgspec.field(name="model")

    def __post_init__(self) -> None:
        names = {model.name for model in self.models}
        if len(names) < len(self.models):
            raise ValueError("a model is listed twice")
        for model in self.models:
            if model.base not in {"", *names}:
                raise ValueError(f"{model.name}: no model {model.base} to be its base")

    def entry(self, name: str) -> ModelEntry:
        """Find a model by name; raises UserError."""
        for model in self.models:
            if model.name == name:
                return model
        known = ", ".join(model.name for model in self.models)
        raise UserError(f"no model '{name}' in the catalogue; there are {known}")

    def needed(self, settings: Settings) -> tuple[ModelEntry, ...]:
        """Give the models that a profile names; raises UserError for one in a wrong place."""
        wanted: list[tuple[str, str, tuple[Role, ...]]] = [
            ("stt.model", settings.stt.model, ("stt", "stt-tiny")),
            ("stt.tiny", settings.stt.tiny, ("stt", "stt-tiny")),
            ("llm.model", settings.llm.model, ("llm",)),
            ("tts.voice", settings.tts.voice, ("tts",)),
            ("triage.embedding", settings.triage.embedding, ("embedding",)),
        ]
        if any(model.name == settings.llm.adapter for model in self.models):
            wanted.append(("llm.adapter", settings.llm.adapter, ("adapter",)))
        found: dict[str, ModelEntry] = {}
        for option, name, roles in wanted:
            if not name or is_file(name):
                continue
            entry = self.entry(name)
            if entry.role not in roles:
                raise UserError(f"{option} = '{name}': that model is for {entry.role}")
            found[name] = entry
        return tuple(found.values())


def is_file(name: str) -> bool:
    """Whether a setting names a GGUF file of one's own instead of a model of the catalogue."""
    return name.endswith(".gguf")


@cache
def load(file: Path = CATALOGUE_FILE) -> Catalogue:
    """Read the catalogue; raises UserError when it is damaged."""
    try:
        return msgspec.convert(tomllib.loads(file.read_text()), Catalogue)
    except OSError as error:
        raise UserError(f"cannot read the model catalogue {file}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise UserError(f"the model catalogue {file} is damaged: {error}") from None
