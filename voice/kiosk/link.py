"""The page's server as a process of its own: started, fed with states, restarted when it dies.

Nothing here is waited for by the loop. The listening socket is ours and outlives the server, so
that pages that come back while it starts wait in the queue of the socket.
"""

import contextlib
import logging
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from typing import IO, cast

import msgspec

from voice.errors import UserError
from voice.kiosk import wire
from voice.kiosk.page_state import Page

log = logging.getLogger(__name__)

HUNG_S = 4.0
"""A server that has not said for so long that it is alive is killed."""
START_S = 40.0
"""The same, for one that is starting."""
PAUSE_S, LONGEST_PAUSE_S = 0.1, 2.0
"""Before a new start; doubled each time that one dies young."""
YOUNG_S = 5.0
STATUS_S = 1.0

Pages = Callable[[int, float], Page | None]
"""Waits for a state later than this one, so many seconds at most."""
OnIntent = Callable[[wire.Up], None]


def listen(host: str, port: int) -> socket.socket:
    """Open the port; UserError when that is impossible."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(256)
    except OSError as error:
        listening.close()
        raise UserError(f"kiosk: cannot listen on {host} port {port}: {error.strerror}") from None
    return listening


class Link:
    """Keeps a server running. `on_intent` is called on a thread of its own."""

    def __init__(
        self,
        listening: socket.socket,
        options: wire.Options,
        pages: Pages,
        status: Callable[[], msgspec.Struct],
        on_intent: OnIntent,
    ) -> None:
        self._listening = listening
        self._options = options
        self._pages = pages
        self._status = status
        self._on_intent = on_intent
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self._refusals: list[wire.Refused] = []
        self.starts = 0
        """How often a server was started."""
        self.open_pages = 0
        self._threads = [
            threading.Thread(target=self._keep, name="kiosk-server", daemon=True),
            threading.Thread(target=self._feed, name="kiosk-feed", daemon=True),
        ]

    @property
    def pid(self) -> int | None:
        """The server's process id."""
        process = self._process
        return process.pid if process else None

    def start(self) -> None:
        """Start the server; returns at once."""
        for thread in self._threads:
            thread.start()

    def refuse(self, up: wire.Up, why: wire.Refusal) -> None:
        """Tell a page that its intent was not carried out."""
        if up.intent and len(self._refusals) < 64:
            refused = wire.Refused(refused=why, intent=up.intent.intent, client=up.client)
            self._refusals.append(refused)

    def close(self) -> None:
        """End the server."""
        self._closing.set()
        self._kill(signal.SIGKILL)
        for thread in self._threads:
            thread.join(2.0)
        self._listening.close()

    # --- the server's process ----------------------------------------------------------------

    def _keep(self) -> None:
        """Start it, take what it says, and start it again when it is gone."""
        pause = PAUSE_S
        while not self._closing.is_set():
            began = time.monotonic()
            try:
                self._run()
            except OSError:
                log.exception("the page's server cannot be started")
            young = time.monotonic() - began < YOUNG_S
            pause = min(2 * pause, LONGEST_PAUSE_S) if young else PAUSE_S
            if not self._closing.wait(pause):
                log.warning("the page's server is started again")

    def _run(self) -> None:
        number = self._listening.fileno()
        process = subprocess.Popen(
            [
                *(sys.executable, "-P", "-m", "voice.kiosk.server"),
                *(str(number), wire.encode(self._options).decode()),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": _modules()},
            pass_fds=(number,),
            process_group=0,
        )
        self._process = process
        self.starts += 1
        try:
            self._listen(cast(IO[bytes], process.stdout))
        finally:
            self._kill(signal.SIGKILL)
            process.wait()
            self._process, self.open_pages = None, 0
            with contextlib.suppress(OSError):  # what could not be written any more
                cast(IO[bytes], process.stdin).close()
            cast(IO[bytes], process.stdout).close()

    def _listen(self, pipe: IO[bytes]) -> None:
        """Take lines until there are none any more, or none for too long."""
        patience, pending = START_S, b""
        while not self._closing.is_set():
            ready, _, _ = select.select([pipe], [], [], patience)
            data = os.read(pipe.fileno(), 1 << 16) if ready else b""
            if not data:
                return
            patience = HUNG_S
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                self._take(line)

    def _take(self, line: bytes) -> None:
        try:
            up = wire.decode_up(line)
        except msgspec.DecodeError:
            log.warning("the page's server says what nobody understands")
            return
        self.open_pages = up.pages
        if up.intent is not None:
            self._on_intent(up)

    def _kill(self, number: signal.Signals) -> None:
        process = self._process
        if process and process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)

    # --- what it is fed ----------------------------------------------------------------------

    def _feed(self) -> None:
        """Write the newest state whenever there is one; a full pipe holds up this thread alone."""
        told, start, status_at = -1, 0, 0.0
        while not self._closing.is_set():
            if start != self.starts:  # a new server knows nothing
                told, start, status_at = -1, self.starts, 0.0
            try:
                page = self._pages(told, 0.25)
            except Exception:
                # A state that cannot be shown must not be the last one.
                log.exception("a state cannot be painted")
                self._closing.wait(0.5)
                continue
            now = time.monotonic()
            status = wire.NOTHING
            if now - status_at >= STATUS_S:
                status_at, status = now, msgspec.Raw(wire.encode(self._status()))
            refusals, self._refusals = self._refusals, []
            if self._write(wire.Down(page=page, status=status), refusals) and page:
                told = page.seq

    def _write(self, down: wire.Down, refusals: list[wire.Refused]) -> bool:
        process = self._process
        if process is None:
            self._closing.wait(0.05)
            return False
        lines = [wire.encode(wire.Down(refused=refused)) for refused in refusals]
        if down.page or down.status != wire.NOTHING:
            lines.append(wire.encode(down))
        try:
            pipe = cast(IO[bytes], process.stdin)
            pipe.write(b"".join(line + b"\n" for line in lines))
            pipe.flush()
        except (OSError, ValueError):  # it is gone; a closed pipe is a ValueError
            self._closing.wait(0.05)
            return False
        return True


def _modules() -> str:
    return os.pathsep.join(path or os.getcwd() for path in sys.path)
