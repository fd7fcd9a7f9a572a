"""The listener's dealings with its two recognisers, whose answers the tests give by hand."""

from collections.abc import Callable, Iterable

import pytest

from tests.support import sounds
from tests.support.by_hand import ByHand
from voice.audio.interface import INPUT_BLOCK
from voice.config import Settings
from voice.engines.interfaces import Failed, Result
from voice.events import Partial, SpeechEnd, SpeechStart, TranscriptEvent
from voice.listening.listener import Alarm, Listener, Output, Reopened, Turn

COMMAND = "s2i_000"


class Ear:
    """A listener, its recognisers and its inbox."""

    def __init__(self, expected: Callable[[str], bool] = lambda text: False) -> None:
        self.base, self.tiny = ByHand("stt"), ByHand("tiny")
        self.inbox: list[tuple[Result, object]] = []
        self.listener = Listener(
            Settings(),
            self.base,
            self.tiny,
            lambda result, tag: self.inbox.append((result, tag)),
            expected=expected,
        )
        self.at = 0
        self.outputs: list[Output] = []

    def hear(self, audio: sounds.Audio) -> None:
        for start in range(0, len(audio) - INPUT_BLOCK + 1, INPUT_BLOCK):
            self.outputs += self.listener.push(self.at, audio[start : start + INPUT_BLOCK])
            self.at += INPUT_BLOCK

    def take(self) -> None:
        """Let the loop deliver what came into the inbox."""
        while self.inbox:
            self.outputs += self.listener.on_transcript(*self.inbox.pop(0))  # type: ignore[arg-type]

    def of(self, kind: type) -> list:  # type: ignore[type-arg]
        return [output for output in self.outputs if isinstance(output, kind)]


def ear_after(name: str = COMMAND, silence_s: float = 0.4, **options: object) -> Ear:
    """An ear that heard a clip, its recognition under way."""
    ear = Ear(**options)  # type: ignore[arg-type]
    ear.hear(sounds.scene(1.0, sounds.clip(name), silence_s))
    return ear


def kinds(outputs: Iterable[Output]) -> list[type]:
    return [type(output) for output in outputs]


def test_a_turn_is_logged_and_handed_over_at_its_commit():
    ear = ear_after(expected=lambda text: text == "coffee")
    ear.base.say("coffee")
    ear.take()
    assert kinds(ear.outputs) == [SpeechStart, SpeechEnd, TranscriptEvent, Turn]
    (turn,) = ear.of(Turn)
    assert (turn.text, turn.accepted, turn.revision, turn.overlapped) == ("coffee", True, 0, False)


@pytest.mark.parametrize("name", ["sb_spk1_snt1", "lj_LJ001-0002", "ms_one_petewarden"])
def test_the_logged_edges_are_those_of_the_sound(name):
    ear = ear_after(name, expected=lambda text: True)
    ear.base.say("whatever")
    ear.take()
    began, ended = sounds.loud_edges(sounds.clip(name))
    (turn,) = ear.of(Turn)
    assert turn.began == pytest.approx(1.0 + began, abs=0.06)
    assert turn.last_voiced == pytest.approx(1.0 + ended, abs=0.06)


def test_the_audio_for_recognition_holds_preroll_and_trailing_silence():
    ear = ear_after("sb_spk1_snt1")
    began, ended = sounds.loud_edges(sounds.clip("sb_spk1_snt1"))
    request, _ = ear.base.requests[-1]
    assert len(request.audio) / 2 / 16_000 >= 0.4 + (ended - began) + 0.1


def test_partials_are_asked_of_the_tiny_recogniser_one_at_a_time():
    ear = ear_after(silence_s=0.0)
    assert len(ear.tiny.requests) == 1
    ear.tiny.say("Can I have")
    ear.take()
    (partial,) = ear.of(Partial)
    assert partial.text == "Can I have"


def test_a_stale_partial_is_not_shown():
    ear = ear_after(expected=lambda text: True)
    ear.base.say("coffee")
    ear.take()
    ear.tiny.say("Can I")
    ear.take()
    assert not ear.of(Partial)


