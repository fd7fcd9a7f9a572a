"""Who has the floor: what is for us, what only costs a pause, what is our own voice."""

import time
from collections.abc import Callable, Iterator

import numpy as np
import pytest

from tests.support.real_content import loaded
from voice.audio.mixer import Mixer
from voice.config import Audio, Settings
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import State
from voice.engines import roster, speech_cache
from voice.engines.host import WorkerHost
from voice.engines.speaker import Speaker
from voice.engines.speech_cache import SpeechCache
from voice.floor import SETTLING_S, Floor
from voice.listening.messages import Turn
from voice.speaking import Speech

pytestmark = pytest.mark.alone

LINE = "Press hard on the bleeding with both hands."


class Scene:
    """A mouth that speaks one line from the cache, and the floor."""

    def __init__(self, cache: SpeechCache, dialogue: Dialogue, settings: Settings) -> None:
        self.blocks = 0
        self.mixer = Mixer(48_000, lambda event: self.speech.logged(event))
        engine = WorkerHost(roster.piper(Settings()), lambda state, pid, detail: None)
        self.speech = Speech(
            Speaker(engine, cache),
            self.mixer,
            lambda call: call(),
            length_scale=1.0,
            on_mute=lambda: None,
        )
        self.dialogue = dialogue
        self.floor = Floor(settings, dialogue.understanding, self.speech, hears_itself=True)
        self.now = 100.0

    def speak(self) -> None:
        """Begin the line and play a part of it."""
        self.speech.say(LINE, append=False)
        limit = time.monotonic() + 5
        while self.speech.rendering and time.monotonic() < limit:
            time.sleep(0.005)
        self.play(20)

    def play(self, blocks: int) -> float:
        """Give the loudest sample of the next blocks."""
        loudest = 0.0
        for _ in range(blocks):
            loudest = float(np.abs(self.mixer.render()).max())
            self.blocks += 1
            self.mixer.consumed(self.blocks, self.blocks * 0.01)
        return loudest

    def hears(
        self,
        text: str,
        state: State | None = None,
        overlapped: bool = True,
        voiced_s: float = 0.5,
        revision: int = 0,
    ) -> bool:
        """Whether what is said is for us."""
        turn = Turn(
            turn=1,
            revision=revision,
            text=text,
            confidence=0.8,
            alternatives=(),
            accepted=True,
            reason="",
            began=self.now,
            last_voiced=self.now,
            soft_end=self.now,
            transcribed=self.now,
            voiced_s=voiced_s,
            overlapped=overlapped,
        )
        return self.floor.for_us(turn, state or State(), self.now)


@pytest.fixture(scope="module")
def dialogue() -> Dialogue:
    return Dialogue(loaded(), Settings())


@pytest.fixture
def made(
    tmp_path_factory: pytest.TempPathFactory, dialogue: Dialogue
) -> Iterator[Callable[..., Scene]]:
    scenes: list[Scene] = []

    def make(**audio: str) -> Scene:
        settings = Settings(audio=Audio(**audio))  # type: ignore[arg-type]
        real = speech_cache.for_settings(settings)
        cache = SpeechCache(tmp_path_factory.mktemp("speech"), real._rendering)
        cache.put(LINE, np.full(cache.rate * 2, 10_000, np.int16))
        scenes.append(Scene(cache, dialogue, settings))
        return scenes[-1]

    yield make
    for scene in scenes:
        scene.speech.close()


@pytest.fixture
def scene(made: Callable[..., Scene]) -> Scene:
    return made()


def test_our_voice_holds_while_somebody_speaks_and_goes_on_when_nobody_does(scene: Scene) -> None:
    scene.speak()
    scene.floor.taken(scene.now)
    assert scene.play(5) == 0.0
    scene.floor.free()
    assert scene.play(5) > 0.1


@pytest.mark.parametrize("text", ["Uh-huh.", "Mm-hmm.", "Okay.", "Yeah.", "Right, okay."])
def test_who_only_agrees_takes_no_word_from_us(scene: Scene, text: str) -> None:
    scene.speak()
    assert not scene.hears(text)
    scene.play(250)
    assert scene.hears(text)  # our line is over


def test_yes_is_an_answer_where_something_was_asked(scene: Scene) -> None:
    begun = map(scene.dialogue.start, scene.dialogue.content.protocols)
    asking = [
        state for state in begun if scene.dialogue.understanding.whole("no", state) == "whole"
    ]
    scene.speak()
    assert not scene.hears("Yes.")
    assert any(scene.hears("Yes.", state) for state in asking)
    assert not any(scene.hears("Uh-huh.", state) for state in asking)


@pytest.mark.parametrize("text", ["Stop.", "Be quiet!", "Please stop talking."])
def test_stop_is_for_us_whatever_is_going_on(made: Callable[..., Scene], text: str) -> None:
    for audio in ({}, {"duplex": "half"}):
        scene = made(**audio)
        scene.speak()
        assert scene.hears(text)


def test_our_own_words_are_not_for_us_and_a_question_about_them_is(scene: Scene) -> None:
    scene.speak()
    assert not scene.hears("Press hard on the bleeding with both hands.")
    assert not scene.hears("hard on the bleeding with both")
    assert scene.hears("How hard do I press?")
    assert scene.hears("Press hard on the bleeding with both hands.", overlapped=False)


def test_the_first_words_of_our_reply_are_no_more_of_what_it_answers(scene: Scene) -> None:
    asked = "Do I press on it?"
    assert scene.hears(asked, overlapped=False)
    scene.speak()
    assert not scene.hears(f"{asked} Press hard.", overlapped=False, revision=1)
    assert not scene.hears(asked, overlapped=False, revision=2)
    assert scene.hears(f"{asked} It is my leg.", overlapped=False, revision=3)


def test_no_words_are_kept_of_what_was_for_us_once_they_are_to_be_forgotten(scene: Scene) -> None:
    asked = "Do I press on it?"
    assert scene.hears(asked, overlapped=False)
    scene.floor.forget()
    assert asked not in str(vars(scene.floor))
    assert scene.hears(asked, overlapped=False, revision=1)


def test_what_is_too_short_over_our_voice_is_what_is_left_of_it_but_stop_counts(scene: Scene):
    scene.speak()
    assert not scene.hears("Next.", voiced_s=0.19)
    assert scene.hears("Next.", voiced_s=0.22)
    assert scene.hears("Next.", voiced_s=0.19, overlapped=False)
    assert scene.hears("Stop.", voiced_s=0.1)


def test_in_half_duplex_our_voice_does_not_hold_and_only_stop_is_heard(
    made: Callable[..., Scene],
) -> None:
    scene = made(duplex="half")
    scene.speak()
    scene.floor.taken(scene.now)
    assert scene.play(5) > 0.1
    assert not scene.hears("How hard do I press?")
    assert scene.hears("How hard do I press?", overlapped=False)


def test_a_device_that_came_is_used_in_half_duplex_until_the_room_is_known(scene: Scene) -> None:
    scene.floor.device_came(scene.now)
    assert scene.floor.half(scene.now + SETTLING_S - 0.1)
    assert not scene.floor.half(scene.now + SETTLING_S)


def test_a_command_is_spotted_among_our_words_unless_it_is_one_of_them(scene: Scene) -> None:
    scene.speak()
    assert scene.floor.spot("press hard on stop with both hands") == "stop"
    assert scene.floor.spot("press hard on the bleeding") is None
    scene.speech.say("Stop when help is there.", append=False)
    assert scene.floor.spot("stop when help is there") is None
