"""The page's server, a process of its own: `python -m voice.kiosk.server FD OPTIONS`.

It gets states as lines on its standard input, shows the newest to every page, and writes what the
pages ask for as lines to its standard output. It ends when its input does.
"""

import asyncio
import contextlib
import socket
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from voice.kiosk import qr, wire
from voice.kiosk.guard import COOKIE, Guard, Rate
from voice.kiosk.page_state import Page
from voice.kiosk.patience import Impatient

PAGE = Path(__file__).resolve().parent / "page"
ALIVE_S = 1.0
SLOW_S = 5.0
"""A page that has not taken a state for so long is let go."""
LARGEST = 2048
"""Bytes of a message from a page."""
BURST, PER_S = 20, 8.0
"""Messages of one page: so many at once, then so many a second."""
ALL_BURST, ALL_PER_S = 60, 30.0
LARGEST_LINE = 1 << 20
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
        return wire.encode(msgspec.structs.replace(self._page, now_ms=_now_ms())).decode()


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
            return _refused("fast")
        if ping := _ping(text):
            return ping
        try:
            intent = wire.decode_intent(text)
        except (msgspec.DecodeError, RecursionError):
            return _refused("bad")
        if not self._board.rate.allows(now):
            return _refused("fast", intent.intent)
        with contextlib.suppress(asyncio.QueueFull):
            self._up.put_nowait(wire.Up(intent=intent, client=number))
            return ""
        return _refused("fast", intent.intent)


class _Ping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    ping: int | str


_decode_ping = msgspec.json.Decoder(_Ping).decode


def _ping(text: str) -> str:
    try:
        ping = _decode_ping(text)
    except (msgspec.DecodeError, RecursionError):
        return ""
    return wire.encode({"pong": ping.ping, "now_ms": _now_ms()}).decode()


def _refused(why: wire.Refusal, intent: str = "") -> str:
    return wire.encode({"refused": why, "intent": intent}).decode()


def _now_ms() -> float:
    return round(time.monotonic() * 1000, 1)


# --- the pipes ----------------------------------------------------------------------------------


async def _read(board: Board) -> None:
    """Take lines until the loop's process closes the pipe."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LARGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while line := await reader.readline():
        down = wire.decode_down(line)
        if down.refused and (client := board.client(down.refused.client)):
            with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
                await client.send_text(_refused(down.refused.refused, down.refused.intent))
        board.take(down)


async def _write(board: Board, up: "asyncio.Queue[wire.Up]") -> None:
    """Hand on what pages ask for, and every second that we are alive."""
    loop = asyncio.get_running_loop()
    transport, protocol = await loop.connect_write_pipe(
        asyncio.streams.FlowControlMixin, sys.stdout.buffer
    )
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    message = wire.Up()
    while True:
        message = msgspec.structs.replace(message, pages=board.pages)
        writer.write(wire.encode(message) + b"\n")
        await writer.drain()
        try:
            async with asyncio.timeout(ALIVE_S):
                message = await up.get()
        except TimeoutError:
            message = wire.Up()


async def serve(listening: socket.socket, options: wire.Options) -> None:
    """Serve until the standard input ends."""
    board = Board(options)
    up: asyncio.Queue[wire.Up] = asyncio.Queue(maxsize=64)
    config = uvicorn.Config(
        Site(board, up).app(),
        http=Impatient,
        ws="websockets-sansio",
        ws_max_size=LARGEST,
        ws_ping_interval=5.0,
        ws_ping_timeout=5.0,
        ws_per_message_deflate=False,
        lifespan="off",
        log_level="warning",
        access_log=False,
        server_header=False,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=1,
        limit_concurrency=4 * options.most_pages,
        h11_max_incomplete_event_size=8192,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    pipes = [asyncio.create_task(_read(board)), asyncio.create_task(_write(board, up))]
    await asyncio.wait([serving, *pipes], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    for task in pipes:
        task.cancel()
    ends = await asyncio.gather(*pipes, return_exceptions=True)
    await serving
    for end in ends:
        if isinstance(end, Exception):
            raise end


def main() -> None:
    """Serve on the socket that was handed over."""
    listening = socket.socket(fileno=int(sys.argv[1]))
    options = msgspec.json.decode(sys.argv[2], type=wire.Options)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(serve(listening, options))


if __name__ == "__main__":
    main()
