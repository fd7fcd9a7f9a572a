"""A kiosk's page without a browser: what it is sent, and what it may send."""

import json
import time
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from typing import Any

from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

PATIENCE_S = 30.0


def origin(port: int) -> str:
    """Where our own page comes from."""
    return f"http://127.0.0.1:{port}"


@dataclass
class Page:
    """One open page on this machine."""

    port: int
    states: list[dict[str, Any]] = field(default_factory=list)
    refusals: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._open = ExitStack()
        opening = connect(
            f"ws://127.0.0.1:{self.port}/ws",
            origin=origin(self.port),  # type: ignore[arg-type]
            compression=None,
            close_timeout=0.2,
        )
        self.socket: ClientConnection = self._open.enter_context(opening)

    def __enter__(self) -> "Page":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the page; its server may be gone already."""
        with suppress(WebSocketException, EOFError, OSError):
            self._open.close()

    def reload(self) -> None:
        """Open it again, knowing nothing."""
        self.close()
        self.states.clear()
        self.__post_init__()

    @property
    def state(self) -> dict[str, Any]:
        """The newest state."""
        return self.states[-1]

    def send(self, intent: str, **fields: Any) -> None:
        """Send an intent about the state that is shown."""
        message = {"intent": intent, **fields}
        if self.states:
            message.setdefault("seq", self.state["seq"])
        self.socket.send(json.dumps(message))

    def take(self, timeout: float = PATIENCE_S) -> dict[str, Any]:
        """The next message."""
        message: dict[str, Any] = json.loads(self.socket.recv(timeout=timeout))
        if "mode" in message:
            self.states.append(message)
        elif "refused" in message:
            self.refusals.append(message)
        return message

    def until(self, what: Any, timeout: float = PATIENCE_S) -> dict[str, Any]:
        """Take messages until the newest state fulfils a condition."""
        end = time.monotonic() + timeout
        while not (self.states and what(self.state)):
            self.take(end - time.monotonic())
        return self.state


def wait_for_page(port: int, timeout: float = PATIENCE_S) -> Page:
    """A page that has a state, as soon as there is one."""
    end = time.monotonic() + timeout
    while True:
        try:
            page = Page(port)
            page.until(lambda state: True, max(end - time.monotonic(), 0.1))
            return page
        except (OSError, WebSocketException):
            assert time.monotonic() < end, "no page came"
            time.sleep(0.05)
