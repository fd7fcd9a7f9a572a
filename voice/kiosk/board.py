"""The newest state, for every page that is open."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
from starlette.websockets import WebSocket

from voice.kiosk import qr, wire
from voice.kiosk.guard import Rate
from voice.kiosk.page_state import Page

ALL_BURST, ALL_PER_S = 60, 30.0
"""Messages of all pages together: so many at once, then so many a second."""


class Board:
    """The newest state, and who waits for one. Used on the event loop alone."""

    def __init__(self, options: wire.Options) -> None:
        self.options = options
        self.status: msgspec.Raw = wire.NOTHING
        self.pages = 0
        self.rate = Rate(ALL_BURST, ALL_PER_S)
        self._page: Page | None = None
        self._text = ""
        self._version = 0
        self._news = asyncio.Event()
        self._clients: dict[int, WebSocket] = {}
        self._count = 0

    def take(self, down: wire.Down) -> None:
        """A line came from the loop's process."""
        if down.status != wire.NOTHING:
            self.status = down.status
        if down.page is not None:
            self._page = self._finished(down.page)
            self._text = self._stamped()
            self._version += 1
            self._news.set()
            self._news = asyncio.Event()

    def enter(self, client: WebSocket) -> int:
        """A page is there; gives its number."""
        self._count += 1
        self._clients[self._count] = client
        self.pages = len(self._clients)
        return self._count

    def leave(self, number: int) -> None:
        """A page is gone."""
        self._clients.pop(number, None)
        self.pages = len(self._clients)

    def client(self, number: int) -> WebSocket | None:
        """The page of this number."""
        return self._clients.get(number)

    async def states(self) -> AsyncIterator[str]:
        """The state now, and then the newest whenever there is a newer one."""
        told = 0
        first = True
        while True:
            news = self._news
            if self._version > told:
                told = self._version
                yield self._stamped() if first else self._text
                first = False
            else:
                await news.wait()

    def _finished(self, page: Page) -> Page:
        if page.handover is not None:
            code = qr.svg(page.handover.lines)
            page = msgspec.structs.replace(
                page, handover=msgspec.structs.replace(page.handover, qr=code)
            )
        return msgspec.structs.replace(page, settings=self.options.settings)

    def _stamped(self) -> str:
        assert self._page is not None
        return wire.encode(msgspec.structs.replace(self._page, now_ms=wire.now_ms())).decode()
