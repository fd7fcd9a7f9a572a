"""What is served: the page's files, the status, and a web socket for each page."""

import asyncio
import contextlib
import time
from pathlib import Path

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from voice.kiosk import wire
from voice.kiosk.board import Board
from voice.kiosk.guard import COOKIE, Guard, Rate

PAGE = Path(__file__).resolve().parent / "page"
SLOW_S = 5.0
"""A page that has not taken a state for so long is let go."""
LARGEST = 2048
"""Bytes of a message from a page."""
BURST, PER_S = 20, 8.0
"""Messages of one page: so many at once, then so many a second."""
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = [
    (b"content-security-policy", POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


class Guarded:
    """Refuses what does not come from our own page, and says what browsers may do with it."""

    def __init__(self, app: ASGIApp, guard: Guard) -> None:
        self._app = app
        self._guard = guard

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request or socket."""
        await self._serve(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        socket = scope["type"] == "websocket"
        why = self._guard.refuses(scope["headers"], socket=socket)
        if not why and not self._guard.admits(scope["headers"], scope["query_string"]):
            why = "token"
        if why and socket:
            await send({"type": "websocket.close", "code": 1008, "reason": why})
        elif why:
            await Response(f"refused: {why}\n", 403)(scope, receive, send)
        elif socket:
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _with_headers(send))


def _with_headers(send: Send) -> Send:
    async def sending(message: "dict[str, object]") -> None:
        if message["type"] == "http.response.start":
            headers = message.get("headers")
            assert isinstance(headers, list)
            names = {name for name, _ in HEADERS}
            kept = [pair for pair in headers if pair[0].lower() not in names]
            message = {**message, "headers": [*kept, *HEADERS]}
        await send(message)

    return sending  # type: ignore[return-value]


class Site:
    """What is served."""

    def __init__(self, board: Board, up: "asyncio.Queue[wire.Up]") -> None:
        self._board = board
        self._up = up

    def app(self) -> ASGIApp:
        """The application behind its guard."""
        options = self._board.options
        routes = [
            Route("/", self._index),
            Route("/status", self._status),
            WebSocketRoute("/ws", self._talk),
            Mount("/page", StaticFiles(directory=PAGE)),
        ]
        guard = Guard(options.hosts, options.port, options.token)
        return Guarded(Starlette(routes=routes), guard)

    async def _index(self, request: Request) -> Response:
        response = FileResponse(PAGE / "index.html")
        token = self._board.options.token
        if token and request.query_params.get("token") == token:
            response.set_cookie(COOKIE, token, httponly=True, samesite="strict")
        return response

    async def _status(self, request: Request) -> Response:
        return Response(bytes(self._board.status), media_type="application/json")

    async def _talk(self, client: WebSocket) -> None:
        board = self._board
        if board.pages >= board.options.most_pages:
            await client.close(1013, "too many pages")
            return
        number = board.enter(client)
        try:
            await client.accept()
            async with asyncio.TaskGroup() as tasks:
                showing = tasks.create_task(self._show(client))
                await self._listen(client, number)
                showing.cancel()
        except* (WebSocketDisconnect, TimeoutError, RuntimeError, OSError):
            with contextlib.suppress(RuntimeError, OSError):
                await client.close(1008)
        finally:
            board.leave(number)

    async def _show(self, client: WebSocket) -> None:
        async for text in self._board.states():
            async with asyncio.timeout(SLOW_S):
                await client.send_text(text)

    async def _listen(self, client: WebSocket, number: int) -> None:
        """Take messages until the page goes, or does what no page of ours does."""
        rate = Rate(BURST, PER_S)
        while True:
            message = await client.receive()
            if message["type"] != "websocket.receive":
                return
            text = message.get("text")
            if text is None or len(text.encode()) > LARGEST:
                await client.close(1009)
                return
            if answer := self._answer(text, number, rate):
                async with asyncio.timeout(SLOW_S):
                    await client.send_text(answer)

    def _answer(self, text: str, number: int, rate: Rate) -> str:
        """Hand an intent on, or say why not; a ping is answered."""
        now = time.monotonic()
        if not rate.allows(now):
            return refusal("fast")
        if ping := _ping(text):
            return ping
        try:
            intent = wire.decode_intent(text)
        except (msgspec.DecodeError, RecursionError):
            return refusal("bad")
        if not self._board.rate.allows(now):
            return refusal("fast", intent.intent)
        with contextlib.suppress(asyncio.QueueFull):
            self._up.put_nowait(wire.Up(intent=intent, client=number))
            return ""
        return refusal("fast", intent.intent)


class _Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ping: int | str


_decode_ping = msgspec.json.Decoder(_Ping).decode


def _ping(text: str) -> str:
    try:
        ping = _decode_ping(text)
    except (msgspec.DecodeError, RecursionError):
        return ""
    return wire.encode({"pong": ping.ping, "now_ms": wire.now_ms()}).decode()


def refusal(why: wire.Refusal, intent: str = "") -> str:
    """What a page is told whose intent was not taken."""
    return wire.encode({"refused": why, "intent": intent}).decode()
