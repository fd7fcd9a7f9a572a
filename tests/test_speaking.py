"""From replies to utterances in the mixer, with the real speaker, cache, mixer and voice."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from voice.audio.interface import SoundEvent
from voice.audio.mixer import Mixer
from voice.config import Settings
from voice.engines import roster, speech_cache
from voice.engines.host import WorkerHost
from voice.engines.speaker import Speaker
from voice.engines.speech_cache import SpeechCache
from voice.events import AudioEnd, AudioStart, Latency
from voice.inbox import Inbox
from voice.latency import Axis, Trace
from voice.listening.messages import Turn
from voice.speaking import Speech

pytestmark = pytest.mark.alone

RATE = 48_000
EXCUSE = "One moment."


class Room:
    """A mouth with everything behind it, and a device that plays as fast as it is asked to."""

    def __init__(self, cache: SpeechCache) -> None:
        self.events: list[AudioStart | AudioEnd | Latency] = []
        self.mutes: list[bool] = []
        self.engine = WorkerHost(roster.piper(Settings()), lambda state, pid, detail: None)
        self.inbox = Inbox("test")
        self.mixer = Mixer(RATE, self.inbox.poster(self._note))
        self.speech = Speech(
            Speaker(self.engine, cache),
            self.mixer,
            self.inbox.put,
            length_scale=1.0,
            excuse=EXCUSE,
            on_mute=lambda: self.mutes.append(True),
        )
        self.blocks = 0
        self.inbox.start()

    def do(self, call: Callable[[], None]) -> None:
        self.inbox.put(call)
        self.inbox.settle()

    def play_until(self, wanted: Callable[[], bool], timeout: float = 20) -> float:
        """Play until something holds, and give the loudest sample heard meanwhile."""
        loudest, limit = 0.0, time.monotonic() + timeout
        while not wanted():
            assert time.monotonic() < limit, self.events
            loudest = max(loudest, float(np.abs(self.mixer.render()).max()))
            self.blocks += 1
            self.mixer.consumed(self.blocks, self.blocks * 0.01)
            self.inbox.settle()
        return loudest

    def close(self) -> None:
        self.speech.close()
        self.engine.close()
        self.inbox.close(1.0)

    def _note(self, event: SoundEvent) -> None:
        self.events += self.speech.logged(event)


@pytest.fixture
def cache(tmp_path_factory: pytest.TempPathFactory) -> SpeechCache:
    """The voice's cache, elsewhere, with two sentences: loud ones, so that they are told apart."""
    real = speech_cache.for_settings(Settings())
    cache = SpeechCache(tmp_path_factory.mktemp("speech"), real._rendering)
    cache.put(EXCUSE, np.full(2_000, 20_000, np.int16))
    cache.put("Push hard.", np.full(4_000, 10_000, np.int16))
    return cache


@pytest.fixture
def room(cache: SpeechCache) -> Iterator[Room]:
    room = Room(cache)
    yield room
    room.close()


def answered() -> Trace:
    """A turn whose last voiced sample was half a second before the axis began."""
    turn = Turn(
        turn=1,
        revision=0,
        text="Next.",
        confidence=1.0,
        alternatives=(),
        accepted=True,
        reason="",
        began=-1.0,
        last_voiced=-0.5,
        soft_end=-0.3,
        transcribed=-0.1,
        voiced_s=0.4,
        overlapped=False,
    )
    return Trace(turn, Axis())


def test_a_cached_reply_needs_no_engine_and_tells_its_latency(room: Room) -> None:
    trace = answered()
    room.do(lambda: room.speech.say("Push hard.", append=False, answers=trace))
    assert room.play_until(lambda: room.speech.idle) > 0.25
    start, latency, end = room.events
    assert isinstance(start, AudioStart)
    assert start.latency_ms == pytest.approx((start.t + 0.5) * 1000, abs=0.1)
    assert isinstance(latency, Latency)
    assert latency.first_sample == pytest.approx(start.t, abs=0.001)
    assert latency.first_synthesis is None
    assert isinstance(end, AudioEnd)
    assert end.reason == "finished"


