"""Sentences out of streamed text."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from voice.dialogue.sentences import SentenceSplitter


def split(text: str, cuts: list[int] | None = None) -> list[str]:
    ends = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts or [])})
    splitter = SentenceSplitter()
    found = [sentence for a, b in pairwise(ends) for sentence in splitter.feed(text[a:b])]
    return [*found, splitter.end()]


texts = st.one_of(st.text(), st.text(alphabet="aB3.!?'\") \n"))


@settings(deadline=None)
@given(texts, st.lists(st.integers(0, 400)))
def test_the_sentences_joined_are_the_text(text: str, cuts: list[int]) -> None:
    assert "".join(split(text, cuts)) == text


@settings(deadline=None)
@given(texts, st.lists(st.integers(0, 400)))
def test_the_same_sentences_come_whatever_the_pieces(text: str, cuts: list[int]) -> None:
    assert split(text, cuts) == split(text)


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("Press hard. Do not stop! Now?", ["Press hard.", "Do not stop!", "Now?"]),
        ("Cool it for 2.5 minutes. Cover it.", ["Cool it for 2.5 minutes.", "Cover it."]),
        ("Ask Dr. Hill, e.g. by phone. Go.", ["Ask Dr. Hill, e.g. by phone.", "Go."]),
        ("Use the A. E. D. now. Stand back.", ["Use the A. E. D. now.", "Stand back."]),
        ('He said "stop." Then go.', ['He said "stop."', "Then go."]),
        ("No end\nNext line", ["No end", "Next line"]),
        ("Wait... now. Go", ["Wait...", "now.", "Go"]),
    ],
)
def test_sentences_end_where_a_reader_would_end_them(text: str, sentences: list[str]) -> None:
    assert [piece.strip() for piece in split(text) if piece.strip()] == sentences


def test_a_sentence_is_given_with_the_space_after_it() -> None:
    splitter = SentenceSplitter()
    assert splitter.feed("Press hard.") == []
    assert splitter.feed(" ") == ["Press hard."]
    assert splitter.feed("Then") == []
    assert splitter.end() == " Then"
    assert splitter.end() == ""
