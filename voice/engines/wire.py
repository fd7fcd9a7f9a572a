"""Frames on a worker's pipes: 4 bytes of length (big-endian), then one message as MessagePack.

Both directions use the same framing. A frame longer than MAX_FRAME means that something that is
not ours wrote into the pipe, and ends the connection.
"""

import struct
from typing import BinaryIO

import msgspec

from voice.engines import interfaces as m

MAX_FRAME = 64 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class Cancel(msgspec.Struct, frozen=True, tag_field="type", tag="cancel"):
    """Host to worker: drop all requests of a lower generation."""

    before: int


class Ping(msgspec.Struct, frozen=True, tag_field="type", tag="ping"):
    """Host to worker: answered by the reader thread, so it proves the process, not the engine."""

    serial: int


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    """Worker to host: the answer to `Ping`."""

    serial: int


class Ready(msgspec.Struct, frozen=True, tag_field="type", tag="ready"):
    """Worker to host: the engine is loaded; `info` says what was really loaded."""

    info: dict[str, float | int | str]


class LoadFailed(msgspec.Struct, frozen=True, tag_field="type", tag="load_failed"):
    """Worker to host: the engine cannot be loaded; trying again would not help."""

    detail: str


ToWorker = m.Transcribe | m.Generate | m.Prefill | m.SetAdapter | m.Synthesize | Cancel | Ping
FromWorker = m.Transcript | m.Token | m.SpeechChunk | m.Done | m.Failed | Ready | LoadFailed | Pong

_encoder = msgspec.msgpack.Encoder()
to_worker = msgspec.msgpack.Decoder(ToWorker)
from_worker = msgspec.msgpack.Decoder(FromWorker)


class WireError(Exception):
    """The other side wrote something that is no frame, or the pipe ended inside one."""


def write_frame(pipe: BinaryIO, message: ToWorker | FromWorker) -> None:
    """Write one message; the caller holds the pipe's lock."""
    body = _encoder.encode(message)
    pipe.write(_LENGTH.pack(len(body)) + body)
    pipe.flush()


def read_frame(pipe: BinaryIO) -> bytes | None:
    """Read one message's body, or None at a clean end of the pipe."""
    head = pipe.read(_LENGTH.size)
    if not head:
        return None
    if len(head) < _LENGTH.size:
        raise WireError("pipe ended inside a frame's length")
    (length,) = _LENGTH.unpack(head)
    if length > MAX_FRAME:
        raise WireError(f"frame of {length} bytes; something else wrote into the pipe")
    body = pipe.read(length)
    if len(body) < length:
        raise WireError("pipe ended inside a frame")
    return body
