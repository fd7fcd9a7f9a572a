"""When what is kept for the crew is written: not before the turn can no longer be undone."""

import json
from pathlib import Path

from tests.support.assistant import Event, run_wav
from tests.support.recordings import conversation, phrase
from voice.dialogue.log import Entry, Log
from voice.eventlog import EventLog
from voice.events import Handover, HandoverDeleted
from voice.handover_record import HandoverRecord

SHOCK = Entry(t=3.0, what="shock", detail="one shock", protocol="aed")


def test_each_entry_is_written_once_in_its_order() -> None:
    written: list[Handover | HandoverDeleted] = []
    record = HandoverRecord(written.append)
    log = Log().add(SHOCK)
    record.settle(log)
    record.settle(log)
    log = log.add(Entry(t=5.0, what="tourniquet", detail="tourniquet on", clock="at 10:15"))
    record.settle(log)
    assert [(e.t, e.detail) for e in written if isinstance(e, Handover)] == [
        (3.0, "one shock"),
        (5.0, "tourniquet on at 10:15"),
    ]


def test_what_was_deleted_before_it_was_written_is_never_written() -> None:
    written: list[Handover | HandoverDeleted] = []
    record = HandoverRecord(written.append)
    log = Log().add(SHOCK)
    record.settle(log)
    record.settle(log.add(SHOCK).deleted(9.0).add(Entry(t=9.5, what="swap", detail="one swap")))
    assert [type(event) for event in written] == [Handover, HandoverDeleted, Handover]
    assert written[1].t == 9.0
    assert isinstance(written[2], Handover)
    assert written[2].what == "swap"


def test_the_event_log_holds_entries_and_their_deletion(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    with EventLog(file) as log:
        record = HandoverRecord(log.write)
        record.settle(Log().add(SHOCK))
        record.settle(Log().add(SHOCK).deleted(4.0))
    entry, deletion = map(json.loads, file.read_text().splitlines())
    assert entry == {
        "type": "handover",
        "t": 3.0,
        "what": "shock",
        "detail": "one shock",
        "protocol": "aed",
        "casualty": 1,
    }
    assert deletion == {"type": "handover_deleted", "t": 4.0}


def test_a_turn_that_is_undone_writes_nothing_and_what_stands_is_written_soon(
    tmp_path: Path,
) -> None:
    """The opening goes on just after it was acted on: it is undone and taken anew."""
    spoken = [
        (1.0, phrase("not_breathing")),
        (2.82, phrase("blood_leg")),
        (14.0, phrase("repeat")),
    ]
    events = run_wav(conversation(tmp_path, spoken), tmp_path, "--tail", "4").events
    entries = [place for place, event in enumerate(events) if event["type"] == "handover"]
    taken = [place for place, event in enumerate(events) if is_whole_opening(event)]
    repeated = next(
        place for place, e in enumerate(events) if e["type"] == "speech_start" and e["t"] > 12
    )
    assert len(taken) == 1
    assert taken[0] < entries[0] < entries[-1] < repeated
    whats = [events[place]["what"] for place in entries]
    assert {"start", "not-breathing"} <= set(whats)
    assert len(set(whats)) == len(whats)


def is_whole_opening(event: Event) -> bool:
    """Whether the opening is taken down together with what was said right after it."""
    return event["type"] == "transcript" and {"breathing", "blood"} <= set(
        event["text"].lower().replace(".", "").split()
    )
