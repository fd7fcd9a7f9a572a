"""Connections that send nothing, or half a request, are closed: they would keep others out."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

PATIENCE_S = 5.0
"""Time for a whole request to come."""
MOST = 256
"""Connections at once, those without a request among them."""


class Impatient(H11Protocol):
    """HTTP with a deadline for the first request of a connection."""

    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """A connection was opened."""
        super().connection_made(transport)
        if len(self.connections) > MOST:
            transport.abort()
            return
        self._deadline = self.loop.call_later(PATIENCE_S, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """It was closed."""
        self._forget()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: Any) -> None:
        """It goes on as a web socket, whose pings have a deadline of their own."""
        self._forget()
        super().handle_websocket_upgrade(event)

    def _too_late(self) -> None:
        if self.conn.their_state is h11.IDLE:
            self.transport.abort()

    def _forget(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
