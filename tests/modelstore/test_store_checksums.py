"""A model that was changed after it was checked is noticed at the next start."""

from pathlib import Path

import pytest

from tests.support.model_shop import VOICE, Shop
from voice.errors import MissingError
from voice.modelstore import checksums, locate


def voice_file(shop: Shop) -> Path:
    (file,) = shop.catalogue.entry("mouth").files
    return shop.cache / "mouth" / file.path


def test_a_file_of_the_right_size_with_other_content_is_refused(shop: Shop) -> None:
    shop.fill("mouth")
    assert locate("mouth", shop.cache, shop.catalogue)
    voice_file(shop).write_bytes(b"x" * len(VOICE))
    with pytest.raises(MissingError, match=r"wrong checksum.*models fetch mouth"):
        locate("mouth", shop.cache, shop.catalogue)


def test_an_unchanged_file_is_read_only_once(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.fill("mouth")
    locate("mouth", shop.cache, shop.catalogue)
    monkeypatch.setattr(checksums, "sha256_of", None)  # reading again would raise
    assert locate("mouth", shop.cache, shop.catalogue)


def test_a_damaged_memory_is_only_a_slower_start(shop: Shop) -> None:
    shop.fill("mouth")
    (shop.cache / checksums.MEMO).write_text('{"half": ')
    assert locate("mouth", shop.cache, shop.catalogue)
