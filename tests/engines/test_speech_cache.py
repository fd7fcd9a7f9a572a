import os
import subprocess
import sys
import wave
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.engines.speech_cache import Pcm, Rendering, SpeechCache
from voice.engines.voice_files import find_voice, fingerprint
from voice.errors import MissingError, UserError

RENDERING = Rendering(voice="a" * 64, rate=22_050)


def tone(length: int = 400, level: int = 1000) -> Pcm:
    return (level * np.sin(np.arange(length))).astype(np.int16)


@pytest.fixture
def cache(tmp_path: Path) -> SpeechCache:
    return SpeechCache(tmp_path, RENDERING)


def entries(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.wav"))


def test_what_was_put_is_found_by_this_and_by_a_later_cache(cache: SpeechCache) -> None:
    cache.put("Press hard.", tone())
    for reader in (cache, SpeechCache(cache.folder, RENDERING)):
        assert reader.has("Press hard.")
        np.testing.assert_array_equal(reader.get("Press hard."), tone())


def test_an_entry_is_a_plain_wav_file_at_the_voices_rate(cache: SpeechCache) -> None:
    with wave.open(str(cache.put("Press hard.", tone()))) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (22_050, 1, 2)
        assert file.getnframes() == 400


def test_the_same_words_written_differently_share_an_entry(cache: SpeechCache) -> None:
    cache.put("Call 112. **Now**", tone())
    assert cache.get("Call one one two. Now") is not None


@pytest.mark.parametrize(
    "other",
    [
        msgspec.structs.replace(RENDERING, voice="b" * 64),
        msgspec.structs.replace(RENDERING, rate=16_000),
        msgspec.structs.replace(RENDERING, noise_scale=0.6),
        msgspec.structs.replace(RENDERING, noise_w_scale=0.6),
        msgspec.structs.replace(RENDERING, renderer=RENDERING.renderer + 1),
    ],
)
def test_another_way_of_rendering_has_entries_of_its_own(
    cache: SpeechCache, other: Rendering
) -> None:
    cache.put("Press hard.", tone())
    assert SpeechCache(cache.folder, other).get("Press hard.") is None


def test_another_pace_or_other_words_are_other_entries(cache: SpeechCache) -> None:
    cache.put("Press hard.", tone(), length_scale=1.15)
    assert cache.get("Press hard.") is None
    assert cache.get("Press harder.", length_scale=1.15) is None
    assert cache.get("Press hard.", length_scale=1.15) is not None


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_a_damaged_entry_counts_as_absent_and_is_removed(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    cache = SpeechCache(tmp_path_factory.mktemp("speech"), RENDERING)
    entry = cache.put("Press hard.", tone())
    good = entry.read_bytes()
    if data.draw(st.booleans(), label="truncate"):
        bad = good[: data.draw(st.integers(0, len(good) - 1))]
    else:
        at = data.draw(st.integers(44, len(good) - 1))
        bad = good[:at] + bytes([good[at] ^ 0x10]) + good[at + 1 :]
    entry.write_bytes(bad)
    assert SpeechCache(cache.folder, RENDERING).get("Press hard.") is None
    assert entries(cache.folder) == []
    cache.put("Press hard.", tone())
    np.testing.assert_array_equal(cache.get("Press hard."), tone())


def test_new_samples_replace_the_former_ones(cache: SpeechCache) -> None:
    cache.put("Press hard.", tone(level=1000))
    cache.put("Press hard.", tone(level=2000))
    np.testing.assert_array_equal(cache.get("Press hard."), tone(level=2000))
    assert len(entries(cache.folder)) == 1


def test_files_of_others_are_left_alone(cache: SpeechCache) -> None:
    (cache.folder / "notes.txt").write_text("mine")
    (cache.folder / "song.wav").write_bytes(b"RIFF")
    cache.put("Press hard.", tone())
    reopened = SpeechCache(cache.folder, RENDERING)
    assert reopened.get("song") is None
    assert (cache.folder / "notes.txt").read_text() == "mine"
    assert (cache.folder / "song.wav").exists()


def test_a_missing_folder_is_an_empty_cache(tmp_path: Path) -> None:
    cache = SpeechCache(tmp_path / "none" / "speech", RENDERING)
    assert not cache.has("Press hard.")
    cache.put("Press hard.", tone())
    assert cache.has("Press hard.")


def test_a_write_that_fails_leaves_nothing_behind(
    cache: SpeechCache, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(OSError, match="No space"):
        cache.put("Press hard.", tone())
    assert list(cache.folder.iterdir()) == []
    assert not cache.has("Press hard.")


WRITER = """
import sys
import numpy as np
from pathlib import Path
from voice.engines.speech_cache import Rendering, SpeechCache
cache = SpeechCache(Path(sys.argv[1]), Rendering(voice="a" * 64, rate=22_050))
for word in "abcdefgh" * 5:
    cache.put(word, np.full(3000, ord(word), np.int16))
    assert (cache.get(word) == ord(word)).all()
"""


def test_processes_share_a_folder_and_see_each_others_entries(cache: SpeechCache) -> None:
    assert not cache.has("a")
    command = [sys.executable, "-c", WRITER, str(cache.folder)]
    writers = [subprocess.Popen(command) for _ in range(2)]
    assert [writer.wait(60) for writer in writers] == [0, 0]
    for word in "abcdefgh":
        np.testing.assert_array_equal(cache.get(word), np.full(3000, ord(word), np.int16))
    assert len(list(cache.folder.iterdir())) == 8


def make_voice(
    folder: Path, model: bytes = b"model", settings: str = '{"audio": {"sample_rate": 16000}}'
) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "v.onnx").write_bytes(model)
    (folder / "v.onnx.json").write_text(settings)
    return folder


def test_a_voices_fingerprint_follows_both_of_its_files(tmp_path: Path) -> None:
    one = fingerprint(find_voice(make_voice(tmp_path / "v")), tmp_path)
    assert fingerprint(find_voice(make_voice(tmp_path / "w")), tmp_path) == one
    assert fingerprint(find_voice(make_voice(tmp_path / "v", b"other")), tmp_path) != one
    other = make_voice(tmp_path / "w", settings='{"audio": {"sample_rate": 8000}}')
    assert fingerprint(find_voice(other), tmp_path) != one


def test_a_voice_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingError, match="no voice in"):
        find_voice(tmp_path)
    folder = make_voice(tmp_path / "v", settings="{")
    with pytest.raises(UserError, match="damaged"):
        find_voice(folder)
    (folder / "v.onnx.json").unlink()
    with pytest.raises(MissingError, match="cannot read"):
        find_voice(folder)
    (folder / "second.onnx").write_bytes(b"")
    with pytest.raises(UserError, match="holds 2 voices"):
        find_voice(folder)
