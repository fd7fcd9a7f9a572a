"""The crew starts before anybody looks on, and whoever does learns how each worker is."""

import threading

import pytest

from tests.support import rogue_worker
from voice.engines.crew import Crew
from voice.engines.process import WorkerSpec
from voice.engines.roster import Roster

pytestmark = pytest.mark.alone


def worker(name: str) -> WorkerSpec:
    return WorkerSpec(name=name, module=rogue_worker.__name__)


def test_a_late_watcher_is_told_how_every_worker_is_and_then_each_change() -> None:
    crew = Crew(Roster(stt=worker("stt"), tiny=worker("tiny"), tts=worker("tts"), llm=None))
    seen: list[tuple[str, str]] = []
    with crew:
        assert set(crew.wait(60, threading.Event()).values()) == {"ready"}
        crew.watch(lambda name, state, pid, detail: seen.append((name, state)))
        assert sorted(seen) == [("stt", "ready"), ("tiny", "ready"), ("tts", "ready")]
        seen.clear()
    assert ("tts", "stopped") in seen
