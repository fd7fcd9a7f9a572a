"""The rules around a Whisper decode."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.engines import whisper_decode as rules
from voice.engines.interfaces import SPEECH_RATE, Hypothesis

END, ZERO = 1000, 2000
tokens = st.lists(st.integers(0, 6), max_size=40)


@given(st.integers(0, 60 * SPEECH_RATE))
def test_a_window_is_even_bounded_and_holds_the_clip_with_its_margin(samples):
    frames = rules.window_frames(samples)
    assert frames % 2 == 0
    assert rules.SHORT_WINDOW <= frames <= rules.FULL_WINDOW
    if frames < rules.FULL_WINDOW:
        assert frames >= samples / rules.FRAME + rules.MARGIN


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ([1, 2, 3] * 5, [1, 2, 3, 1, 2, 3]),
        ([8, 9, *[7] * 9], [8, 9, 7, 7]),
        ([1, 2] * 4, [1, 2, 1, 2]),
        ([1, 2] * 4 + [1], [1, 2, 1, 2]),
        ([1, 2, 1, 2, 1, 2, 9], [1, 2, 1, 2]),
    ],
)
def test_a_text_that_ends_in_a_loop_keeps_two_rounds(said, kept):
    assert rules.cut_loop(said) == tuple(kept)


@pytest.mark.parametrize(
    "said",
    [[], [1], [1, 1, 1], [5] * 5, [1, 2, 3, 1, 2, 3], [7] * 8 + [1, 2, 3], list(range(50))],
    ids=str,
)
def test_what_people_repeat_and_go_on_from_is_no_loop(said):
    assert rules.cut_loop(said) is None


@given(tokens)
def test_a_cut_text_is_a_shorter_beginning_of_the_text(said):
    cut = rules.cut_loop(said)
    if cut is not None:
        assert len(cut) < len(said)
        assert tuple(said[: len(cut)]) == cut


@given(tokens, st.lists(st.integers(10, 16), min_size=1, max_size=4), st.integers(6, 12))
def test_every_loop_is_found(before, unit, rounds):
    assert len(rules.cut_loop(before + unit * rounds)) < len(before) + len(unit) * 6


def test_a_decode_that_only_its_cap_ended_counts_as_looped():
    assert rules.reading([1, 2, 3], complete=False).looped
    assert not rules.reading([1, 2, 3], complete=True).looped


def test_marks_are_no_words():
    said = [ZERO, 5, 6, ZERO + 50, ZERO + 50, 7, ZERO + 100, END]
    assert rules.spoken(said, 3 * SPEECH_RATE, END, ZERO) == (5, 6, 7)


def test_a_segment_that_begins_after_the_end_of_the_clip_is_invented():
    said = [ZERO, 5, 6, ZERO + 95, ZERO + 95, 5, 6]
    assert rules.spoken(said, 2 * SPEECH_RATE, END, ZERO) == (5, 6)
    assert rules.spoken(said, 3 * SPEECH_RATE, END, ZERO) == (5, 6, 5, 6)


def test_text_without_timestamps_is_kept_whole():
    assert rules.spoken([5, 6, 7], SPEECH_RATE // 10 * 4, END, ZERO) == (5, 6, 7)


def test_doubt_comes_from_loops_haste_and_low_probability():
    calm = rules.reading([1, 2, 3, 4], complete=True)
    assert not rules.doubtful(calm, -0.3, 2 * SPEECH_RATE)
    assert rules.doubtful(calm, rules.DOUBTFUL_LOGPROB - 0.1, 2 * SPEECH_RATE)
    assert rules.doubtful(rules.reading([1] * 9, complete=True), -0.1, 2 * SPEECH_RATE)
    hasty = rules.reading(range(20), complete=True)
    assert rules.doubtful(hasty, -0.3, SPEECH_RATE)
    assert not rules.doubtful(hasty, -0.3, 4 * SPEECH_RATE)


def test_with_a_hint_to_come_low_probability_alone_is_no_reason_for_a_long_window():
    calm = rules.reading([1, 2, 3, 4], complete=True)
    assert not rules.doubtful(calm, rules.DOUBTFUL_LOGPROB - 0.1, 2 * SPEECH_RATE, hinted=True)
    assert rules.doubtful(rules.reading([1] * 9, complete=True), -0.1, 2 * SPEECH_RATE, hinted=True)


@pytest.mark.parametrize(
    ("text", "once"),
    [
        ("Stop the beat. Stop the beat.", "Stop the beat."),
        ("Repeat. repeat", "Repeat."),
        ("Stop.", "Stop."),
        ("", ""),
        ("No, no, no.", "No, no, no."),
        ("He fell. He fainted.", "He fell. He fainted."),
    ],
)
def test_what_a_hinted_decoder_says_twice_is_said_once(text, once):
    assert rules.said_once(text) == once


def test_readings_that_differ_in_spelling_only_are_one():
    others = [Hypothesis(text, -1.0) for text in ("done.", "One", "", "one!", "Dan")]
    kept = rules.different("Done", others)
    assert [other.text for other in kept] == ["One", "Dan"]


@pytest.mark.parametrize(("guarded", "filling"), [(True, -1.5), (False, 0.0)])
def test_a_window_is_filled_up_with_silence_where_it_is_short(guarded, filling):
    features = np.array([[0.5, -1.5], [0.0, 1.0]], np.float32)
    padded = rules.padded(features, 4, guarded)
    assert np.array_equal(padded[:, :2], features)
    assert np.all(padded[:, 2:] == filling)


@pytest.mark.parametrize("seconds", [0, 1, 28, 29, 44, 61, 200])
def test_cutting_a_long_clip_loses_no_sample_and_every_piece_fits_the_window(seconds):
    audio = np.arange(seconds * SPEECH_RATE, dtype=np.float32)
    parts = rules.pieces(audio)
    assert np.array_equal(np.concatenate(parts), audio)
    assert all(len(part) <= rules.LONGEST for part in parts)


def test_a_long_clip_is_cut_in_its_pause():
    speech = np.random.default_rng(1).normal(0, 0.1, 40 * SPEECH_RATE).astype(np.float32)
    pause = slice(20 * SPEECH_RATE, 21 * SPEECH_RATE)
    speech[pause] = 0.0
    first = len(rules.pieces(speech)[0])
    assert pause.start < first < pause.stop
