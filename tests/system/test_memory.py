"""A laptop or a small Jetson has to hold all of it: the program and its engines together."""

from pathlib import Path

import pytest

from tests.evals.memory import MOST, most
from tests.support.recordings import conversation, phrase

pytestmark = pytest.mark.alone


def test_all_processes_together_stay_within_their_memory(tmp_path: Path) -> None:
    spoken = [(1.0, phrase("not_breathing")), (9.0, phrase("how_deep"))]
    used = most(conversation(tmp_path, spoken), tmp_path)
    assert len(used) == 5  # the program, two recognisers, the language model, the voice
    assert sum(used.values()) < MOST, used
