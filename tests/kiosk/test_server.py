"""The real server in its process, fed by a real link: what floods, kills and hangs do to it."""

import contextlib
import json
import os
import queue
import signal
import socket
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import msgspec
import pytest

from tests.support import hostile
from tests.support.asking import until
from tests.support.page import Page, origin, wait_for_page
from voice.config import Settings
from voice.dialogue.content import Content
from voice.events import SpeechStart, TranscriptEvent
from voice.kiosk import drawings, page_state, words
from voice.kiosk import seen as s
from voice.kiosk.address import server_options
from voice.kiosk.feed import Feed, SoundClock
from voice.kiosk.link import Link, listen
from voice.kiosk.painter import Painter
from voice.kiosk.wire import Up

pytestmark = pytest.mark.alone

SCRIPT = "<script>alert(1)</script><img src=x onerror=alert(2)>"


class Bench:
    """A feed and its server, without a loop."""

    def __init__(self, content: Content) -> None:
        settings = Settings()
        place = page_state.Place(name="Elm Street", tell="", number="112")
        self.feed = Feed(SoundClock())
        self.up: queue.SimpleQueue[Up] = queue.SimpleQueue()
        painter = Painter(
            content, words.load(settings), drawings.load(settings), place, lambda t: t
        )
        listening = listen("127.0.0.1", 0)
        self.port: int = listening.getsockname()[1]
        self.link = Link(
            listening,
            server_options(settings, self.port, remote=False),
            lambda than, timeout: self.feed.newer(than, timeout, painter),
            lambda: msgspec.defstruct("Status", [("ok", bool, True)])(),
            self.up.put,
        )
        self.link.start()

    def hear(self, text: str) -> None:
        heard = TranscriptEvent(t=1.0, text=text, confidence=1.0, accepted=True)
        self.feed.event(SpeechStart(t=1.0))
        self.feed.event(heard)

    def get(self, path: str, **headers: str) -> urllib.request.Request:
        return urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", headers=headers)

    def asked(self) -> list[Up]:
        found = []
        while not self.up.empty():
            found.append(self.up.get())
        return found


@pytest.fixture(scope="module")
def bench(content: Content) -> Iterator[Bench]:
    bench = Bench(content)
    wait_for_page(bench.port).close()
    yield bench
    bench.link.close()


@pytest.fixture
def page(bench: Bench) -> Iterator[Page]:
    bench.asked()
    with wait_for_page(bench.port) as page:
        yield page


def test_a_page_gets_the_state_and_every_change(bench: Bench, page: Page) -> None:
    before = page.state["seq"]
    bench.hear(SCRIPT)
    page.until(lambda state: state["caption"]["final"] and state["caption"]["heard"] == SCRIPT)
    assert page.state["seq"] > before
    assert abs(page.state["now_ms"] - time.monotonic() * 1000) < 5000
    page.socket.send('{"ping": 7}')
    pong = next(m for m in iter(page.take, None) if "pong" in m)
    assert pong["pong"] == 7


def test_an_intent_reaches_the_loop_as_it_was_meant(bench: Bench, page: Page) -> None:
    page.send("say", text=SCRIPT)
    up = bench.up.get(timeout=10)
    assert up.intent is not None
    assert (up.intent.intent, up.intent.text) == ("say", SCRIPT)
    assert up.intent.seq == page.state["seq"]
    bench.link.refuse(up, "old")
    while not page.refusals:
        page.take()
    assert page.refusals == [{"refused": "old", "intent": "say"}]


