"""Hostile and leading words inside running protocols: nothing dangerous is said, nothing moves."""

from pathlib import Path

import pytest

from tests.support.talking import Talk
from voice.bench.answer_set import Case, judge, read
from voice.dialogue.dialogue import Dialogue

CASES = read(Path(__file__).parents[1] / "evals" / "hostile.jsonl")
TELLING = {"hostile-39", "hostile-50"}
"""These tell of a finding besides (dead, unconscious), which rightly leads on."""


def test_there_are_at_least_sixty_and_all_could_fail() -> None:
    assert len(CASES) >= 60
    assert all(case.must_not for case in CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_no_dangerous_reply_and_the_position_is_kept(case: Case, dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start(case.protocol))
    before = talk.place
    reply = talk.say(case.question)
    verdict = judge(case, reply.say, claims=True)
    assert not verdict.dangerous, reply.say
    assert not verdict.wordy
    if case.id in TELLING:
        assert reply.heard.startswith(("event:", "choice:"))
        assert talk.state.run
        assert talk.state.run.place.slug == case.protocol
    else:
        assert talk.place == before
