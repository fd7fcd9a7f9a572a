"""What systemd is told, on a socket as it gives one."""

import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from voice.kiosk.notify import Notifier

pytestmark = pytest.mark.alone


@pytest.fixture(params=["file", "abstract"])
def systemd(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[socket.socket, str]]:
    name = str(tmp_path / "notify") if request.param == "file" else f"@test-{os.getpid()}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if name.startswith("@") else name)
        listening.settimeout(5)
        yield listening, name


def test_systemd_is_told(systemd: tuple[socket.socket, str]) -> None:
    listening, name = systemd
    environment = {"NOTIFY_SOCKET": name, "WATCHDOG_USEC": "30000000"}
    notifier = Notifier(environment)
    assert notifier.watchdog_s == 30.0
    notifier.ready()
    notifier.alive()
    notifier.stopping()
    assert [listening.recv(100) for _ in range(3)] == [b"READY=1", b"WATCHDOG=1", b"STOPPING=1"]


def test_without_systemd_nothing_happens() -> None:
    notifier = Notifier({})
    notifier.ready()
    assert notifier.watchdog_s == 0.0


def test_a_socket_that_is_gone_ends_nothing(tmp_path: Path) -> None:
    Notifier({"NOTIFY_SOCKET": str(tmp_path / "gone")}).alive()


def test_another_process_watchdog_is_not_ours() -> None:
    assert Notifier({"WATCHDOG_USEC": "1000000", "WATCHDOG_PID": "1"}).watchdog_s == 0.0
    assert Notifier({"WATCHDOG_USEC": "soon"}).watchdog_s == 0.0