def test_an_utterance_ends_in_time_although_the_loop_does_not_run_yet(cache: SpeechCache) -> None:
    events: list[SoundEvent] = []
    calls: list[Callable[[], None]] = []
    mixer = Mixer(RATE, events.append)
    engine = WorkerHost(roster.piper(Settings()), lambda state, pid, detail: None)
    speaker = Speaker(engine, cache)
    speech = Speech(speaker, mixer, calls.append, length_scale=1.0, on_mute=lambda: None)
    speech.say("Push hard.", append=True)
    limit = time.monotonic() + 20
    blocks = 0
    while len(events) < 2:
        assert time.monotonic() < limit
        mixer.render()
        blocks += 1
        mixer.consumed(blocks, blocks * 0.01)
    speech.close()
    engine.close()
    assert [event.source for event in events] == ["voice", "voice"]
    assert events[1].t - events[0].t == pytest.approx(4_000 / cache.rate, abs=0.02)


def test_a_reply_that_was_not_rendered_ahead_tells_when_the_engine_gave_it(room: Room) -> None:
    trace = answered()
    room.engine.start()
    assert room.engine.wait(60) == "ready"
    room.do(lambda: room.speech.say("New words.", append=False, answers=trace))
    room.play_until(lambda: room.speech.idle)
    latency = next(event for event in room.events if isinstance(event, Latency))
    assert latency.first_synthesis is not None


def test_what_a_dead_engine_cannot_say_is_excused_and_said_when_it_is_back(room: Room) -> None:
    room.do(lambda: room.speech.say("New words.", append=False))
    assert room.play_until(lambda: room.speech.idle) > 0.5  # the excuse, from the cache
    assert not room.mutes
    room.engine.start()
    assert room.engine.wait(60) == "ready"
    room.events.clear()
    room.do(room.speech.voice_is_back)
    assert room.play_until(lambda: len(room.events) == 2) > 0.05


def test_where_not_even_the_excuse_can_be_said_that_is_told(room: Room, cache: SpeechCache) -> None:
    for file in cache.folder.rglob("*"):
        file.unlink()
    room.do(lambda: room.speech.say("New words.", append=False))
    room.play_until(lambda: room.speech.idle)
    assert len(room.mutes) == 1


def test_a_newer_reply_makes_the_unsaid_one_past(room: Room) -> None:
    room.do(lambda: room.speech.say("New words.", append=False))
    room.play_until(lambda: room.speech.idle)
    room.do(lambda: room.speech.say("Push hard.", append=False))
    room.play_until(lambda: room.speech.idle)
    room.do(room.speech.voice_is_back)
    assert room.speech.idle


def test_a_reply_takes_the_place_of_the_one_before_unless_appended(room: Room) -> None:
    room.do(lambda: room.speech.say("Push hard.", append=False))
    room.do(lambda: room.speech.say("Push hard.", append=True))
    room.play_until(lambda: len(room.events) == 1)
    room.do(lambda: room.speech.say("Push hard.", append=False))
    room.play_until(lambda: room.speech.idle)
    reasons = [event.reason for event in room.events if isinstance(event, AudioEnd)]
    assert sorted(reasons) == ["finished", "interrupted", "interrupted"]


def test_our_own_words_are_known_again_garbled_ones_only_in_a_room_with_echo(room: Room) -> None:
    room.do(lambda: room.speech.say("Heel of one hand on the centre of the chest.", append=False))
    assert room.speech.sounds_like_us("hand on the center of the chest", echo=False)
    assert not room.speech.sounds_like_us("Hill of one and on this entry the chest", echo=False)
    assert room.speech.sounds_like_us("Hill of one and on this entry the chest", echo=True)
    for theirs in ("she is bleeding from her leg", "he stopped breathing again", "the chest"):
        assert not room.speech.sounds_like_us(theirs, echo=True)
