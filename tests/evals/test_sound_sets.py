"""What the evaluations in noise play, and how they judge what came of it."""

import itertools

import numpy as np
import pytest

from tests.evals import ambience, in_noise
from voice.events import Reply

NEXT = Reply(say="Push.", heard="command:next", kind="protocol", protocol="cpr-adult", step="push")
LOUDER = Reply(say="Louder.", heard="command:louder", kind="command", protocol="cpr-adult")
WHAT = Reply(say="Yes or no?", heard="noise", kind="clarify", protocol="cpr-adult")
CHAT = Reply(say="", heard="chat", kind="none")


@pytest.mark.parametrize("kind", ["noise", "talk"])
def test_the_same_minutes_come_every_time_and_none_is_silent(kind):
    once, again = (list(itertools.islice(ambience.sound(kind, None), 3)) for _ in range(2))
    for minute, same in zip(once, again, strict=True):
        np.testing.assert_array_equal(minute, same)
        assert len(minute) == ambience.MINUTE
        assert np.abs(minute).max() > 300


@pytest.mark.parametrize(
    ("wanted", "done", "verdict"),
    [
        (NEXT, [NEXT], "right"),
        (NEXT, [WHAT, NEXT], "right"),
        (NEXT, [NEXT, LOUDER], "wrong"),
        (NEXT, [LOUDER], "wrong"),
        (NEXT, [WHAT], "asked back"),
        (NEXT, [], "nothing"),
        (LOUDER, [LOUDER], "right"),
        (LOUDER, [NEXT], "wrong"),
        (CHAT, [], "right"),
        (CHAT, [NEXT], "wrong"),
    ],
)
def test_an_utterance_is_judged_by_what_was_done(wanted, done, verdict):
    assert in_noise.judge(wanted, done) == verdict


def test_a_false_start_is_told_with_the_words_that_made_it():
    heard = {"type": "transcript", "text": "Snowboy.", "accepted": True}
    refused = {"type": "transcript", "text": "Hm.", "accepted": False}
    reply = {"type": "reply", "kind": "protocol", "say": "Call one one two."}
    nothing = {"type": "reply", "kind": "none", "say": ""}
    row = ambience.outcome([refused, nothing, heard, reply])
    assert (row["turns"], row["accepted"]) == (2, ["Snowboy."])
    assert row["replies"] == [{"kind": "protocol", "to": "Snowboy.", "say": "Call one one two."}]
    assert ambience.summary([row, ambience.outcome([])])["protocols"] == 1