def test_words_of_speech_that_went_on_are_dropped_and_recognition_starts_again():
    ear = ear_after("ps_cards_1", silence_s=0.2, expected=lambda text: True)
    ((first, _),) = ear.base.requests
    ear.base.say("half of it")
    ear.hear(sounds.clip("ps_cards_1"))
    ear.take()
    assert not ear.of(Turn)
    ear.hear(sounds.silence(0.3))
    ((second, _),) = ear.base.requests
    assert len(second.audio) > len(first.audio) + 2 * len(sounds.clip("ps_cards_1"))
    ear.base.say("all of it")
    ear.take()
    assert [turn.text for turn in ear.of(Turn)] == ["all of it"]


def test_recognition_is_cancelled_as_soon_as_speech_goes_on():
    ear = ear_after("ps_cards_1", silence_s=0.2)
    ear.hear(sounds.clip("ps_cards_1"))
    assert [type(result) for result, _ in ear.inbox] == [Failed]
    ear.take()
    assert not ear.of(Alarm)


def test_a_reopened_turn_replaces_the_committed_one():
    ear = ear_after(expected=lambda text: True)
    ear.base.say("stop")
    ear.take()
    ear.hear(sounds.scene(sounds.clip("s2i_000"), 0.4))
    (reopened,) = ear.of(Reopened)
    ear.base.say("stop the bleeding")
    ear.take()
    first, second = ear.of(Turn)
    assert (first.turn, first.revision) == (reopened.turn, 0)
    assert (second.turn, second.revision, second.text) == (first.turn, 1, "stop the bleeding")


def test_when_base_dies_the_tiny_recogniser_serves_the_turn():
    ear = ear_after(expected=lambda text: True)
    ear.tiny.requests.clear()
    ear.base.die()
    ear.take()
    ear.tiny.say("coffee")
    ear.take()
    assert [turn.text for turn in ear.of(Turn)] == ["coffee"]
    assert not ear.of(Alarm)


def test_when_base_is_known_to_be_dead_the_tiny_one_is_asked_at_once():
    ear = Ear(expected=lambda text: True)
    ear.base.state = "restarting"
    ear.hear(sounds.scene(1.0, sounds.clip("ps_cards_1"), 0.4))
    assert not ear.base.requests
    ear.tiny.requests = ear.tiny.requests[-1:]
    ear.tiny.say("ten of clubs")
    ear.take()
    assert [turn.text for turn in ear.of(Turn)] == ["ten of clubs"]


def test_when_base_is_late_the_first_answer_counts_and_the_other_is_ignored():
    ear = ear_after(expected=lambda text: True)
    ear.tiny.requests.clear()
    ear.hear(sounds.silence(2.6))
    ear.tiny.say("coffee")
    ear.take()
    ear.base.say("a coffee")
    ear.take()
    assert [turn.text for turn in ear.of(Turn)] == ["coffee"]


def test_when_both_recognisers_are_gone_it_raises_the_alarm_and_goes_on_listening():
    ear = ear_after()
    ear.tiny.state = "failed"
    ear.base.die()
    ear.take()
    ear.hear(sounds.silence(1.0))
    assert len(ear.of(Alarm)) == 1
    (turn,) = ear.of(Turn)
    assert not turn.accepted
    ear.tiny.state = "ready"
    ear.hear(sounds.scene(1.0, sounds.clip("ps_cards_1"), 0.4))
    assert ear.base.requests


def test_refused_words_are_logged_but_not_accepted():
    ear = ear_after()
    ear.base.say("Thanks for watching!")
    ear.take()
    ear.hear(sounds.silence(1.0))
    (event,) = ear.of(TranscriptEvent)
    (turn,) = ear.of(Turn)
    assert (event.accepted, turn.reason) == (False, "invented")


def test_samples_that_the_microphone_lost_count_as_silence():
    ear = Ear()
    ear.hear(sounds.scene(1.0, sounds.clip("ps_cards_1")))
    ear.at += 16_000
    ear.hear(sounds.silence(0.01))
    assert ear.base.requests


def test_speech_over_the_assistants_voice_is_marked():
    ear = Ear(expected=lambda text: True)
    ear.listener.playback(0, True)
    ear.hear(sounds.scene(1.0, sounds.clip("ps_cards_1"), 0.4))
    ear.base.say("stop")
    ear.take()
    (turn,) = ear.of(Turn)
    assert turn.overlapped
