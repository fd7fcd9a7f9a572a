"""A worker for the host's tests that does what its request says, good or bad.

The text of a `Synthesize` is the order; see `Rogue.handle`.
"""

import contextlib
import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

from voice.engines.interfaces import Done, Request, Result, SpeechChunk, Synthesize


class Rogue:
    def __init__(self, options: dict[str, Any]) -> None:
        self._options = options

    def load(self) -> dict[str, float | int | str]:
        order = self._options.get("load", "")
        marker = self._options.get("marker")
        if order == "refuse":
            raise ValueError("model.bin is missing")
        if order == "abort":
            os.abort()
        if order == "hang":
            time.sleep(600)
        if order == "abort once" and not os.path.exists(marker):
            with open(marker, "w"):
                os.abort()
        print("a library that prints while it loads")
        return {"omp": os.environ.get("OMP_NUM_THREADS", ""), "parent": os.getppid()}

    def handle(
        self, request: Request, emit: Callable[[Result], None], cancelled: Callable[[], bool]
    ) -> None:
        assert isinstance(request, Synthesize)
        order, _, argument = request.text.partition(" ")
        ids = {"id": request.id, "generation": request.generation}
        emit(SpeechChunk(**ids, audio=b"begun", rate=16000))
        if order == "echo":
            emit(SpeechChunk(**ids, audio=argument.encode(), rate=16000))
        elif order == "poll":  # a well-behaved long computation
            end = time.monotonic() + float(argument)
            while time.monotonic() < end and not cancelled():
                time.sleep(0.005)
            if cancelled():
                return
        elif order == "native":  # native code that releases the GIL and polls nothing
            time.sleep(float(argument))
        elif order == "hold":  # native code that keeps the GIL
            ctypes.PyDLL(None).sleep(int(argument))
        elif order == "stream":
            for number in range(int(argument)):
                emit(SpeechChunk(**ids, audio=str(number).encode(), rate=16000))
        elif order == "abort":
            print("last words", file=sys.stderr, flush=True)
            os.abort()
        elif order == "exit":
            os._exit(int(argument))
        elif order == "raise":
            raise RuntimeError(argument)
        elif order == "print":
            print(argument, flush=True)
            os.write(1, b"written past Python\n")
        elif order == "corrupt":
            os.close(1)
            for fd in range(3, 10):  # whichever of these is the frames' pipe
                with_fd_write(fd, b"\xff" * 64)
        elif order == "mute":
            return
        elif order == "twice":
            emit(Done(**ids, info={"n": 1}))
            emit(Done(**ids, info={"n": 2}))
        elif order == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        elif order == "allocate":
            emit(SpeechChunk(**ids, audio=bytes(int(argument)), rate=16000))
        emit(Done(**ids, info={"pid": os.getpid()}))


def with_fd_write(fd: int, data: bytes) -> None:
    with contextlib.suppress(OSError):
        os.write(fd, data)


def create(options: dict[str, Any]) -> Rogue:
    return Rogue(options)
