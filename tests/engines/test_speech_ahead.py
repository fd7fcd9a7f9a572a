"""Speech that is rendered before it is wanted, while nobody needs the engine."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from tests.engines.test_speech_speaker import RATE, ScriptedEngine, dies, hangs, pcm_of, speaks
from voice.engines import interfaces as m
from voice.engines.speech_ahead import SpeechAhead
from voice.engines.speech_cache import Rendering, SpeechCache

pytestmark = pytest.mark.alone


@dataclass
class Desk:
    """A renderer, what it works with, and what it is told."""

    cache: SpeechCache
    engine: ScriptedEngine = field(default_factory=ScriptedEngine)
    idle: bool = True
    scale: float = 1.0

    def __post_init__(self) -> None:
        self.ahead = SpeechAhead(self.engine, self.cache, lambda: self.idle, lambda: self.scale)
        self.ahead.start()

    @property
    def asked(self) -> list[str]:
        return [r.text for r in self.engine.asked if isinstance(r, m.Synthesize)]

    def until(self, wanted: Callable[[], bool]) -> None:
        limit = time.monotonic() + 20
        while not wanted():
            assert time.monotonic() < limit, self.asked
            time.sleep(0.01)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(SpeechCache(tmp_path / "speech", Rendering(voice="a" * 64, rate=RATE)))
    yield desk
    desk.ahead.close()


def test_sentences_are_rendered_as_the_speaker_looks_them_up(desk: Desk) -> None:
    desk.ahead.soon(["Call 112. Push hard."])
    desk.until(lambda: desk.cache.has("Push hard."))
    assert desk.asked == ["Call one one two.", "Push hard."]
    np.testing.assert_array_equal(desk.cache.get("Push hard."), pcm_of("Push hard."))
    assert all(request.background for request in desk.engine.asked)


def test_what_is_there_is_not_rendered_again(desk: Desk) -> None:
    desk.cache.put("Push hard.", pcm_of("Push hard."))
    desk.ahead.soon(["Push hard.", "Keep on.", "Keep on."])
    desk.until(lambda: desk.cache.has("Keep on."))
    assert desk.asked == ["Keep on."]


def test_what_may_be_said_soon_comes_before_everything_else(desk: Desk) -> None:
    desk.idle = False
    desk.ahead.later(["One.", "Two."])
    desk.ahead.soon(["Soon."])
    desk.idle = True
    desk.until(lambda: desk.cache.has("Two."))
    assert desk.asked == ["Soon.", "One.", "Two."] or desk.asked == ["One.", "Soon.", "Two."]


def test_newer_lines_take_the_place_of_what_was_to_come(desk: Desk) -> None:
    desk.idle = False
    desk.ahead.soon(["Old.", "Older."])
    time.sleep(0.1)
    desk.ahead.soon(["New."])
    desk.idle = True
    desk.until(lambda: desk.cache.has("New."))
    time.sleep(0.1)
    assert desk.asked == ["New."]


def test_nothing_is_asked_of_the_engine_while_there_is_something_to_do(desk: Desk) -> None:
    desk.idle = False
    desk.ahead.soon(["Push hard."])
    time.sleep(0.2)
    assert desk.asked == []


def test_it_makes_way_and_comes_back_to_what_was_dropped(desk: Desk) -> None:
    desk.engine.script = hangs
    desk.ahead.soon(["Push hard."])
    desk.until(lambda: desk.asked == ["Push hard."])
    desk.engine.script = speaks
    desk.ahead.make_way()
    desk.until(lambda: desk.cache.has("Push hard."))


def test_what_cannot_be_rendered_does_not_hold_up_the_rest(desk: Desk) -> None:
    desk.engine.script = lambda request, on_result: (
        dies if isinstance(request, m.Synthesize) and request.text == "Bad." else speaks
    )(request, on_result)
    desk.ahead.soon(["Bad.", "Good."])
    desk.until(lambda: desk.cache.has("Good."))
    assert not desk.cache.has("Bad.")


def test_a_change_of_pace_is_another_rendering(desk: Desk) -> None:
    desk.scale = 1.15
    desk.ahead.soon(["Push hard."])
    desk.until(lambda: desk.cache.has("Push hard.", 1.15))
    assert not desk.cache.has("Push hard.", 1.0)


def test_a_folder_that_cannot_be_written_to_ends_it_quietly(tmp_path: Path) -> None:
    (tmp_path / "speech").write_text("no folder")
    desk = Desk(SpeechCache(tmp_path / "speech", Rendering(voice="a" * 64, rate=RATE)))
    desk.ahead.soon(["Push hard."])
    desk.until(lambda: not desk.ahead._thread.is_alive())
    desk.ahead.close()
