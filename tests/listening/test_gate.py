import math

import pytest

from voice.listening.gate import Evidence, judge, unrepeated

COMMANDS = {"stop", "yes", "no", "next"}


def expected(text: str) -> bool:
    return text.lower().strip(" .,!?") in COMMANDS


def evidence(text: str, **other: float | bool) -> Evidence:
    usual = {
        "avg_logprob": -0.3,
        "no_speech_prob": 0.1,
        "voiced_s": 0.4 * len(text.split()),
        "snr_db": 25.0,
    }
    return Evidence(text=text, **(usual | other))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "He's not breathing!",
        "How do I stop the bleeding?",
        "Can you help me? I think she is choking.",
        "No, no, no.",
        "Thank you.",
        "Oh no.",
        "Who?",
        "Ham. He hums.",
        "The baby swallowed a naïve Lego® brick.",
    ],
)
def test_what_people_say_passes(text):
    assert judge(evidence(text), expected).accepted


@pytest.mark.parametrize(
    "text",
    [
        "",
        " . ",
        "[BLANK_AUDIO]",
        "(wind howling)",
        "Oh",
        "Ho, ho, ho!",
        "Aaah! Uh...",
        "Hmm.",
        "O.",
        "♪ ♪",
        "♪ la la la ♪",
        "*sighs*",
        "You",
        "Thanks for watching!",
        "Thank you very much for watching, and see you in the next video.",
        "Please subscribe to my channel.",
        "Subtitles by the Amara.org community",
        "I'll see you next time.",
        "Спасибо за внимание",
        "字幕",
    ],
)
def test_what_whisper_makes_of_noise_is_refused(text):
    assert not judge(evidence(text, voiced_s=3.0), expected).accepted


def test_a_low_score_is_refused_whatever_the_silence_probability_says():
    for no_speech in (0.0, 0.5, 1.0):
        doubtful = evidence("Nick's old pen", avg_logprob=-1.1, no_speech_prob=no_speech)
        assert not judge(doubtful, expected).accepted


def test_a_cough_is_no_command_however_well_one_is_expected():
    assert not judge(evidence("Stop.", avg_logprob=-0.5, no_speech_prob=0.95), expected).accepted
    assert judge(evidence("Stop.", avg_logprob=-0.5, no_speech_prob=0.5), expected).accepted


def test_a_whispered_word_passes_though_it_hardly_sounds_like_speech():
    assert judge(evidence("Stop.", avg_logprob=-0.13, no_speech_prob=0.99), expected).accepted


def test_a_short_expected_word_may_score_lower_but_not_arbitrarily_low():
    assert judge(evidence("Stop!", avg_logprob=-1.2), expected).accepted
    assert not judge(evidence("Stop!", avg_logprob=-1.5), expected).accepted
    assert not judge(evidence("Shop!", avg_logprob=-1.2), expected).accepted


def test_a_loop_is_refused():
    looped = evidence("he said he said he said he said", looped=True)
    assert not judge(looped, expected).accepted


def test_a_panicked_stop_stop_stop_is_one_stop():
    for looped in (True, False):
        verdict = judge(evidence("Stop! Stop, stop! Stop!", looped=looped), expected)
        assert verdict.accepted
        assert verdict.text == "stop"


def test_more_words_than_the_voiced_time_can_hold_are_refused():
    sentence = "and then they went to the next house and asked again"
    assert not judge(evidence(sentence, voiced_s=0.5), expected).accepted
    assert judge(evidence(sentence, voiced_s=2.5), expected).accepted


def test_confidence_is_the_geometric_mean_of_the_token_probabilities():
    assert judge(evidence("hello there", avg_logprob=-0.5), expected).confidence == math.exp(-0.5)


def test_notes_on_sounds_are_not_part_of_what_was_said():
    verdict = judge(evidence("(coughs) He is not breathing. [MUSIC]"), expected)
    assert verdict.text == "He is not breathing."


def test_only_three_repeats_or_more_count_as_a_repetition():
    assert unrepeated("no, no") == "no, no"
    assert unrepeated("Stop it stop it stop it stop") == "stop it"
    assert unrepeated("one two three") == "one two three"
