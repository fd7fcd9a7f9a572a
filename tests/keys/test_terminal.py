"""Single keys typed in a terminal, on a pseudo-terminal."""

import os
import pty
import termios
import time
from collections.abc import Callable, Iterator

import pytest

from voice.keys.terminal import Terminal

pytestmark = pytest.mark.alone


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """The ends of a terminal: the user's, and the program's."""
    user, program = pty.openpty()
    yield user, program
    os.close(program)
    os.close(user)


def until(condition: Callable[[], bool]) -> bool:
    limit = time.monotonic() + 8
    while not condition() and time.monotonic() < limit:
        time.sleep(0.02)
    return condition()


def test_keys_are_commands_without_enter(terminal: tuple[int, int]) -> None:
    user, program = terminal
    before = termios.tcgetattr(program)
    commands: list[str] = []
    keys = Terminal(program, commands.append)
    keys.start()
    assert until(lambda: not termios.tcgetattr(program)[3] & termios.ICANON)
    os.write(user, b" rSx\r\xc3\xa9b")
    assert until(lambda: len(commands) == 5)
    assert commands == ["next", "repeat", "stop", "next", "back"]
    keys.close()
    assert termios.tcgetattr(program) == before


def test_a_terminal_that_goes_away_ends_it_quietly(terminal: tuple[int, int]) -> None:
    user, program = os.dup(terminal[0]), os.dup(terminal[1])
    keys = Terminal(program, print)
    keys.start()
    assert until(lambda: not termios.tcgetattr(program)[3] & termios.ICANON)
    os.close(user)
    keys.close()
    os.close(program)
