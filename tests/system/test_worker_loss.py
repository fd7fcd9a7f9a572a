"""A worker is killed or frozen during a conversation: the loop goes on and says so."""

import os
import signal
from pathlib import Path

import pytest

from tests.support.assistant import Event, Live
from tests.support.recordings import conversation, phrase

BACK_WITHIN_S = {"stt": 5.0, "tiny": 5.0, "llm": 5.0, "tts": 3.0}


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGSTOP], ids=["killed", "frozen"])
@pytest.mark.parametrize("name", list(BACK_WITHIN_S))
def test_the_loop_goes_on_and_the_worker_comes_back(
    name: str, how: signal.Signals, tmp_path: Path
) -> None:
    """The worker is lost after the first reply; the second phrase is answered all the same."""
    recording = conversation(tmp_path, [(1.0, phrase("not_breathing")), (13.0, phrase("repeat"))])
    with Live(recording, tmp_path, "--tail", "6") as live:
        ready = live.wait_for(lambda e: is_engine(e, name, "ready"))
        live.wait_for(lambda e: e["type"] == "audio_start" and e["source"] == "voice")
        lost_at = live.events()[-1]["t"]
        os.kill(ready["pid"], how)
        live.wait_for(lambda e: is_engine(e, name, "restarting"))
        back = live.wait_for(lambda e: is_engine(e, name, "ready") and e["pid"] != ready["pid"])
        session = live.finish()

    assert back["t"] - lost_at <= BACK_WITHIN_S[name]
    late = [e for e in session.of("reply") if e["t"] > 13.0]
    assert [e["heard"] for e in late] == ["command:repeat"]
    assert any(e["t"] > 13.0 for e in session.of("audio_start"))


def is_engine(event: Event, name: str, state: str) -> bool:
    """Whether an event says that this engine is now in this state."""
    return event["type"] == "engine" and event["name"] == name and event["state"] == state
