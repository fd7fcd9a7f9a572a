"""The page's server, a process of its own: `python -m voice.kiosk.server FD OPTIONS`.

It gets states as lines on its standard input, shows the newest to every page, and writes what the
pages ask for as lines to its standard output. It ends when its input does.
"""

import asyncio
import contextlib
import socket
import sys

import msgspec
import uvicorn
from starlette.websockets import WebSocketDisconnect

from voice.kiosk import wire
from voice.kiosk.board import Board
from voice.kiosk.patience import Impatient
from voice.kiosk.site import LARGEST, Site, refusal

ALIVE_S = 1.0
LARGEST_LINE = 1 << 20


async def _read(board: Board) -> None:
    """Take lines until the loop's process closes the pipe."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LARGEST_LINE)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin.buffer)
    while line := await reader.readline():
        down = wire.decode_down(line)
        if down.refused and (client := board.client(down.refused.client)):
            with contextlib.suppress(RuntimeError, OSError, WebSocketDisconnect):
                await client.send_text(refusal(down.refused.refused, down.refused.intent))
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
        log_level="critical",  # what rubbish a client sends must not fill the journal
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
