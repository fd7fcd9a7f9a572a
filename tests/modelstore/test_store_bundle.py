"""Bundles: out of one cache, into another, through damage and malice."""

import io
import shutil
import tarfile
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.model_shop import CONFIG, NOTICE, VOICE, WEIGHTS, Notes, Shop, digest, open_shop
from voice.errors import MissingError, UserError
from voice.modelstore.bundle import Manifest
from voice.modelstore.bundle_export import export
from voice.modelstore.bundle_import import Imported, import_bundle, rollback
from voice.modelstore.cache import problems

SPEECH = {"speech/0a/line.wav": b"RIFF", "speech/0b/other.wav": b"RIFF2"}
FULL = {
    "ear/model.bin": WEIGHTS,
    "ear/config.json": CONFIG,
    "ear/CARD": NOTICE,
    "mouth/voice.onnx": VOICE,
}


def put(root: Path, files: dict[str, bytes]) -> None:
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)


def take_out(shop: Shop, destination: Path) -> Path:
    """Export both models and two lines of speech."""
    shop.fill("ear", "mouth")
    put(shop.cache, SPEECH | {"speech/voices.json": b"{}", "speech/.1.partial": b"half"})
    export(shop.catalogue.models, shop.cache, destination, shop.catalogue, Notes())
    shutil.rmtree(shop.cache)
    return destination


def bring_in(shop: Shop, source: Path) -> Imported:
    return import_bundle(source, shop.cache, shop.catalogue, Notes())


@pytest.mark.parametrize("name", ["stick", "stick.tar"])
def test_a_bundle_carries_models_speech_and_protocols(
    shop: Shop, tmp_path: Path, name: str
) -> None:
    found = bring_in(shop, take_out(shop, tmp_path / "usb" / name))
    assert shop.contents() == FULL | SPEECH
    assert found == Imported(models=("ear", "mouth"), speech_files=2, protocols="same")
    assert all(not problems(entry, shop.cache, deep=True) for entry in shop.catalogue.models)


def test_an_import_can_be_taken_back(shop: Shop, tmp_path: Path) -> None:
    bundle = take_out(shop, tmp_path / "stick")
    before = {"ear/model.bin": b"an older ear", "speech/0c/local.wav": b"RIFF3"}
    put(shop.cache, before)
    bring_in(shop, bundle)
    assert shop.contents() == FULL | SPEECH | {"speech/0c/local.wav": b"RIFF3"}
    rollback(shop.cache, Notes())
    assert shop.contents() == before
    rollback(shop.cache, Notes())
    assert shop.contents() == FULL | SPEECH | {"speech/0c/local.wav": b"RIFF3"}


def test_rolling_back_without_an_import_is_refused(shop: Shop) -> None:
    with pytest.raises(UserError, match="no earlier state"):
        rollback(shop.cache, Notes())


def test_protocols_that_differ_are_told_and_not_installed(shop: Shop, tmp_path: Path) -> None:
    bundle = take_out(shop, tmp_path / "stick")
    manifest = msgspec.json.decode((bundle / "manifest.json").read_bytes(), type=Manifest)
    victim = next(file for file in manifest.files if file.path.startswith("content/"))
    (bundle / victim.path).write_bytes(b"say: something else")
    rewrite(bundle, victim.path, bytes=19, sha256=digest(b"say: something else"))
    assert bring_in(shop, bundle).protocols == "different"
    assert shop.contents() == FULL | SPEECH


def rewrite(bundle: Path, listed: str, **changes: object) -> None:
    """Change one file's line in the manifest."""
    manifest = msgspec.json.decode((bundle / "manifest.json").read_bytes())
    for file in manifest["files"]:
        if file["path"] == listed:
            file.update(changes)
    (bundle / "manifest.json").write_bytes(msgspec.json.encode(manifest))


def tamper(bundle: Path) -> None:
    (bundle / "models/ear/model.bin").write_bytes(WEIGHTS[:-1] + b"!")


def lose(bundle: Path) -> None:
    (bundle / "models/mouth/voice.onnx").unlink()


def tamper_with_the_manifest_too(bundle: Path) -> None:
    tamper(bundle)
    rewrite(bundle, "models/ear/model.bin", sha256=digest(WEIGHTS[:-1] + b"!"))


def link(bundle: Path) -> None:
    lose(bundle)
    (bundle / "models/mouth/voice.onnx").symlink_to("/etc/hostname")


def link_a_folder(bundle: Path) -> None:
    shutil.move(bundle / "models/mouth", bundle.parent / "elsewhere")
    (bundle / "models/mouth").symlink_to(bundle.parent / "elsewhere")


def lead_outside(bundle: Path) -> None:
    rewrite(bundle, "NOTICE.md", path="models/../../../escaped")


def break_the_manifest(bundle: Path) -> None:
    (bundle / "manifest.json").write_text("{")


