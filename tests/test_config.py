"""Settings: defaults < profile < environment < flags, and one clear line for each mistake."""

import tomllib
from pathlib import Path

import msgspec
import pytest

from voice import config
from voice.config import Settings
from voice.errors import UserError

PROFILES = sorted((config.ROOT / "configs").glob("*.toml"))


def profile(folder: Path, text: str) -> Path:
    file = folder / "profile.toml"
    file.write_text(text)
    return file


@pytest.mark.parametrize("file", PROFILES, ids=lambda file: file.stem)
def test_every_profile_that_we_ship_is_valid(file: Path) -> None:
    config.load(file, environment={})


def test_the_laptop_profile_lists_every_option_with_its_default() -> None:
    text = (config.ROOT / "configs" / "laptop.toml").read_text("utf-8")
    assert tomllib.loads(text) == msgspec.to_builtins(Settings())


def test_later_layers_override_earlier_ones(tmp_path: Path) -> None:
    file = profile(tmp_path, "[llm]\nthreads = 2\ncontext = 512\n[stt]\nthreads = 2\n")
    environment = {"RESCUE_VOICE_LLM_THREADS": "3", "RESCUE_VOICE_STT_THREADS": "3", "HOME": "x"}
    settings = config.load(file, ["stt.threads=4", "content.require_signed=true"], environment)
    assert (settings.llm.threads, settings.llm.context, settings.stt.threads) == (3, 512, 4)
    assert settings.content.require_signed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[llm\n", "not valid TOML"),
        ("[llm]\nthread = 1\n", "thread"),
        ("[sound]\n", "sound"),
        ('[llm]\nthreads = "two"\n', r"\$\.llm\.threads"),
        ("[llm]\nthreads = 0\n", r"\$\.llm\.threads"),
        ("[audio]\noutput_rate = 44100\n", "output_rate"),
        ("llm = 3\n", "llm"),
    ],
)
def test_a_mistake_in_a_profile_is_named(text: str, says: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=says) as error:
        config.load(profile(tmp_path, text), environment={})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("item", ["threads", "llm=1", "llm.thread=1", "sound.x=1", "llm.threads=x"])
def test_a_mistake_in_an_override_is_named(item: str) -> None:
    with pytest.raises(UserError, match=r"--set|RESCUE"):
        config.load(None, [item], {})
    name = "RESCUE_VOICE_" + item.partition("=")[0].replace(".", "_").upper()
    if name != "RESCUE_VOICE_LLM_THREADS":
        with pytest.raises(UserError, match=name):
            config.load(None, (), {name: "1"})


def test_unreadable_profiles_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no\.toml"):
        config.load(tmp_path / "no.toml", environment={})
    with pytest.raises(UserError, match="cannot read"):
        config.load(tmp_path, environment={})
    (tmp_path / "raw.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not valid TOML"):
        config.load(tmp_path / "raw.toml", environment={})
