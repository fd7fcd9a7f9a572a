"""The beat as the dialogue wants it: with the words that are there, never silent without them."""

from collections.abc import Iterator

import numpy as np
import pytest

from tests.support.mixing import RATE, Bench, struck
from voice.config import Settings
from voice.counting import Beats
from voice.dialogue import interface as d
from voice.engines import roster, speech_cache
from voice.engines.host import WorkerHost
from voice.engines.speaker import Speaker
from voice.engines.speech_cache import SpeechCache
from voice.inbox import Inbox

SETS = d.Sets(
    pushes=3, pause_s=3.0, numbers=((1, "one"), (3, "three")), breaths="Two breaths.", again="Push."
)
COUNTED = d.Beat(on=True, rate=120.0, sets=SETS)
TEXTS = ("Two breaths.", "Push.", "one", "three")
SET = 2 * RATE // 2 + 3 * RATE


class Room:
    """The beat with a mixer, a cache of its own and an engine that never answers."""

    def __init__(self, cache: SpeechCache, texts: tuple[str, ...]) -> None:
        self.cache = cache
        self.bench = Bench()
        self.inbox = Inbox("test")
        self.engine = WorkerHost(roster.piper(Settings()), lambda state, pid, detail: None)
        self.speaker = Speaker(self.engine, cache)
        self.render(*texts)
        self.beats = Beats(self.bench.mixer, self.speaker, cache, self.inbox.put, length_scale=1.0)
        self.inbox.start()

    def render(self, *texts: str) -> None:
        for text in texts:
            self.cache.put(text, np.full(4_000, 8_000, np.int16))

    def close(self) -> None:
        self.speaker.close()
        self.engine.close()
        self.inbox.close(1.0)


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> SpeechCache:
    real = speech_cache.for_settings(Settings())
    return SpeechCache(tmp_path_factory.mktemp("speech"), real._rendering)


@pytest.fixture
def rooms(cache: SpeechCache) -> Iterator[list[Room]]:
    opened: list[Room] = []
    yield opened
    for room in opened:
        room.close()


def test_with_its_words_it_beats_in_sets(cache: SpeechCache, rooms: list[Room]) -> None:
    room = Room(cache, TEXTS)
    rooms.append(room)
    assert room.beats.set(COUNTED)
    assert not room.beats.set(COUNTED)
    room.bench.run(600)
    beats = struck(room.bench.sound("beat"))
    assert beats == [at + k * RATE // 2 for at in (0, SET) for k in range(3)]
    voice = room.bench.sound("voice")
    for at in (0, RATE, RATE + RATE // 2, SET - RATE, SET):
        assert voice[at] != 0
        assert not voice[max(at - RATE // 10, 0) : at].any()


def test_without_one_of_its_words_it_makes_no_pause(cache: SpeechCache, rooms: list[Room]) -> None:
    room = Room(cache, TEXTS[1:])
    rooms.append(room)
    room.beats.set(COUNTED)
    room.bench.run(500)
    assert np.diff(struck(room.bench.sound("beat"))).tolist() == [RATE // 2] * 9
    room.render(TEXTS[0])
    room.inbox.put(room.beats.go_on)
    room.inbox.settle()
    room.bench.run(700)
    gaps = np.diff(struck(room.bench.sound("beat"))).tolist()
    assert set(gaps) == {RATE // 2, 3 * RATE}


def test_a_new_rate_keeps_the_announcement_of_a_pause(
    cache: SpeechCache, rooms: list[Room]
) -> None:
    room = Room(cache, TEXTS)
    rooms.append(room)
    room.beats.set(COUNTED)
    room.bench.run(110)
    room.beats.set(d.Beat(on=True, rate=100.0, sets=SETS))
    room.bench.run(60)
    voice = room.bench.sound("voice")
    assert voice[RATE + RATE // 2 + 100] != 0


def test_without_sets_it_only_beats(cache: SpeechCache, rooms: list[Room]) -> None:
    room = Room(cache, TEXTS)
    rooms.append(room)
    room.beats.set(COUNTED)
    room.bench.run(200)
    room.beats.set(d.Beat(on=True, rate=120.0))
    room.bench.run(200)
    assert np.diff(struck(room.bench.sound("beat"))).max() <= 1.01 * RATE
    room.beats.set(d.Beat(on=False))
    room.bench.run(200)
    assert struck(room.bench.sound("beat"))[-1] < 400 * 480
