import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.spoken import cardinal, digits, spoken

WRITTEN = [
    ("Push 100-120/min.", "Push one hundred to one hundred twenty per minute."),
    ("100–120 per minute", "one hundred to one hundred twenty per minute"),  # noqa: RUF001
    ("5 cm / 2 in deep", "five centimetres or two inches deep"),
    ("put 2 in the bag", "put two in the bag"),
    ("1 cm, 2.4 in.", "one centimetre, two point four inches."),
    ("0.3 mg/kg", "zero point three milligrams per kilogram"),
    ("2,500 ml or 1 L", "two thousand five hundred millilitres or one litre"),
    (
        "37-39 °C, not 40 C",
        "thirty-seven to thirty-nine degrees Celsius, not forty degrees Celsius",
    ),
    ("-5 °C", "minus five degrees Celsius"),
    ("10s or 1 min", "ten seconds or one minute"),
    ("a 10-minute rest", "a ten minute rest"),
    ("50 %", "fifty percent"),
    ("<1 y; >= 20 min", "less than one year; at least twenty minutes"),
    ("1/2 cup, ¾, 1 1/2", "one half cup, three quarters, one and one half"),
    ("BP 120/80", "B P one hundred twenty over eighty"),
    ("30:2 at 9:05 pm", "thirty to two at nine oh five P M"),
    ("the 2nd and 21st", "the second and twenty-first"),
    ("Call 112/911 now.", "Call one one two or nine one one now."),
    ("112 beats per minute", "one hundred twelve beats per minute"),
    ("112/min", "one hundred twelve per minute"),
    ("Ring 116117.", "Ring one one six one one seven."),
    ("1-800-222-1222", "one, eight zero zero, two two two, one two two two"),
    ("AED, C.P.R. and CPR", "A E D, C P R and C P R"),
    ("A E D here? Turn it on.", "A E D here? Turn it on."),
    ("e.g. water, etc.", "for example water, and so on"),
    ("and/or", "and or"),
    ("**Press** `hard` 👍 — now…", "Press hard, now."),
    ("- Sit down\n- Rest\n1. Wait", "Sit down. Rest. Wait"),
    ("[the sheet](https://x.org/1) <b>says</b>", "the sheet says"),
    ("[[ h@lo ]] you\x00\x07", "h lo you"),
    ("What (if any)?!", "What, if any?"),
    ("🙂 ...", ""),
]


@pytest.mark.parametrize(("written", "words"), WRITTEN)
def test_written_text_becomes_words(written: str, words: str) -> None:
    assert spoken(written) == words


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_becomes_words_and_plain_marks_and_then_stays(text: str) -> None:
    said = spoken(text)
    assert re.fullmatch(r"(?:[^\W\d_]|[ .,;:!?'-])*", said)
    assert spoken(said) == said


FRAGMENTS = [word for text, _ in WRITTEN for word in text.split(" ")] + list("-/.:%°*'\n")


@settings(deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=8).map(lambda parts: " ".join(parts)))
def test_mixed_notation_is_stable_after_one_pass(text: str) -> None:
    assert spoken(spoken(text)) == spoken(text)


@settings(deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join))
def test_notation_run_together_is_stable_after_one_pass(text: str) -> None:
    assert spoken(spoken(text)) == spoken(text)


ABBREVIATED = {"vs"}
WORDS = st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=8).filter(
    lambda word: word not in ABBREVIATED
)


@settings(deadline=None)
@given(st.lists(WORDS, min_size=1, max_size=10).map(" ".join))
def test_plain_words_pass_unchanged(text: str) -> None:
    assert spoken(text) == text


@settings(deadline=None)
@given(st.integers(0, 999_999))
def test_cardinals_are_distinct_words(number: int) -> None:
    assert cardinal(number) != cardinal(number + 1 if number < 999_999 else 0)
    assert not re.search(r"\d", cardinal(number))


def test_cardinals_in_words() -> None:
    assert cardinal(0) == "zero"
    assert cardinal(19) == "nineteen"
    assert cardinal(80) == "eighty"
    assert cardinal(345) == "three hundred forty-five"
    assert cardinal(12_007) == "twelve thousand seven"
    assert cardinal(1_000_000) == digits("1000000")
