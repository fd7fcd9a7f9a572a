import argparse
from pathlib import Path

import numpy as np
import pytest

from voice.cli import options, render
from voice.config import Settings
from voice.engines import interfaces as m
from voice.engines.speech_cache import Rendering, SpeechCache
from voice.errors import UserError
from voice.events import EngineState


class OneTone:
    """An `interfaces.Engine` that speaks every text as the same short sound, or refuses."""

    name = "tts"
    state: EngineState = "ready"
    busy = False

    def __init__(self, works_for: int = 99) -> None:
        self.left = works_for

    def submit(self, request: m.Request, on_result: m.OnResult) -> int:
        self.left -= 1
        if self.left < 0:
            on_result(m.Failed(id=1, generation=0, reason="died", detail="voice is damaged"))
        else:
            audio = np.full(500, 9, "<i2").tobytes()
            on_result(m.SpeechChunk(id=1, generation=0, audio=audio, rate=22_050))
            on_result(m.Done(id=1, generation=0))
        return 1

    def cancel(self, before: int) -> None:
        pass

    def close(self) -> None:
        pass


@pytest.fixture
def cache(tmp_path: Path) -> SpeechCache:
    return SpeechCache(tmp_path / "speech", Rendering(voice="a" * 64, rate=22_050))


def test_rendered_sentences_are_in_the_cache_and_counted(cache: SpeechCache) -> None:
    done: list[int] = []
    size = render.render(["One.", "Two."], cache, OneTone(), 1.0, done.append)
    assert done == [1, 2]
    assert cache.has("One.")
    assert cache.has("Two.")
    assert size == sum(file.stat().st_size for file in cache.folder.iterdir())


def test_what_was_rendered_before_a_failure_stays(cache: SpeechCache) -> None:
    with pytest.raises(UserError, match="speech is not rendered: voice is damaged"):
        render.render(["One.", "Two."], cache, OneTone(1), 1.0, lambda done: None)
    assert cache.has("One.")
    assert not cache.has("Two.")


def test_a_folder_that_cannot_be_written_is_named(cache: SpeechCache) -> None:
    cache.folder.write_text("a file is in the way")
    with pytest.raises(UserError, match=r"cannot write .*speech"):
        render.render(["One."], cache, OneTone(), 1.0, lambda done: None)


def test_the_command_renders_with_the_real_voice_and_skips_what_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    voice = Settings().cache_dir() / Settings().tts.voice
    (tmp_path / voice.name).symlink_to(voice, target_is_directory=True)
    parser = argparse.ArgumentParser()
    render.configure(parser)
    options.add_settings(parser)
    args = parser.parse_args(["--first", "2", "--set", f"models.cache={tmp_path}"])
    assert render.main(args) == 0
    assert "0 sentences were there, 2 rendered" in capsys.readouterr().out
    assert len(list((tmp_path / "speech").glob("*.wav"))) == 2
    assert render.main(args) == 0
    assert "2 sentences were there, 0 rendered" in capsys.readouterr().out
