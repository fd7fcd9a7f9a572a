"""Text of generated tokens, whatever their cuts."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from voice.engines.gguf_stream import TextStream


def feed(data: bytes, cuts: list[int], stops: tuple[str, ...] = ()) -> tuple[list[str], TextStream]:
    ends = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    stream = TextStream(stops)
    pieces = [stream.feed(data[a:b]) for a, b in pairwise(ends)]
    return [*pieces, stream.feed(b"", final=True)], stream


cuts = st.lists(st.integers(0, 400))


@settings(deadline=None)
@given(st.text(), cuts)
def test_any_cuts_give_the_same_text(text: str, cuts: list[int]) -> None:
    assert "".join(feed(text.encode(), cuts)[0]) == text


@settings(deadline=None)
@given(st.binary(), cuts)
def test_bytes_that_are_no_text_do_not_hold_up_the_stream(data: bytes, cuts: list[int]) -> None:
    assert "".join(feed(data, cuts)[0]) == data.decode("utf-8", "replace")


@settings(deadline=None)
@given(
    st.text(alphabet="ab\n"),
    st.lists(st.text(alphabet="ab\n", min_size=1, max_size=4), min_size=1, max_size=3),
    cuts,
)
def test_text_ends_before_the_first_stop(text: str, stops: list[str], cuts: list[int]) -> None:
    pieces, stream = feed(text.encode(), cuts, tuple(stops))
    said = "".join(pieces)
    assert text.startswith(said)
    assert not any(stop in said for stop in stops)
    assert stream.stopped == any(stop in text for stop in stops)
    assert stream.stopped or said == text


def test_text_that_cannot_become_a_stop_is_given_at_once() -> None:
    stream = TextStream(("\n\n", "Question:"))
    assert stream.feed(b"Press hard.") == "Press hard."
    assert stream.feed(b" Quest") == " "
    assert stream.feed(b" on") == "Quest on"


def test_earliest_stop_counts_whatever_the_order_of_the_list() -> None:
    assert feed(b"one two three", [3, 5], ("three", "two"))[0][-1] == ""
    assert "".join(feed(b"one two three", [3, 5], ("three", "two"))[0]) == "one "
