"""A language model for tests: says a given text at a given pace, hangs, fails or dies.

`options["order"]` names a file that is read at each request: `PACE TEXT` (tokens a second),
`hang`, `raise` or `die`.
"""

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from voice.engines.interfaces import Done, Failed, Prefill, Request, Result, Token


class SlowModel:
    def __init__(self, options: dict[str, Any]) -> None:
        self._order = Path(options["order"])

    def load(self) -> dict[str, float | int | str]:
        return {"chat_format": "completion"}

    def handle(
        self, request: Request, emit: Callable[[Result], None], cancelled: Callable[[], bool]
    ) -> None:
        ids = {"id": request.id, "generation": request.generation}
        if isinstance(request, Prefill):
            emit(Done(**ids))
            return
        order, _, text = self._order.read_text().partition(" ")
        if order == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        if order == "raise":
            raise RuntimeError("out of memory")
        while order == "hang":
            time.sleep(600)
        for word in text.split(" "):
            time.sleep(1 / float(order))
            if cancelled():
                emit(Failed(**ids, reason="cancelled"))
                return
            emit(Token(**ids, text=f" {word}"))
        emit(Done(**ids))


def create(options: dict[str, Any]) -> SlowModel:
    return SlowModel(options)
