"""Foot pedals and headsets: the kernel's event structs, read from pipes in the place of devices."""

import os
import re
import struct
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from voice import config
from voice.errors import UserError
from voice.keys import names, pad
from voice.keys.buttons import Buttons

pytestmark = pytest.mark.alone

HEADER = Path("/usr/include/linux/input-event-codes.h")
KEY, RELATIVE = 1, 2
UP, DOWN, AGAIN = 0, 1, 2


def event(code: int, value: int = DOWN, kind: int = KEY) -> bytes:
    return struct.pack("llHHi", 1, 2, kind, code, value)


class Device:
    """An event file that somebody writes to."""

    def __init__(self, path: Path) -> None:
        self.path = path
        os.mkfifo(path)
        self._file = os.open(path, os.O_RDWR)  # never without a writer, or it would be at its end

    def send(self, data: bytes) -> None:
        os.write(self._file, data)

    def unplug(self) -> None:
        self.path.unlink()
        os.close(self._file)


class Pressed:
    def __init__(self, folder: Path, commands: dict[int, str]) -> None:
        self.commands: list[str] = []
        self.remarks: list[str] = []
        pattern = str(folder / "event*")
        self.buttons = Buttons(pattern, commands, self.commands.append, self.remarks.append)


@pytest.fixture
def pressed(tmp_path: Path) -> Iterator[Pressed]:
    pressed = Pressed(tmp_path, {109: "next", 164: "repeat"})
    yield pressed
    pressed.buttons.close()


def until(condition: Callable[[], bool], seconds: float = 8.0) -> bool:
    limit = time.monotonic() + seconds
    while not condition() and time.monotonic() < limit:
        time.sleep(0.02)
    return condition()


def test_a_pressed_key_is_a_command_once(pressed: Pressed, tmp_path: Path) -> None:
    pedal = Device(tmp_path / "event3")
    pressed.buttons.start()
    pedal.send(
        event(109) + event(109, AGAIN) + event(109, UP) + event(30) + event(109, kind=RELATIVE)
    )
    whole = event(164)
    pedal.send(whole[:7])
    time.sleep(0.1)
    pedal.send(whole[7:])
    assert until(lambda: len(pressed.commands) == 2)
    assert pressed.commands == ["next", "repeat"]
    assert pressed.remarks == []


def test_a_device_that_is_plugged_in_later_and_one_that_is_pulled_out(
    pressed: Pressed, tmp_path: Path
) -> None:
    pressed.buttons.start()
    assert until(lambda: len(pressed.remarks) == 1)
    assert "no input device" in pressed.remarks[0]
    pedal, headset = Device(tmp_path / "event1"), Device(tmp_path / "event2")
    pedal.send(event(109))
    assert until(lambda: pressed.commands == ["next"])
    pedal.unplug()
    headset.send(event(164))
    assert until(lambda: pressed.commands == ["next", "repeat"])
    assert len(pressed.remarks) == 1


def test_a_device_that_may_not_be_read_is_one_line() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        (folder / "event0").touch(0o000)
        pressed = Pressed(folder, {109: "next"})
        root = os.geteuid() == 0
        if root:  # who may read everything
            os.seteuid(65534)
        try:
            pressed.buttons.start()
            assert until(lambda: len(pressed.remarks) == 1)
            pressed.buttons.close()
        finally:
            if root:
                os.seteuid(0)
    assert re.fullmatch(r"keys: no permission to read .*event0; .*usermod.*", pressed.remarks[0])


def test_names_have_the_kernels_codes() -> None:
    rows = re.findall(r"#define\s+((?:KEY|BTN)_\w+)\s+(0x[0-9a-f]+|\d+)\b", HEADER.read_text())
    kernel = {name: int(number, 0) for name, number in rows}
    assert {name: kernel.get(name) for name in names.CODES} == names.CODES
    assert names.code("key_pagedown") == 109
    assert names.code("183") == 183


def assigned(*items: str) -> dict[int, str]:
    return pad.assigned(config.load(None, [f"keys.{item}" for item in items], environment={}))


def test_the_profile_assigns_several_keys_to_any_command() -> None:
    found = assigned("next=KEY_PAGEDOWN BTN_0", "start-over=KEY_HOME", "mark-shock=59")
    assert found == {109: "next", 256: "next", 102: "start-over", 59: "mark-shock"}
    environment = {"RESCUE_VOICE_KEYS_START_OVER": "KEY_HOME"}
    assert pad.assigned(config.load(None, environment=environment)) == {102: "start-over"}
    assert assigned() == {}


@pytest.mark.parametrize(
    ("item", "says"),
    [("next=KEY_PAGEDWON", "PAGEDWON"), ("nekst=KEY_A", "nekst"), ("next=900", "900")],
)
def test_a_mistake_is_named(item: str, says: str) -> None:
    with pytest.raises(UserError, match=says) as error:
        assigned(item)
    assert "\n" not in str(error.value)


def test_a_key_has_one_meaning() -> None:
    with pytest.raises(UserError, match="KEY_A means both next and stop"):
        assigned("next=KEY_A", "stop=KEY_A")
