"""Who takes down a turn, and how long that took."""

import time

import pytest

from voice.config import Settings
from voice.engines import roster
from voice.engines.host import WorkerHost
from voice.engines.interfaces import Failed, Result, Transcribe, Transcript
from voice.engines.understudy import Understudied

pytestmark = pytest.mark.alone


def test_the_understudy_serves_while_the_engine_is_relieved() -> None:
    settings = Settings()
    spec = roster.whisper("tiny", settings.stt.tiny, 1, settings.cache_dir())
    tiny = WorkerHost(spec, lambda *_: None)
    away = WorkerHost(spec, lambda *_: None)  # never started: whatever is asked of it fails
    took: list[tuple[float, bool]] = []
    results: list[Result] = []
    both = Understudied(away, tiny, lambda seconds, served: took.append((seconds, served)))
    request = Transcribe(audio=bytes(32_000), generation=1, deadline_s=60.0)
    try:
        tiny.start()
        assert tiny.wait(60) == "ready"
        assert both.state == "stopped"
        both.submit(request, results.append)
        wait(results, 1)
        both.relieved = True
        assert both.state == "ready"
        began = time.monotonic()
        both.submit(request, results.append)
        wait(results, 2)
        assert isinstance(results[0], Failed)
        assert isinstance(results[1], Transcript)
        assert [served for _, served in took] == [False, True]
        assert 0 < took[1][0] <= time.monotonic() - began
    finally:
        tiny.close()


def wait(results: list[Result], count: int) -> None:
    limit = time.monotonic() + 60
    while len(results) < count and time.monotonic() < limit:
        time.sleep(0.01)
    assert len(results) == count
