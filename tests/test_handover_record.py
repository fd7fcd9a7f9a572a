"""When what is kept for the crew is written: not before the turn can no longer be undone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import sounds
from tests.support.by_hand import ByHand
from voice.assistant import Assistant
from voice.audio.interface import INPUT_BLOCK, INPUT_RATE
from voice.config import Settings
from voice.dialogue import content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.log import Entry, Log
from voice.engines import roster
from voice.engines.crew import Crew
from voice.engines.interfaces import Result
from voice.eventlog import EventLog
from voice.events import Handover, HandoverDeleted
from voice.handover_record import HandoverRecord
from voice.listening.listener import Listener, Tag

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


class Room:
    """An assistant without threads: the test feeds its microphone and recognises for it."""

    def __init__(self, folder: Path) -> None:
        settings = Settings()
        self.file = folder / "events.jsonl"
        self.log = EventLog(self.file)
        self.crew = Crew(roster.from_settings(settings))
        self.assistant = Assistant(settings, self.crew, self.log, hears_itself=False)
        self.assistant._learn(Dialogue(content.load(settings), settings))
        self.stt = ByHand("stt")
        self.results: list[tuple[Result, Tag]] = []
        self.assistant._listener = Listener(
            settings,
            self.stt,
            ByHand("tiny"),
            lambda result, tag: self.results.append((result, tag)),
        )
        self.at = 0

    def hear(self, audio: sounds.Audio) -> None:
        for start in range(0, len(audio) - INPUT_BLOCK + 1, INPUT_BLOCK):
            self.assistant._on_mic(self.at, audio[start : start + INPUT_BLOCK])
            self.at += INPUT_BLOCK

    def say(self, text: str) -> None:
        """Somebody speaks, and is understood after a pause that ends any turn."""
        clip = sounds.clip("s2i_000")
        begins, ends = (round(edge * INPUT_RATE) for edge in sounds.loud_edges(clip))
        self.hear(sounds.scene(clip[begins:ends], 1.0))
        self.stt.say(text)
        while self.results:
            self.assistant._act_on(self.assistant._listener.on_transcript(*self.results.pop(0)))

    def wait(self, seconds: float) -> None:
        self.hear(sounds.silence(seconds))

    @property
    def kinds(self) -> list[str]:
        """The types of the events in the file."""
        return [json.loads(line)["type"] for line in self.file.read_text().splitlines()]

    def close(self) -> None:
        self.assistant._speech.close()
        self.crew.close()
        self.log.__exit__()


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    room = Room(tmp_path)
    yield room
    room.close()


def test_an_entry_is_written_when_the_window_of_its_turn_has_closed(room: Room) -> None:
    room.say("he is not breathing")
    assert "reply" in room.kinds
    room.wait(0.9)
    assert "handover" not in room.kinds
    room.wait(0.2)
    assert room.kinds.count("handover") == 2


def test_a_turn_that_is_undone_inside_its_window_writes_nothing(room: Room) -> None:
    room.say("he is not breathing")
    room.wait(0.3)
    room.say("he is not breathing, no wait, he is choking")
    revisions = [json.loads(line).get("revision") for line in room.file.read_text().splitlines()]
    assert [found for found in revisions if found is not None] == [0, 1]
    room.wait(0.9)
    assert "handover" not in room.kinds
    room.wait(0.2)
    entries = [json.loads(line) for line in room.file.read_text().splitlines()]
    starts = [e["protocol"] for e in entries if e["type"] == "handover" and e["what"] == "start"]
    assert starts == ["choking-adult"]
