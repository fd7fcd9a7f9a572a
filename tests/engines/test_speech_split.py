from hypothesis import given, settings
from hypothesis import strategies as st

from voice.engines.speech_split import LONG_SENTENCE, pieces, sentences

LONG = (
    "If somebody can help you, ask them to fetch the defibrillator, and keep pushing hard and "
    "fast in the centre of the chest, until help takes over."
)


def test_sentences_end_at_their_marks() -> None:
    assert sentences("Tap them. Shout: can you hear me? Now!") == [
        "Tap them.",
        "Shout: can you hear me?",
        "Now!",
    ]


def test_a_short_sentence_is_one_piece_and_a_long_one_starts_with_a_clause() -> None:
    assert [piece for piece, _ in pieces("Press hard, now.")] == ["Press hard, now."]
    first, second, *_ = [piece for piece, _ in pieces(LONG)]
    assert first == "If somebody can help you,"
    assert second == "ask them to fetch the defibrillator,"


def test_the_pause_is_longer_after_a_sentence_than_after_a_clause() -> None:
    pauses = [pause for _, pause in pieces(f"Wait. {LONG}")]
    assert pauses[0] == 0.0
    assert pauses[1] > pauses[2] > 0.0


TEXT = st.lists(st.text("abc,;:.!? ", max_size=60), max_size=6).map(" ".join)


@settings(deadline=None)
@given(TEXT)
def test_no_word_is_lost_or_moved(text: str) -> None:
    assert " ".join(piece for piece, _ in pieces(text)).split() == text.split()


@settings(deadline=None)
@given(st.text("abc ", max_size=2 * LONG_SENTENCE))
def test_text_without_marks_stays_in_one_piece(text: str) -> None:
    assert len(list(pieces(text))) == bool(text.strip())
