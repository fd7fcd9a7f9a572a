"""The listener's dealings with its two recognisers, whose answers the tests give by hand."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pytest

from tests.support import sounds
from tests.support.by_hand import ByHand
from voice.audio.interface import INPUT_BLOCK
from voice.config import Settings
from voice.engines.interfaces import Failed, Result, Weighed
from voice.events import Partial, SpeechEnd, SpeechStart, TranscriptEvent
from voice.listening.listener import (
    Alarm,
    Listener,
    Output,
    Reopened,
    Settled,
    Stirred,
    Turn,
)
from voice.listening.vad import Frame, VoiceActivity

COMMAND = "s2i_000"


class Ear:
    """A listener, its recognisers and its inbox."""

    def __init__(
        self,
        expected: Callable[[str], bool] = lambda text: False,
        urgent: Callable[[str], bool] = lambda text: False,
        spot: Callable[[str], str | None] = lambda text: None,
        **more: Any,
    ) -> None:
        self.base, self.tiny = ByHand("stt"), ByHand("tiny")
        self.inbox: list[tuple[Result, object]] = []
        self.listener = Listener(
            Settings(),
            self.base,
            self.tiny,
            lambda result, tag: self.inbox.append((result, tag)),
            expected=expected,
            urgent=urgent,
            spot=spot,
            **more,
        )
        self.at = 0
        self.outputs: list[Output] = []

    def hear(self, audio: sounds.Audio, cancelled: bool = False) -> None:
        """`cancelled`: an echo canceller is at work, which found no echo in it."""
        for start in range(0, len(audio) - INPUT_BLOCK + 1, INPUT_BLOCK):
            block = audio[start : start + INPUT_BLOCK]
            self.outputs += self.listener.push(self.at, block, block if cancelled else None)
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


TOFFEE, COFFEE = Weighed("toffee", -0.8, -0.5, 4), Weighed("coffee", -6.0, -3.0, 4)


def weighing_ear(chosen: Weighed | None) -> Ear:
    return ear_after(
        expected=lambda text: text.strip(".").lower() in ("coffee", "toffee"),
        hint=lambda: "Coffee.",
        likely=lambda: ("Coffee, please.",),
        chosen=lambda weighed: chosen if weighed else None,
    )


@pytest.mark.parametrize(
    ("chosen", "heard"),
    [(COFFEE, "coffee"), (None, "toffee"), (Weighed("tea", -9, -9, 1), "toffee")],
)
def test_the_text_that_is_chosen_counts_unless_it_explains_nothing(chosen, heard):
    ear = weighing_ear(chosen)
    request, _ = ear.base.requests[-1]
    assert (request.hint, request.likely) == ("Coffee.", ("Coffee, please.",))
    ear.base.say("toffee", -0.2, TOFFEE, COFFEE)
    ear.take()
    assert [turn.text for turn in ear.of(Turn)] == [heard]


@pytest.mark.parametrize("chosen", [None, Weighed("Coffee.", -6.0, -3.0, 4)])
def test_a_command_that_was_weighed_needs_less_of_a_score(chosen):
    ear = weighing_ear(chosen)
    ear.base.say("Coffee.", -1.5, TOFFEE, COFFEE)
    ear.take()
    ear.hear(sounds.silence(1.0))
    (turn,) = ear.of(Turn)
    assert (turn.accepted, turn.confidence > 0.3) == (chosen is not None, chosen is not None)


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
    more = sounds.clip("s2i_000")
    begins, _ = sounds.loud_edges(more)
    ear.hear(sounds.scene(more[round(begins * 16_000) :], 0.4))
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
    ear = Ear(expected=lambda text: True, urgent=lambda text: text == "stop")
    ear.listener.playback(0, True)
    ear.hear(sounds.scene(1.0, sounds.clip("ps_cards_1"), 0.4))
    ear.base.say("stop")
    ear.take()
    (turn,) = ear.of(Turn)
    assert turn.overlapped


def test_stop_over_our_voice_is_taken_from_the_tiny_recogniser_at_once():
    ear = Ear(urgent=lambda text: text == "Stop.")
    ear.listener.playback(0, True)
    ear.hear(sounds.scene(1.0, sounds.clip("ps_cards_1"), 0.4))
    assert kinds(ear.outputs) == [Stirred, SpeechStart]
    ear.tiny.requests = ear.tiny.requests[-1:]
    ear.tiny.say("Stop.", avg_logprob=-0.9)
    ear.take()
    (turn,) = ear.of(Turn)
    assert (turn.text, turn.accepted, turn.overlapped) == ("Stop.", True, True)
    ear.hear(sounds.silence(1.0))
    assert len(ear.of(Turn)) == 1


def test_words_that_can_wait_do_for_the_better_recogniser():
    ear = Ear(urgent=lambda text: text == "Stop.", expected=lambda text: True)
    ear.listener.playback(0, True)
    ear.hear(sounds.scene(1.0, sounds.clip("ps_cards_1"), 0.4))
    ear.tiny.requests = ear.tiny.requests[-1:]
    ear.tiny.say("Tent of clubs.")
    ear.take()
    assert not ear.of(Turn)
    ear.base.say("Ten of clubs.")
    ear.take()
    assert ear.of(Turn)[0].text == "Ten of clubs."


def test_a_cough_over_our_voice_is_over_as_soon_as_it_is_known_for_one():
    ear = Ear()
    ear.listener.playback(0, True)
    ear.hear(sounds.scene(1.0, sounds.clip("ps_cards_1"), 0.4))
    ear.base.say("Uh.")
    ear.tiny.requests = ear.tiny.requests[-1:]
    ear.tiny.say("Uh.")
    ear.take()
    (turn,) = ear.of(Turn)
    assert not turn.accepted


def test_what_stirred_and_was_nothing_settles():
    ear = Ear()
    ear.listener.playback(0, True)
    short = sounds.clip("ms_five_evmaki")
    begins = round(sounds.loud_edges(short)[0] * 16_000)
    ear.hear(sounds.scene(1.0, short[begins : begins + 1920], 0.5))
    assert kinds(ear.outputs) == [Stirred]
    ear.tiny.say("Uh.")
    ear.take()
    ear.hear(sounds.scene(0.1))
    assert kinds(ear.outputs) == [Stirred, Settled]


def test_a_stop_of_which_little_is_left_over_our_voice_is_heard():
    ear = Ear(urgent=lambda text: text == "Stop.")
    ear.listener.playback(0, True)
    short = sounds.clip("ms_five_evmaki")
    begins = round(sounds.loud_edges(short)[0] * 16_000)
    ear.hear(sounds.scene(1.0, short[begins : begins + 1920], 0.5))
    ear.tiny.say("Stop.")
    ear.take()
    assert ear.of(Turn)[0].text == "Stop."


def test_our_own_voice_before_the_first_word_is_not_taken_down():
    ear = Ear()
    ear.listener.playback(0, True)
    speech = sounds.scene(1.0, sounds.clip("ps_cards_1"), 0.4)
    echo = np.full(len(speech), 900, np.int16)
    for at in range(0, len(speech) - 159, 160):
        strict = speech[at : at + 160]
        ear.outputs += ear.listener.push(at, strict + echo[at : at + 160], strict)
    request, _ = ear.base.requests[-1]
    audio = np.frombuffer(request.audio, "<i2")
    assert not audio[: 16_000 // 8].any()  # of the half second before the first voiced sample
    assert audio[-800:].min() > 500


def test_half_duplex_looks_for_a_command_in_whatever_is_heard_while_we_speak():
    ear = Ear(spot=lambda text: "stop" if "stop" in text.lower() else None)
    ear.listener.half_duplex(True)
    ear.hear(sounds.silence(2.0))
    assert not ear.tiny.requests  # we are silent
    ear.listener.playback(ear.at, True)
    ear.listener.half_duplex(True)
    ear.hear(sounds.silence(2.0))
    (asked,) = ear.tiny.requests  # one at a time
    assert 1.0 < len(asked[0].audio) / 32_000 < 2.0
    ear.tiny.say("Press hard on the stop bleeding")
    ear.take()
    (turn,) = ear.of(Turn)
    assert (turn.text, turn.overlapped) == ("stop", True)
    ear.hear(sounds.silence(0.1))
    assert len(ear.tiny.requests) == 1


def test_in_half_duplex_our_voice_is_no_turn_and_the_answer_right_after_it_is():
    ear = Ear()
    ear.listener.half_duplex(True)
    ear.listener.playback(0, True)
    ear.hear(sounds.scene(0.5, sounds.clip("ps_cards_1"), 0.2))
    assert not ear.outputs
    ear.listener.playback(ear.at, False)
    ear.hear(sounds.scene(0.4, sounds.clip("ps_cards_1"), 0.4))
    assert kinds(ear.outputs) == [SpeechStart]
    ear.base.say("Ten of clubs.")
    ear.take()
    (turn,) = ear.of(Turn)
    assert not turn.overlapped


@pytest.mark.parametrize(
    ("said", "cancelled", "believed"),
    [
        ("Pardon me.", True, False),
        ("He is not moving.", True, True),
        ("She is choking.", True, True),
        ("Pardon me.", False, True),  # a file or a headset: there is no echo
    ],
)
def test_scraps_over_our_first_words_may_be_their_echo(
    said: str, cancelled: bool, believed: bool
) -> None:
    ear = Ear(expected=lambda text: True, begins=lambda text: "choking" in text)
    ear.listener.playback(0, True)
    ear.hear(sounds.scene(1.0, sounds.clip("ps_cards_1"), 0.4), cancelled)
    ear.base.say(said)
    ear.take()
    ear.hear(sounds.silence(2.0), cancelled)
    assert [turn.accepted for turn in ear.of(Turn)] == ([True] if believed else [False])


def test_our_echo_is_known_once_our_voice_has_sounded_for_three_seconds(monkeypatch) -> None:
    known: list[bool] = []

    class Watched(VoiceActivity):
        def push(self, *views: Any, echo_known: bool = True) -> list[Frame]:
            known.append(echo_known)
            return super().push(*views, echo_known=echo_known)

    monkeypatch.setattr("voice.listening.listener.VoiceActivity", Watched)
    ear = Ear()

    def speak(seconds: float) -> float:
        """Let our voice sound, and give for how long of that its echo was not known."""
        known.clear()
        ear.listener.playback(ear.at, True)
        ear.hear(sounds.silence(seconds), cancelled=True)
        ear.listener.playback(ear.at, False)
        unknown_s = known.count(False) / 100
        ear.hear(sounds.silence(3.0), cancelled=True)  # what is silent teaches nothing
        return unknown_s

    assert speak(1.0) == 1.0
    assert 1.0 < speak(3.0) < 2.0
    assert speak(1.0) == 0.0
    ear.listener.half_duplex(True)  # a device is new
    ear.listener.half_duplex(False)
    assert speak(1.0) == 1.0
