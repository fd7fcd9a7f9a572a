"""Recordings of people and of noise through the listener and the two real recognisers."""

import pytest

from tests.support import sounds
from tests.support.hearing import Heard, Hearing, recognisers
from voice.bench.wer import rate, words
from voice.config import Settings
from voice.engines import roster
from voice.engines.host import WorkerHost
from voice.events import Partial, SpeechEnd, SpeechStart, TranscriptEvent
from voice.listening.listener import Turn

pytestmark = pytest.mark.alone

UTTERANCES = ["rh_turn_on_the_lamp", "sb_spk1_snt1", "lj_LJ001-0002", "s2i_000"]

SOUNDS = ["cough_S1", "cough_S9", "esc_crying_baby_1-187207-A", "esc_thunderstorm_4-156993-A"]


@pytest.fixture(scope="module")
def engines():
    base, tiny = recognisers(Settings())
    yield base, tiny
    base.close()
    tiny.close()


def hear(engines, *parts: sounds.Audio | float) -> Heard:
    return Hearing(*engines).hear(sounds.scene(*parts))


def only_turn(heard: Heard) -> Turn:
    (turn,) = [turn for turn in heard.turns if turn.accepted]
    return turn


@pytest.mark.parametrize("name", UTTERANCES)
def test_each_utterance_is_one_accepted_turn_from_its_first_word_to_its_last(engines, name):
    turn = only_turn(hear(engines, 1.0, sounds.clip(name), 1.0))
    spoken, heard = words(sounds.text(name)), words(turn.text)
    assert (heard[0], heard[-1]) == (spoken[0], spoken[-1])
    assert rate([(sounds.text(name), turn.text)]) <= 0.25
    assert turn.confidence > 0.5


@pytest.mark.parametrize("name", UTTERANCES[:2])
def test_no_utterance_is_lost_in_the_noise_of_a_coffee_shop(engines, name):
    voice = sounds.clip(name)
    noisy = sounds.with_noise(
        sounds.scene(1.0, voice, 1.0), sounds.clip("bl_coffee-shop"), snr_db=10, voice=voice
    )
    turn = only_turn(hear(engines, noisy))
    assert rate([(sounds.text(name), turn.text)]) <= 0.5


def test_a_speaker_who_pauses_for_a_second_is_heard_as_one_turn_with_all_words(engines):
    heard = hear(engines, 0.5, sounds.clip("jfk"), 1.0)
    turn = only_turn(heard)
    assert rate([(sounds.text("jfk"), turn.text)]) <= 0.1
    revisions = [event.revision for event in heard.of(TranscriptEvent)]
    assert revisions == list(range(len(revisions)))
    assert any("fellow Americans" in partial.text for partial in heard.of(Partial))


def test_two_utterances_far_apart_are_two_turns(engines):
    first, second = UTTERANCES[:2]
    heard = hear(engines, 0.5, sounds.clip(first), 3.0, sounds.clip(second))
    said = [turn.text for turn in heard.turns if turn.accepted]
    assert len(said) == 2
    assert len(heard.of(SpeechStart)) == len(heard.of(SpeechEnd)) == 2


@pytest.mark.parametrize("name", SOUNDS)
def test_noise_is_never_an_accepted_turn(engines, name):
    heard = hear(engines, 0.5, sounds.clip(name), 0.5)
    assert not [turn.text for turn in heard.turns if turn.accepted]


@pytest.mark.parametrize("name", ["ms_five_evmaki", "ms_one_petewarden", "my_nww_warning_0"])
def test_a_single_short_word_is_not_dropped_as_a_click(engines, name):
    assert hear(engines, 1.0, sounds.clip(name), 1.0).turns


def test_with_the_base_recogniser_gone_the_tiny_one_takes_the_turn(engines):
    _, tiny = engines
    never_started = WorkerHost(roster.from_settings(Settings()).stt, lambda *state: None)
    heard = Hearing(never_started, tiny).hear(sounds.scene(1.0, sounds.clip("rh_turn_on_the_lamp")))
    assert words(only_turn(heard).text)[-1] == "lamp"
