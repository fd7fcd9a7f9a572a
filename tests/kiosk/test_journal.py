"""What outlives a power cut: the same step, facts, notes and clocks, and no words of anybody."""

import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.asking import until
from tests.support.talking import Talk
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import State
from voice.kiosk import journal as j
from voice.kiosk import saved as s

SAID = [
    "my neighbour zebedee is not breathing",
    "zebedee is choking on a xylophone",
    "my arm is bleeding badly, zebedee",
    "a second person is unconscious",
    "next",
    "yes",
    "no",
    "back",
    "pause",
    "tourniquet on at ten fifteen",
    "shock given",
    "i can give breaths",
    "how deep do I push",
    "blue green xylophone",
]
WALL = 1_800_000_000.0


def through(state: State, content: Content, now: float) -> State | None:
    kept = s.of(state, now, WALL)
    if kept is None:
        return None
    again = msgspec.json.decode(msgspec.json.encode(kept), type=s.Saved)
    return s.restored(again, content, now)


@given(said=st.lists(st.sampled_from(SAID), max_size=14))
@settings(max_examples=60, deadline=None)
def test_a_state_comes_back_as_it_was_without_a_word(dialogue: Dialogue, said: list[str]) -> None:
    talk = Talk(dialogue)
    for text in said:
        talk.say(text)
    state, now = talk.state, float(talk.turns)
    back = through(state, dialogue.content, now)
    if state.run is None:
        assert back is None
        return
    assert back is not None
    words = {"announce": (), "told": "", "drafted": ()}
    assert back.run == msgspec.structs.replace(state.run, **words)
    assert [run.place for run in back.parked] == [run.place for run in state.parked]
    assert (back.paused, back.beat, back.rate) == (state.paused, state.beat, state.rate)
    assert back.coach.began == pytest.approx(state.coach.began, abs=0.02)
    assert (back.coach.marks, back.coach.told) == (state.coach.marks, state.coach.told)
    summary = dialogue.content.handover.summary
    for casualty in range(1, 4):
        assert summary(back.log, casualty, now) == summary(state.log, casualty, now)
    kept = s.of(state, now, WALL)
    written = msgspec.json.encode(kept).decode()
    assert not any(word in written for word in ("zebedee", "xylophone", "neighbour"))


def pushing(dialogue: Dialogue) -> State:
    talk = Talk(dialogue)
    talk.say("he is not breathing")
    for _ in range(4):
        talk.say("next")
    return talk.state


def test_what_the_content_no_longer_has_is_not_resumed(dialogue: Dialogue) -> None:
    kept = s.of(pushing(dialogue), 5.0, WALL)
    assert kept is not None
    gone = msgspec.structs.replace(kept.run.place, step="no-such-step")
    run = msgspec.structs.replace(kept.run, place=gone)
    assert s.restored(msgspec.structs.replace(kept, run=run), dialogue.content, 0.0) is None
    assert s.restored(msgspec.structs.replace(kept, format=2), dialogue.content, 0.0) is None


def test_times_go_on_over_the_gap(dialogue: Dialogue) -> None:
    state = pushing(dialogue)
    kept = s.of(state, 65.0, WALL)
    assert kept is not None
    assert state.coach.began is not None
    resumed = j.resumed(kept, dialogue.content, now=0.5, wall=WALL + 20.0)
    assert resumed is not None
    assert (resumed.gap_s, resumed.ask) == (20.0, False)
    assert resumed.state.coach.began == pytest.approx(0.5 - 20.0 - (65.0 - state.coach.began))


def test_after_ten_minutes_it_is_asked_and_a_clock_without_a_battery_tells_nothing(
    dialogue: Dialogue,
) -> None:
    kept = s.of(pushing(dialogue), 65.0, WALL)
    assert kept is not None
    late = j.resumed(kept, dialogue.content, now=0.0, wall=WALL + 601.0)
    assert late is not None
    assert late.ask
    unset = j.resumed(kept, dialogue.content, now=0.0, wall=WALL - 1e6)
    assert unset is not None
    assert (unset.gap_s, unset.ask) == (None, False)


def test_the_file_follows_the_conversation(dialogue: Dialogue, tmp_path: Path) -> None:
    clock = [10.0]
    folder = tmp_path / "state"
    journal = j.Journal(folder, lambda: clock[0])
    assert journal.left() is None
    journal.start()
    try:
        state = pushing(dialogue)
        journal.note(state)
        until(lambda: (folder / j.NAME).exists())
        kept = journal.left()
        assert kept is not None
        assert kept.run.place == state.run.place
        assert (folder / j.NAME).stat().st_mode & 0o077 == 0, "nobody else reads it"
        first = kept.at
        until(lambda: (journal.left() or kept).at > first, "it says that we are alive")
        journal.note(State())
        until(lambda: not (folder / j.NAME).exists())
        assert os.listdir(folder) == []
    finally:
        journal.close()


def test_a_torn_file_is_as_none(tmp_path: Path) -> None:
    journal = j.Journal(tmp_path, lambda: 0.0)
    for torn in (b"", b"{", b"[]", b'{"at": 1}', b"\x00" * 500):
        (tmp_path / j.NAME).write_bytes(torn)
        assert journal.left() is None


def test_a_disk_that_cannot_be_written_ends_nothing(dialogue: Dialogue, tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where the folder should be")
    journal = j.Journal(tmp_path / "state", lambda: 0.0)
    journal.start()
    journal.note(pushing(dialogue))
    journal.note(State())
    journal.close()
    assert journal.left() is None