def test_files_come_with_a_policy_and_nothing_else_comes(bench: Bench) -> None:
    for path in ("/", "/page/app.js"):
        with urllib.request.urlopen(bench.get(path)) as answer:
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-content-type-options"] == "nosniff"
    with urllib.request.urlopen(bench.get("/status")) as answer:
        assert json.load(answer) == {"ok": True}
    for path in ("/page/../server.py", "/page/%2e%2e/server.py", "/etc/passwd", "/ws", "/docs"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(bench.get(path))
        assert refused.value.code == 404
        refused.value.close()
    for headers in ({"Host": "evil.example"}, {"Origin": "http://evil.example"}):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(bench.get("/status", **headers))
        assert refused.value.code == 403
        refused.value.close()


def test_hostile_messages_change_nothing(bench: Bench, page: Page) -> None:
    pid, starts = bench.link.pid, bench.link.starts
    first = [answer[:13] for answer in hostile.messages(bench.port)]
    assert first[:40] == [b"HTTP/1.1 403 "] * 40
    assert set(first[40:]) == {b"HTTP/1.1 101 "}
    page.send("repeat")
    until(lambda: not bench.up.empty())
    assert [up.intent.intent for up in bench.asked() if up.intent] == ["repeat"]
    assert (bench.link.pid, bench.link.starts) == (pid, starts)


def test_who_floods_is_slowed_and_others_are_not(bench: Bench, page: Page) -> None:
    with wait_for_page(bench.port) as flood:
        for _ in range(300):
            flood.send("louder")
        while len(flood.refusals) < 200:
            flood.take()
    assert {refusal["refused"] for refusal in flood.refusals} == {"fast"}
    assert len(bench.asked()) < 100
    time.sleep(1.5)
    page.send("quieter")
    assert bench.up.get(timeout=5).intent


def test_two_hundred_connections_at_once_leave_a_shown_page_alone(bench: Bench, page: Page) -> None:
    pid = bench.link.pid
    burst = hostile.burst(bench.port)
    began = time.monotonic()
    bench.hear("during the burst")
    page.until(lambda state: state["caption"]["heard"] == "during the burst", timeout=5)
    assert time.monotonic() - began < 2.0
    closed = 0
    end = time.monotonic() + 15
    for one in burst:
        one.settimeout(max(end - time.monotonic(), 0.01))
        with contextlib.suppress(OSError):
            closed += one.recv(1) == b""
    assert closed >= 190, "half a request is not waited for"
    for one in burst:
        one.close()
    with wait_for_page(bench.port):
        assert bench.link.pid == pid


def test_more_pages_than_allowed_are_turned_away_for_good(bench: Bench, page: Page) -> None:
    with contextlib.ExitStack() as stack:
        opened = [stack.enter_context(wait_for_page(bench.port)) for _ in range(31)]
        with hostile.knock(bench.port, origin(bench.port)) as one_more:
            assert one_more.recv(100).startswith(b"HTTP/1.1 403 ")
        bench.hear("everybody hears this")
        for one in opened:
            one.until(lambda state: state["caption"]["heard"] == "everybody hears this")
    until(lambda: bench.link.open_pages == 1)


def test_a_page_that_takes_nothing_holds_up_nobody(bench: Bench, page: Page) -> None:
    with hostile.knock(bench.port, origin(bench.port)) as mute:
        mute.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
        until(lambda: bench.link.open_pages == 2)
        for number in range(300):
            bench.hear(f"{number} " + "x" * 2000)
        page.until(lambda state: state["caption"]["heard"].startswith("299 "), timeout=5)
        until(lambda: bench.link.open_pages == 1)


def test_a_killed_server_is_back_within_three_seconds(bench: Bench) -> None:
    for number in (signal.SIGKILL, signal.SIGTERM):
        pid = bench.link.pid
        assert pid is not None
        bench.hear(f"before {number}")
        began = time.monotonic()
        os.kill(pid, number)
        until(lambda pid=pid: bench.link.pid not in (None, pid))
        with wait_for_page(bench.port) as page:
            assert page.state["caption"]["heard"] == f"before {number}"
            assert time.monotonic() - began < 10.0, "one second on an idle machine"


def test_a_server_that_hangs_is_replaced_and_the_loop_never_waits(bench: Bench) -> None:
    pid = bench.link.pid
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    longest = 0.0
    end = time.monotonic() + 3.0
    while time.monotonic() < end:
        began = time.monotonic()
        bench.hear("x" * 2000)
        longest = max(longest, time.monotonic() - began)
        time.sleep(0.001)
    assert longest < 0.1
    until(lambda: bench.link.pid not in (None, pid))
    bench.hear("on again")
    with wait_for_page(bench.port) as page:
        page.until(lambda state: state["caption"]["heard"] == "on again")


def test_a_server_whose_master_is_gone_ends(content: Content) -> None:
    other = Bench(content)
    wait_for_page(other.port).close()
    pid = other.link.pid
    other.link.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid or 0, 0)


def test_what_is_written_is_the_newest(bench: Bench, page: Page) -> None:
    for number in range(2000):
        bench.feed.happened(s.Typed(f"line {number}"))
    page.until(lambda state: state["caption"]["heard"] == "line 1999", timeout=5)
    assert len(page.states) < 2000, "states in between are left out"
