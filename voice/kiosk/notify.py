"""Tells systemd that the service is ready and alive, by its plain socket protocol."""

import contextlib
import os
import socket
from collections.abc import Mapping


class Notifier:
    """Sends to NOTIFY_SOCKET; without one it does nothing."""

    def __init__(self, environment: Mapping[str, str] = os.environ) -> None:
        self._address = environment.get("NOTIFY_SOCKET", "")
        self.watchdog_s = _watchdog(environment)
        """Within which time systemd wants to hear of us; 0: it does not."""

    def ready(self) -> None:
        """The service is up."""
        self._send("READY=1")

    def alive(self) -> None:
        """Everything that matters still works."""
        self._send("WATCHDOG=1")

    def status(self, text: str) -> None:
        """One line for `systemctl status`."""
        self._send(f"STATUS={text}")

    def stopping(self) -> None:
        """The service is going down."""
        self._send("STOPPING=1")

    def _send(self, message: str) -> None:
        if not self._address:
            return
        address = self._address
        if address.startswith("@"):  # the abstract namespace
            address = "\0" + address[1:]
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as out:
            out.sendto(message.encode(), address)


def _watchdog(environment: Mapping[str, str]) -> float:
    """The interval that is meant for this process, in seconds."""
    if environment.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return 0.0
    try:
        return int(environment.get("WATCHDOG_USEC", "0")) / 1e6
    except ValueError:
        return 0.0
