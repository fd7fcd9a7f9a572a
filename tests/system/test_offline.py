"""Offline is a property with a proof: no interface is needed and none is used."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.support.assistant import run_wav
from tests.support.recordings import phrase

pytestmark = pytest.mark.paired

# AF_UNIX (sound servers) and loopback stay on this machine; everything else leaves it.
LEAVES = re.compile(r"(connect|sendto|sendmsg)\(.*sa_family=AF_INET6?\b")
LOOPBACK = re.compile(r'inet_addr\("127\.|inet_pton\(AF_INET6, "::1"')


def test_a_whole_conversation_without_any_network_interface(tmp_path: Path) -> None:
    session = run_wav(phrase("not_breathing"), tmp_path, prefix=("unshare", "--user", "-r", "-n"))
    assert session.heard
    assert session.said


def test_no_system_call_reaches_beyond_this_machine(tmp_path: Path) -> None:
    assert shutil.which("strace"), "install strace: this test proves that nothing dials out"
    trace = tmp_path / "trace"
    tracer = ("strace", "-f", "-qq", "-e", "trace=connect,sendto,sendmsg,socket", "-o", str(trace))
    # Libraries that report home keep silent where they see that they are under test.
    user = {name: os.environ[name] for name in ("PATH", "HOME")}
    session = run_wav(phrase("not_breathing"), tmp_path, prefix=tracer, timeout=300, env=user)
    assert session.said
    calls = trace.read_text("utf-8", errors="replace").splitlines()
    assert [c for c in calls if LEAVES.search(c) and not LOOPBACK.search(c)] == []
