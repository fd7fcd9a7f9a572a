"""What was heard is silence afterwards, but for a turn that goes on."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from voice.listening.memory import Memory


@given(st.integers(1, 60), st.integers(0, 10_000))
def test_what_lies_before_is_silent_and_the_rest_is_as_it_was(blocks: int, end: int) -> None:
    memory = Memory(3200)
    for number in range(blocks):
        memory.append(np.full(160, number + 1, np.int16), None)
    before = memory.read(0, memory.end)
    memory.clear(end)
    after = memory.read(0, memory.end)
    start = memory.end - len(before)
    gone = min(max(end - start, 0), len(before))
    assert not after[:gone].any()
    assert (after[gone:] == before[gone:]).all()
