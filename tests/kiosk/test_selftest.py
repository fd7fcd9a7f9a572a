"""When the self-test is due, what it finds, and what is kept of a handover."""

import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.config import Settings
from voice.events import Handover, HandoverDeleted
from voice.kiosk import selftest
from voice.kiosk.page_state import SelfTest
from voice.kiosk.retention import Retention
from voice.kiosk.seen import Seen
from voice.kiosk.status import status

pytestmark = pytest.mark.alone

NOON = datetime.datetime(2026, 11, 28, 12, 0)
READY = {"stt": "ready", "tiny": "ready", "tts": "ready"}


def test_a_machine_without_its_engines_is_not_fit() -> None:
    result = selftest.run(Settings(), {**READY, "tts": "failed"}, {}, chirps=False, at=NOON)
    assert not result.ok
    assert result.failed == ("tts: failed",)
    assert result.at == "12:00"


def test_a_machine_with_everything_is_fit() -> None:
    assert selftest.run(Settings(), READY, {}, chirps=False, at=NOON).ok


def test_without_sound_devices_the_sound_is_red() -> None:
    audio = Settings().audio
    settings = Settings(audio=type(audio)(input_device="no such", output_device="no such"))
    result = selftest.run(settings, READY, {}, chirps=True, at=NOON)
    assert not result.ok
    assert any(line.startswith("microphone") for line in result.failed)


@pytest.mark.parametrize(("now", "last", "at", "due"), [
    ("2026-11-28 11:01", "2026-11-28 10:00", "11:00", True),
    ("2026-11-28 10:59", "2026-11-28 10:00", "11:00", False),
    ("2026-11-28 12:00", "2026-11-28 11:00", "11:00", False),
    ("2026-11-29 10:00", "2026-11-27 12:00", "11:00", True),
    ("2026-11-29 11:00", "2026-11-28 11:00", "", False),
])  # fmt: skip
def test_once_a_day(now: str, last: str, at: str, due: bool) -> None:
    times = [datetime.datetime.fromisoformat(text) for text in (now, last)]
    assert selftest.due(*times, at) == due


@given(st.integers(0, 23), st.integers(0, 59), st.integers(1, 200))
def test_each_day_has_one(hour: int, minute: int, step_min: int) -> None:
    last, tests = NOON, 0
    for passed in range(0, 3 * 24 * 60, step_min):
        now = NOON + datetime.timedelta(minutes=passed)
        if selftest.due(now, last, f"{hour:02}:{minute:02}"):
            last, tests = now, tests + 1
    assert tests in (2, 3)


def test_the_status_says_what_needs_attention_and_no_word() -> None:
    seen = Seen(
        heard="a secret",
        engines={"stt": "ready", "tts": "restarting", "tiny": "loading"},
        devices={"microphone": "lost"},
    )
    failed = SelfTest(ok=False, at="11:00", failed=("x: y",))
    found = status(seen, failed, ready=True, up_s=1.0, pages=2, server_starts=1)
    assert (found.ok, found.mode) == (False, "idle")
    assert found.alarms == ("tts", "microphone", "selftest")
    assert "secret" not in repr(found)
    fine = status(Seen(), None, ready=True, up_s=1.0, pages=0, server_starts=1)
    assert fine.ok
    assert not status(Seen(), None, ready=False, up_s=1.0, pages=0, server_starts=1).ok


def noted(what: str) -> Handover:
    return Handover(t=1.0, what=what, detail=what, protocol="severe-bleeding", casualty=1)


def test_usually_nothing_of_a_handover_is_kept(tmp_path: Path) -> None:
    retention = Retention(tmp_path / "state", days=0)
    retention.event(noted("tourniquet"), NOON.timestamp())
    assert not (tmp_path / "state").exists()


def test_what_is_kept_is_kept_as_long_as_it_may_be(tmp_path: Path) -> None:
    retention = Retention(tmp_path, days=2)
    for day in range(4):
        retention.event(noted("tourniquet"), (NOON + datetime.timedelta(days=day)).timestamp())
    assert len(list(tmp_path.iterdir())) == 4
    retention.purge((NOON + datetime.timedelta(days=3)).date())
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "handover-2026-11-30.jsonl",
        "handover-2026-12-01.jsonl",
    ]
    assert all(file.stat().st_mode & 0o077 == 0 for file in tmp_path.iterdir())
    Retention(tmp_path, days=0).purge(NOON.date())
    assert list(tmp_path.iterdir()) == []


def test_who_has_it_deleted_has_this_conversation_deleted(tmp_path: Path) -> None:
    retention = Retention(tmp_path, days=2)
    retention.event(noted("before"), NOON.timestamp())
    retention.forgotten()
    retention.event(noted("mine"), NOON.timestamp())
    retention.event(HandoverDeleted(t=2.0), NOON.timestamp())
    retention.event(noted("after"), NOON.timestamp())
    (file,) = tmp_path.iterdir()
    assert "before" in file.read_text()
    assert "mine" not in file.read_text()
    assert "after" in file.read_text()
