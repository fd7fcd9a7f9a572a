"""Runs the assistant as a user does, in a process of its own, and reads what it wrote."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
RUN_ASSISTANT = [sys.executable, str(ROOT / "run_assistant.py")]

Event = dict[str, Any]


@dataclass
class Session:
    """One finished `run` on a WAV file."""

    output: Path
    events: list[Event]

    def of(self, kind: str) -> list[Event]:
        """The events of one type, in order."""
        return [event for event in self.events if event["type"] == kind]

    @property
    def said(self) -> list[str]:
        """What the assistant said, in order."""
        return [event["say"] for event in self.of("reply") if event["say"]]

    @property
    def heard(self) -> list[str]:
        """The accepted transcripts, the last revision of each turn."""
        return [event["text"] for event in self.of("transcript") if event["accepted"]]


def call(*args: str, timeout: float = 120, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    """Run a command of the assistant to its end."""
    return subprocess.run(
        [*RUN_ASSISTANT, *args],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        **kwargs,
    )


def read_events(file: Path) -> list[Event]:
    """Every line of an event log."""
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def run_wav(
    recording: Path,
    folder: Path,
    *options: str,
    pace: str = "fast",
    timeout: float = 180,
    prefix: tuple[str, ...] = (),
    env: dict[str, str] | None = None,
) -> Session:
    """`run` on a recording; `prefix` is a command that starts it, e.g. a system-call tracer.

    `env` takes the place of this process's environment.
    """
    output, events = folder / "out.wav", folder / "events.jsonl"
    done = subprocess.run(
        [
            *prefix,
            *RUN_ASSISTANT,
            "run",
            "--input",
            str(recording),
            "--output",
            str(output),
            "--events",
            str(events),
            "--pace",
            pace,
            *options,
        ],
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        env=(os.environ if env is None else env) | {"PYTHONUNBUFFERED": "1"},
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return Session(output, read_events(events))


class Live:
    """A `run` that goes on while the test looks at its event log and interferes."""

    def __init__(self, recording: Path, folder: Path, *options: str) -> None:
        self.log, self.output = folder / "events.jsonl", folder / "out.wav"
        self._messages = (folder / "stderr.txt").open("w+b")
        self.process = subprocess.Popen(
            [
                *RUN_ASSISTANT,
                "run",
                "--input",
                str(recording),
                "--output",
                str(self.output),
                "--events",
                str(self.log),
                *options,
            ],
            stdout=subprocess.DEVNULL,
            stderr=self._messages,
            cwd=ROOT,
        )

    def __enter__(self) -> "Live":
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self._messages.close()

    def events(self) -> list[Event]:
        """What has been logged so far; a line still being written is left out."""
        text = self.log.read_text("utf-8") if self.log.exists() else ""
        return [json.loads(line) for line in text.splitlines(keepends=True) if line[-1] == "\n"]

    def wait_for(self, wanted: Callable[[Event], bool], timeout: float = 60) -> Event:
        """The first logged event that is wanted, as soon as it is there."""
        limit = time.monotonic() + timeout
        while time.monotonic() < limit:
            for event in self.events():
                if wanted(event):
                    return event
            assert self.process.poll() is None, f"ended early: {self.messages()}"
            time.sleep(0.05)
        raise AssertionError(
            f"not within {timeout} s; last: {self.events()[-5:]} {self.messages()}"
        )

    def finish(self, timeout: float = 120) -> Session:
        """Let it end by itself."""
        assert self.process.wait(timeout) == 0, self.messages()
        return Session(self.output, self.events())

    def messages(self) -> str:
        """What it wrote to standard error."""
        self._messages.seek(0)
        return self._messages.read().decode("utf-8", "replace")
