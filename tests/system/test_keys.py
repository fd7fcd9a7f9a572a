"""A foot pedal during a conversation does what the word would have done."""

import os
import struct
from pathlib import Path

import pytest

from tests.support.assistant import Live
from tests.support.recordings import conversation, phrase

pytestmark = pytest.mark.alone

PAGE_DOWN, F5 = 109, 63


def test_a_pedal_goes_on_and_stops(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "event0")
    pedal = os.open(tmp_path / "event0", os.O_RDWR)
    recording = conversation(tmp_path, [(1.0, phrase("not_breathing")), (9.0, phrase("repeat"))])
    options = [
        f"keyboard.devices={tmp_path}/event*",
        "keys.next=KEY_PAGEDOWN",
        "keys.stop=KEY_F5",
    ]
    chosen = [word for option in options for word in ("--set", option)]
    with Live(recording, tmp_path, "--tail", "4", *chosen) as live:
        live.wait_for(lambda e: e["type"] == "reply" and e["heard"] == "start")
        os.write(pedal, struct.pack("llHHi", 0, 0, 1, PAGE_DOWN, 1))
        live.wait_for(lambda e: e["type"] == "reply" and e["heard"] == "command:next")
        live.wait_for(lambda e: e["type"] == "audio_start" and e["t"] > 5.0)
        os.write(pedal, struct.pack("llHHi", 0, 0, 1, F5, 1))
        session = live.finish()
    os.close(pedal)
    replies = [(e["heard"], e["step"]) for e in session.of("reply")]
    assert replies[:2] == [("start", "call"), ("command:next", "flat")]
    assert ("command:stop", "flat") in replies
