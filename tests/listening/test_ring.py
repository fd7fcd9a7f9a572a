import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voice.listening.ring import Ring


@given(
    st.integers(1, 50),
    st.lists(st.integers(0, 12), max_size=30),
    st.integers(-10, 200),
    st.integers(-10, 200),
)
def test_reads_what_was_written_as_far_as_it_is_still_there(capacity, sizes, start, end):
    ring = Ring(capacity)
    stream = np.arange(sum(sizes), dtype=np.int16)
    at = 0
    for size in (min(size, capacity) for size in sizes):
        ring.append(stream[at : at + size])
        at += size
    oldest = max(at - capacity, 0)
    expected = stream[:at][max(start, oldest) : max(end, 0)] if end > max(start, oldest) else []
    assert ring.end == at
    assert ring.read(start, end).tolist() == list(expected)
