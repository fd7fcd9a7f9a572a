"""The whole kiosk with its engines, touched through its real server; nobody speaks."""

import gc
import json
import os
import signal
import subprocess
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType, ModuleType

import numpy as np
import pytest
import soundfile

from tests.support.asking import until
from tests.support.assistant import ROOT, RUN_ASSISTANT
from tests.support.page import Page, wait_for_page
from voice.assistant import Assistant
from voice.audio.files import WavReader
from voice.audio.wav_backend import WavBackend
from voice.config import Kiosk as Own
from voice.config import Settings, Tts
from voice.engines import roster
from voice.engines.crew import Crew
from voice.eventlog import EventLog
from voice.kiosk.app import Kiosk
from voice.kiosk.feed import Clocked, SoundClock
from voice.kiosk.journal import NAME
from voice.observer import Moment

pytestmark = pytest.mark.alone

RARE = "xylophone"


@pytest.fixture(scope="module")
def silence(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("silence") / "silence.wav"
    soundfile.write(file, np.zeros(16_000 * 900, np.int16), 16_000)
    return file


class Running:
    """A kiosk in this process, so that its memory can be looked through."""

    def __init__(self, silence: Path, folder: Path) -> None:
        self.folder = folder
        self.events = folder / "events.jsonl"
        own = Own(port=0, state=str(folder / "state"), place="Elm Street", tell="Second door")
        settings = Settings(kiosk=own, tts=Tts(keep=False))
        clock = SoundClock()
        self.log = EventLog(self.events, also=lambda event: self.kiosk.event(event))
        self.kiosk = Kiosk(settings, clock, live=False, wipe=self.log.clear)
        self.crew = Crew(roster.from_settings(settings))
        self.assistant = Assistant(
            settings, self.crew, self.log, hears_itself=False, observer=self.kiosk
        )
        backend = WavBackend(WavReader(silence), None, self.assistant, output_rate=48_000)
        self.interrupted = threading.Event()
        self.thread = threading.Thread(
            target=self.kiosk.run,
            args=(self.assistant, Clocked(backend, clock), self.crew, self.interrupted),
        )
        self.thread.start()

    @property
    def port(self) -> int:
        return self.kiosk.port

    def round_trip_s(self) -> float:
        """How long the loop lets somebody wait."""
        done = threading.Event()

        def made(moment: Moment) -> None:
            done.set()

        began = time.perf_counter()
        self.assistant.take(made)
        assert done.wait(10)
        return time.perf_counter() - began

    def close(self) -> None:
        self.interrupted.set()
        self.thread.join(30)
        self.crew.close()
        self.log.__exit__()


@pytest.fixture(scope="module")
def running(silence: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    running = Running(silence, tmp_path_factory.mktemp("kiosk"))
    running.crew.wait(120, running.interrupted)
    yield running
    running.close()


@pytest.fixture
def page(running: Running) -> Iterator[Page]:
    with wait_for_page(running.port) as page:
        yield page
        page.send("new-person")
        page.until(lambda state: state["protocol"] is None)


WITHOUT_POWER_S = 2.0


def push(page: Page) -> None:
    """Touch as far as the compressions."""
    page.send("say", text="he is not breathing")
    page.until(lambda state: state["step"] and state["step"]["id"] == "call")
    for step in ("flat", "hands", "push"):
        page.send("next")
        page.until(lambda state, step=step: state["step"]["id"] == step)
    page.until(lambda state: state["beat"])


def test_the_beat_is_told_before_it_is_heard(running: Running, page: Page) -> None:
    push(page)
    due = page.state["beat"]["next_ms"]
    for _ in range(6):
        state = page.until(lambda state, due=due: state["beat"]["next_ms"] > due + 100)
        later = state["beat"]["next_ms"]
        assert later - due == pytest.approx(60_000 / 110, abs=25.0)
        assert later > state["now_ms"], "there is time to draw it"
        due = later
    assert any("Push hard" in state["caption"]["spoken"] for state in page.states)
    assert state["since_s"] > 3


def test_everything_that_is_said_stands_on_the_page(running: Running, page: Page) -> None:
    def replies() -> list[str]:
        events = map(json.loads, running.events.read_text().splitlines())
        return [event["say"] for event in events if event["type"] == "reply" and event["say"]]

    running.assistant.settle()
    for said in ("he is not breathing", "how deep do I push", "next", "shock given"):
        known = len(replies())
        page.send("say", text=said)
        until(lambda known=known: len(replies()) > known)
        for reply in replies()[known:]:
            page.until(lambda state, reply=reply: reply in state["caption"]["spoken"])


def test_a_killed_server_ends_neither_voice_nor_beat(running: Running, page: Page) -> None:
    push(page)
    pid = running.kiosk.server_pid
    assert pid
    beats = running.kiosk.seen.beat
    os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    with wait_for_page(running.port) as again:
        assert again.state["step"]["id"] == "push"
        assert again.state["beat"]
        assert time.monotonic() - began < 10.0, "one second on an idle machine"
        until(lambda: running.kiosk.seen.beat != beats)
        again.send("next")
        again.until(lambda state: state["step"]["id"] == "recoil")
    page.reload()


def test_a_touch_for_another_question_is_dropped(running: Running, page: Page) -> None:
    push(page)
    old = page.states[0]["seq"]
    for intent in ("next", "yes", "choice:no", "back"):
        page.send(intent, seq=old)
        while not page.refusals:
            page.take()
        assert page.refusals.pop()["refused"] == "old"
    page.socket.send('{"intent": "next"}')
    page.socket.send('{"intent": "frobnicate", "seq": 1}')
    while len(page.refusals) < 2:
        page.take()
    assert [refusal["refused"] for refusal in page.refusals] == ["bad", "unknown"]
    assert page.state["step"]["id"] == "push"


def test_the_self_test_is_told(running: Running, page: Page) -> None:
    page.until(lambda state: state["selftest"])
    assert page.state["selftest"]["ok"], page.state["selftest"]
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/status") as answer:
        status = json.load(answer)
    assert (status["ok"], status["alarms"]) == (True, [])
    assert status["engines"]["stt"] == "ready"
    assert set(status["devices"]) == {"microphone"}


def test_markup_is_text_all_the_way(running: Running, page: Page) -> None:
    text = "<script>alert(1)</script>"
    page.send("say", text=text)
    page.until(lambda state: state["caption"]["heard"] == text)


def reachable(*roots: object) -> Iterator[str]:
    """Every text that can be reached from these objects, programs aside."""
    seen: set[int] = set()
    todo = list(roots)
    while todo:
        one = todo.pop()
        if id(one) in seen or isinstance(one, ModuleType | FunctionType | type):
            continue
        seen.add(id(one))
        if isinstance(one, str):
            yield one
        elif isinstance(one, bytes | bytearray):
            yield bytes(one).decode("latin-1")
        todo.extend(gc.get_referents(one))
        todo.extend(vars(one).values() if hasattr(one, "__dict__") else ())


def test_of_who_was_there_before_nothing_is_left(running: Running, page: Page) -> None:
    page.send("say", text=f"my {RARE} teacher is not breathing")
    page.until(lambda state: state["step"] and RARE in state["caption"]["heard"])
    page.send("next")
    page.send("say", text=f"how deep do I push on a {RARE} teacher")
    page.until(lambda state: state["answer"] and RARE in state["answer"]["question"])
    page.send("say", text=f"the {RARE} went limp")
    page.until(lambda state: RARE in state["caption"]["heard"])
    state_file = running.folder / "state" / NAME
    until(state_file.exists)
    assert RARE not in state_file.read_text()
    assert any(RARE in text for text in reachable(running.assistant, running.kiosk))
    page.send("new-person")
    page.until(lambda state: state["mode"] == "idle" and not state["caption"]["heard"])
    running.assistant.settle()
    until(lambda: not state_file.exists())
    with urllib.request.urlopen(f"http://127.0.0.1:{running.port}/status") as answer:
        assert RARE not in answer.read().decode()
    left = [text for text in reachable(running.assistant, running.kiosk) if RARE in text]
    assert left == []
    assert RARE not in running.events.read_text()
    assert RARE not in json.dumps(page.state)


def test_twenty_pages_do_not_slow_the_loop(running: Running, page: Page) -> None:
    push(page)
    alone = sorted(running.round_trip_s() for _ in range(200))
    others = [wait_for_page(running.port) for _ in range(20)]
    readers = [threading.Thread(target=lambda one=one: list(one.socket)) for one in others]
    for reader in readers:
        reader.start()
    crowded = sorted(running.round_trip_s() for _ in range(200))
    for one in others:
        one.close()
    for reader in readers:
        reader.join()
    assert crowded[190] < max(0.05, 3 * alone[190])


def test_everything_killed_during_compressions_goes_on_where_it_was(
    silence: Path, tmp_path: Path
) -> None:
    command = [*RUN_ASSISTANT, "kiosk", "--input", str(silence), "--port", "0"]
    command += ["--set", f"kiosk.state={tmp_path}"]

    def start(*more: str) -> tuple[subprocess.Popen[str], Page]:
        process = subprocess.Popen([*command, *more], cwd=ROOT, stderr=subprocess.PIPE, text=True)
        assert process.stderr is not None
        line = process.stderr.readline()
        return process, wait_for_page(int(line.rpartition(":")[2]), timeout=90)

    process, page = start()
    try:
        push(page)
        told = time.monotonic()
        page.send("next")
        page.until(lambda state: state["step"]["id"] == "recoil")
        until((tmp_path / NAME).exists)
        until(lambda: '"recoil"' in (tmp_path / NAME).read_text())
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stderr.close()  # type: ignore[union-attr]
        page.close()
    time.sleep(WITHOUT_POWER_S)
    brief = ("silence_s=4", "beat_silence_s=8", "answer_s=2")
    process, page = start(*(word for one in brief for word in ("--set", f"kiosk.{one}")))
    try:
        page.until(lambda state: state["beat"], timeout=60)
        assert page.state["step"]["id"] == "recoil"
        page.until(lambda state: "I lost power for" in state["caption"]["spoken"], timeout=60)
        passed_s = time.monotonic() - told
        assert page.state["since_s"] > passed_s - WITHOUT_POWER_S / 2, "the clock went on"
        page.until(lambda state: state["mode"] == "still_there")
        page.until(lambda state: "still there" in state["caption"]["spoken"])
        assert page.state["beat"], "nobody knows yet that nobody is there"
        page.until(lambda state: state["mode"] == "idle" and not state["beat"])
        until(lambda: not (tmp_path / NAME).exists())
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        process.stderr.close()  # type: ignore[union-attr]
        page.close()
