"""The shipped catalogue, and the models that the set-up has put into the cache."""

from pathlib import Path

import msgspec
import pytest

from voice import config
from voice.errors import UserError
from voice.modelstore import Catalogue, load, locate
from voice.modelstore import catalogue as catalogue_module
from voice.modelstore.cache import problems

PROFILES = sorted((config.ROOT / "configs").glob("*.toml"))


@pytest.mark.parametrize("profile", PROFILES, ids=lambda path: path.stem)
def test_every_profile_names_models_of_the_catalogue(profile: Path) -> None:
    settings = config.load(profile, environment={})
    names = {entry.name for entry in load().needed(settings)}
    speech = {settings.stt.model, settings.stt.tiny, settings.tts.voice}
    assert speech | {settings.llm.model, settings.triage.embedding} == names


def test_the_embedded_models_are_here_with_the_content_of_the_catalogue() -> None:
    settings = config.Settings()
    for entry in load().needed(settings):
        assert problems(entry, settings.cache_dir(), deep=True) == []
        assert locate(entry.name, settings.cache_dir()) == settings.cache_dir() / entry.name


def test_embedded_models_need_no_hub_and_language_models_say_how_they_are_asked() -> None:
    for entry in load().models:
        assert (entry.role == "llm") == bool(entry.prompt)
        if entry in load().needed(config.Settings()):
            assert all(file.registry for file in entry.files)


def test_a_model_in_the_wrong_place_is_refused() -> None:
    settings = config.load(None, ["tts.voice=whisper-base"], environment={})
    with pytest.raises(UserError, match=r"tts\.voice = 'whisper-base': that model is for stt"):
        load().needed(settings)


def test_a_profile_without_a_language_model_needs_none() -> None:
    settings = config.load(None, ["llm.model="], environment={})
    assert "llm" not in {entry.role for entry in load().needed(settings)}


FILE = {"path": "a.bin", "bytes": 1, "sha256": "0" * 64, "hub": "a.bin"}
WHEEL = {"package": "a", "version": "1", "member": "a.bin"}
MODEL = {
    "name": "a",
    "role": "llm",
    "about": "",
    "licence": "MIT",
    "file": [FILE],
    "hub": {"repo": "a/b", "revision": "main"},
}


@pytest.mark.parametrize(
    "entry",
    [
        MODEL | {"name": "../a"},
        MODEL | {"name": ".hidden"},
        MODEL | {"file": [FILE | {"path": "../a.bin"}]},
        MODEL | {"file": [FILE | {"path": "/a.bin"}]},
        MODEL | {"file": [FILE | {"sha256": "0"}]},
        MODEL | {"file": [FILE | {"sha256": "", "registry": [WHEEL]}]},
        MODEL | {"base": "b"},
        MODEL | {"file": [FILE | {"bytes": 0}]},
        MODEL | {"file": [FILE | {"hub": ""}]},
        MODEL | {"file": [FILE, FILE]},
        MODEL | {"opens": "b.bin"},
        MODEL | {"role": "oracle"},
        MODEL | {"colour": "red"},
    ],
)
def test_a_wrong_entry_is_refused(entry: dict[str, object]) -> None:
    assert msgspec.convert({"model": [MODEL]}, Catalogue)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"model": [entry]}, Catalogue)


def test_a_damaged_catalogue_is_one_clear_line(tmp_path: Path) -> None:
    for text in ("model = [", 'model = "none"'):
        file = tmp_path / "models.toml"
        file.write_text(text)
        catalogue_module.load.cache_clear()
        with pytest.raises(UserError, match=r"models\.toml is damaged"):
            catalogue_module.load(file)
