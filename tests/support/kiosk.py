"""The whole kiosk as a process: real engines, real dialogue, a microphone to speak into."""

import json
import re
import signal
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import soundfile

from tests.support.assistant import ROOT, RUN_ASSISTANT
from tests.support.recordings import phrase
from tests.support.sound_server import SoundServer

START_S = 120.0
"""What it may take on a machine that is busy with something else."""
PLACE = "Shelter North, Harbour Street 12, by the entrance"
TELL = "Entrance at the back, ground floor. Somebody waits at the gate."


class Kiosk:
    """A running kiosk; `address` is its page's."""

    def __init__(
        self,
        sound: SoundServer,
        folder: Path,
        *,
        port: int = 0,
        wait: bool = True,
        **settings: str | float,
    ) -> None:
        """`wait`: until it listens; `settings`: further ones of `[kiosk]`."""
        self._sound = sound
        self.events = folder / "kiosk.jsonl"
        self.events.unlink(missing_ok=True)
        options = ["--port", str(port), "--events", str(self.events)]
        own = {"place": PLACE, "tell": TELL, "state": str(folder / "state"), **settings}
        for name, value in own.items():
            options += ["--set", f"kiosk.{name}={value}"]
        self._said = folder / "kiosk.err"
        with self._said.open("w") as said:
            self._process = subprocess.Popen(
                [*RUN_ASSISTANT, "kiosk", *options], cwd=ROOT, env=sound.env, stderr=said
            )
        self.address = self._address()
        if wait:
            self._wait_until_it_listens()

    def speak(self, clip: str) -> None:
        """Play a clip of tests/data/phrases into the microphone."""
        self._sound.speak(*soundfile.read(phrase(clip), dtype="int16"))

    def logged(self, kind: str) -> list[dict[str, Any]]:
        """The events of one type so far."""
        lines = self.events.read_text().splitlines() if self.events.exists() else []
        return [event for event in map(json.loads, lines) if event["type"] == kind]

    def status(self) -> dict[str, Any]:
        """What /status tells."""
        with urllib.request.urlopen(f"{self.address}/status", timeout=5) as answer:
            found: dict[str, Any] = json.load(answer)
            return found

    def server(self) -> psutil.Process:
        """The process that serves the page."""
        children = psutil.Process(self._process.pid).children(recursive=True)
        return next(one for one in children if "voice.kiosk.server" in one.cmdline())

    def kill(self) -> None:
        """Kill all its processes at once, as a power cut does."""
        own = psutil.Process(self._process.pid)
        for process in (own, *own.children(recursive=True)):
            process.kill()
        self._process.wait()

    def end(self) -> None:
        """End it as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)
        try:
            assert self._process.wait(timeout=20) == 0
        finally:
            self._process.kill()
            self._process.wait()

    def _wait_until_it_listens(self) -> None:
        deadline = time.monotonic() + START_S
        while not any(event["name"] == "microphone" for event in self.logged("device")):
            assert self._process.poll() is None, self._said.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.1)

    def _address(self) -> str:
        deadline = time.monotonic() + START_S
        while not (found := re.search(r"http://\S+", self._said.read_text())):
            assert self._process.poll() is None, self._said.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return found.group()


@contextmanager
def kiosk(folder: Path) -> Iterator[Kiosk]:
    """A kiosk on a sound server of its own."""
    sound = SoundServer()
    sound.start()
    try:
        running = Kiosk(sound, folder)
        try:
            yield running
        finally:
            running.end()
    finally:
        sound.remove()