@pytest.mark.parametrize(
    "harm",
    [
        tamper,
        lose,
        tamper_with_the_manifest_too,
        link,
        link_a_folder,
        lead_outside,
        break_the_manifest,
    ],
)
def test_a_harmed_bundle_changes_nothing(
    shop: Shop, tmp_path: Path, harm: Callable[[Path], None]
) -> None:
    bundle = take_out(shop, tmp_path / "stick")
    put(shop.cache, {"ear/model.bin": b"an older ear"})
    harm(bundle)
    with pytest.raises(UserError, match="is damaged"):
        bring_in(shop, bundle)
    assert shop.contents() == {"ear/model.bin": b"an older ear"}
    assert not (tmp_path / "escaped").exists()


@given(cut=st.floats(0, 1, exclude_max=True))
@settings(max_examples=40, deadline=None)
def test_a_truncated_tar_changes_nothing(
    tmp_path_factory: pytest.TempPathFactory, cut: float
) -> None:
    shop = open_shop(tmp_path_factory.mktemp("shop"))
    tar = take_out(shop, shop.wheels / "stick.tar")
    payload = tar.stat().st_size - 10_240  # what follows is the tar's own padding
    with tar.open("r+b") as file:
        file.truncate(int(cut * payload))
    with pytest.raises(UserError):
        bring_in(shop, tar)
    assert shop.contents() == {}


def hostile(name: str, **how: object) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    for key, value in how.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize(
    "member",
    [
        hostile("../escaped"),
        hostile("/tmp/escaped"),
        hostile("models/ear/extra.bin"),
        hostile("models/ear/model.bin"),
        hostile("models/ear/link", type=tarfile.SYMTYPE, linkname="/etc/hostname"),
        hostile("models/ear/hard", type=tarfile.LNKTYPE, linkname="models/ear/model.bin"),
        hostile("models/ear/device", type=tarfile.CHRTYPE, devmajor=1, devminor=5),
        hostile("models/ear/pipe", type=tarfile.FIFOTYPE),
    ],
    ids=lambda member: member.name,
)
def test_a_tar_with_a_hostile_member_changes_nothing(
    shop: Shop, tmp_path: Path, member: tarfile.TarInfo
) -> None:
    tar = take_out(shop, tmp_path / "stick.tar")
    with tarfile.open(tar, "a") as archive:
        archive.addfile(member, io.BytesIO())
    with pytest.raises(UserError, match="is damaged"):
        bring_in(shop, tar)
    assert shop.contents() == {}
    assert not list(tmp_path.rglob("*escaped*"))


@pytest.mark.parametrize("content", [b"", b"not a tar at all" * 99, b"\x1f\x8b\x08 zipped"])
def test_a_file_that_is_no_tar_is_refused(shop: Shop, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "x.tar").write_bytes(content)
    with pytest.raises(UserError):
        bring_in(shop, tmp_path / "x.tar")


def test_a_plain_folder_of_model_files_is_imported(shop: Shop, tmp_path: Path) -> None:
    put(tmp_path / "usb", {"any/where/a.bin": WEIGHTS, "b.json": CONFIG, "photo.jpg": b"holiday"})
    found = bring_in(shop, tmp_path / "usb")
    assert found.models == ("ear",)
    assert shop.contents() == {"ear/model.bin": WEIGHTS, "ear/config.json": CONFIG}


def test_a_plain_folder_without_a_whole_model_says_what_is_lacking(
    shop: Shop, tmp_path: Path
) -> None:
    put(tmp_path / "usb", {"model.bin": WEIGHTS, "config.json": b"X" * len(CONFIG)})
    with pytest.raises(UserError, match=r"ear lacks config\.json"):
        bring_in(shop, tmp_path / "usb")


def test_a_source_that_is_not_there_is_one_clear_line(shop: Shop, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="No such file"):
        bring_in(shop, tmp_path / "nothing")


@pytest.mark.parametrize("name", ["stick", "stick.tar"])
def test_a_damaged_model_is_not_exported(shop: Shop, tmp_path: Path, name: str) -> None:
    shop.fill("ear", "mouth")
    (shop.cache / "ear" / "model.bin").write_bytes(WEIGHTS[:-1] + b"!")
    with pytest.raises(MissingError, match=r"wrong checksum.*fetch"):
        take_out_as_it_is(shop, tmp_path / "usb" / name)
    assert not (tmp_path / "usb" / name).exists()


def take_out_as_it_is(shop: Shop, destination: Path) -> None:
    export(shop.catalogue.models, shop.cache, destination, shop.catalogue, Notes())


def test_an_export_never_overwrites(shop: Shop, tmp_path: Path) -> None:
    shop.fill("ear", "mouth")
    put(tmp_path, {"full/photo.jpg": b"holiday", "old.tar": b"precious"})
    (tmp_path / "empty").mkdir()
    for name in ("full", "old.tar"):
        with pytest.raises(UserError, match="is there already"):
            take_out_as_it_is(shop, tmp_path / name)
    take_out_as_it_is(shop, tmp_path / "empty")
    assert (tmp_path / "old.tar").read_bytes() == b"precious"
    assert (tmp_path / "empty" / "manifest.json").exists()
