"""What no page of ours sends to a kiosk's server: wrong origins, rubbish, half requests."""

import contextlib
import socket
import struct

from tests.support.page import origin

NO_INTENTS = [
    b"", b"null", b"[]", b"17", b'"next"', b"{", b'{"intent": 5}', b'{"intent": ""}',
    b'{"intent": "next", "seq": "1"}', b'{"intent": "next", "seq": -1}',
    b'{"intent": "next", "seq": 1e400}', b'{"intent": "next", "extra": 1}',
    b'{"intent": "NEXT"}', b'{"intent": "<script>"}', b'{"intent": "' + b"a" * 41 + b'"}',
    b'{"intent": "say", "text": "' + b"a" * 201 + b'"}', b'{"intent": "say", "text": null}',
    b'{"intent": "say", "text": "\\ud800"}', b"\xff\xfe", b'{"intent"' + b":" * 50,
    b"[" * 5000 + b"]" * 5000, b'{"a":' * 2000 + b"1" + b"}" * 2000,
]  # fmt: skip
MESSAGES = (*NO_INTENTS, b"x" * 2049, b"y" * 100_000, b'{"intent":"next"}\n{"intent":"stop"}')
COUNT = 200
_PATIENCE_S = 10.0


def knock(port: int, from_where: str | None) -> socket.socket:
    """A connection that asks to become a web socket."""
    one = socket.create_connection(("127.0.0.1", port), timeout=_PATIENCE_S)
    said = f"Origin: {from_where}\r\n" if from_where else ""
    one.sendall(
        f"GET /ws HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{said}Upgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    return one


def frame(kind: int, data: bytes) -> bytes:
    """A web socket's message from a browser, text (1) or binary (2), masked with zeros."""
    return struct.pack("!BBQI", 0x80 | kind, 0x80 | 127, len(data), 0) + data


def messages(port: int) -> list[bytes]:
    """Send two hundred of them; gives what the server said first to each connection."""
    answers = []
    for where in ("http://evil.example", "null", f"https://127.0.0.1:{port}", None):
        for _ in range(10):
            with knock(port, where) as one:
                answers.append(one.recv(100))
    sent = len(answers)
    while sent < COUNT:
        for message in MESSAGES:
            with knock(port, origin(port)) as one:
                answers.append(one.recv(100))
                with contextlib.suppress(OSError):
                    one.sendall(frame(1, message) + frame(2, message))
                sent += 2
    return answers


def burst(port: int) -> list[socket.socket]:
    """Two hundred connections at once; every other one begins a request and never ends it."""
    found = [socket.create_connection(("127.0.0.1", port)) for _ in range(COUNT)]
    for one in found[1::2]:
        one.sendall(b"GET / HTTP/1.1\r\nHost: loc")
    return found
