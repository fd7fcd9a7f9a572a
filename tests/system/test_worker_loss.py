"""A worker is killed, then frozen, during a conversation: the loop goes on and says so."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.assistant import Event, Live
from tests.support.recordings import conversation, phrase

pytestmark = pytest.mark.alone

BACK_WITHIN_S = {"stt": 5.0, "tiny": 5.0, "llm": 5.0, "tts": 3.0}
AGAIN_S = (10.0, 19.0)
"""When a further phrase begins: each time the worker is lost once the one before is answered."""


@pytest.mark.parametrize("name", list(BACK_WITHIN_S))
def test_the_loop_goes_on_and_the_worker_comes_back(name: str, tmp_path: Path) -> None:
    spoken = [(1.0, phrase("not_breathing")), *((at, phrase("repeat")) for at in AGAIN_S)]
    with Live(conversation(tmp_path, spoken), tmp_path, "--tail", "2") as live:
        pid = live.wait_for(lambda e: is_engine(e, name, "ready"))["pid"]
        for how, after in ((signal.SIGKILL, 0.0), (signal.SIGSTOP, AGAIN_S[0])):
            live.wait_for(lambda e, after=after: speaks(e) and e["t"] > after)
            lost_at = live.events()[-1]["t"]
            os.kill(pid, how)
            live.wait_for(lambda e, at=lost_at: is_engine(e, name, "restarting") and e["t"] >= at)
            back = live.wait_for(lambda e, at=lost_at: is_engine(e, name, "ready") and e["t"] >= at)
            assert back["t"] - lost_at <= BACK_WITHIN_S[name], how.name
            pid = back["pid"]
        session = live.finish()

    told = [e for e in session.of("reply") if e["heard"] != "event:timer"]
    assert [e["heard"] for e in told] == ["start", "command:repeat", "command:repeat"]
    for at in AGAIN_S:
        assert any(speaks(e) and at < e["t"] < at + 5.0 for e in session.events)


def is_engine(event: Event, name: str, state: str) -> bool:
    """Whether an event says that this engine is now in this state."""
    return event["type"] == "engine" and event["name"] == name and event["state"] == state


def speaks(event: Event) -> bool:
    """Whether the voice begins to be heard."""
    return event["type"] == "audio_start" and event["source"] == "voice"
