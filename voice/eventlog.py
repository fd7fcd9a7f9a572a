"""The event log: JSON lines for programs, and the same events as a conversation for people."""

from collections.abc import Callable
from pathlib import Path
from typing import TextIO

import msgspec

from voice.errors import UserError
from voice.events import (
    AudioStart,
    DeviceEvent,
    EngineEvent,
    GovernorEvent,
    Handover,
    HandoverDeleted,
    LogEvent,
    Metronome,
    Partial,
    ReplyEvent,
    TranscriptEvent,
)

_encode = msgspec.json.Encoder().encode


class EventLog:
    """Writes events as they happen; used by the loop's thread only."""

    def __init__(
        self,
        file: Path | None = None,
        console: TextIO | None = None,
        also: Callable[[LogEvent], None] | None = None,
    ) -> None:
        """`also` is told of every event."""
        self._console = console
        self._also = also
        self._stream = None
        if file is not None:
            try:
                self._stream = file.open("wb", buffering=0)
            except OSError as error:
                raise UserError(f"cannot write the event log {file}: {error.strerror}") from None

    def write(self, event: LogEvent) -> None:
        """Log one event; each line reaches the file at once, so a crash loses none."""
        if self._stream is not None:
            self._stream.write(_encode(event) + b"\n")
        if self._console is not None and (line := describe(event)):
            print(f"{event.t:7.2f}  {line}", file=self._console, flush=True)
        if self._also is not None:
            self._also(event)

    def clear(self) -> None:
        """Empty the file."""
        if self._stream is not None:
            self._stream.seek(0)
            self._stream.truncate()

    def __enter__(self) -> "EventLog":
        return self

    def __exit__(self, *_: object) -> None:
        if self._stream is not None:
            self._stream.close()


def describe(event: LogEvent) -> str:
    """One line of the conversation, or an empty string for what a reader need not see."""
    match event:
        case TranscriptEvent(text=text, accepted=True, confidence=confidence):
            return f'heard      "{text}"  ({confidence:.0%} sure)'
        case TranscriptEvent(text=text):
            return f'ignored    "{text}"'
        case ReplyEvent(say=say, protocol=protocol, step=step) if say:
            place = f"  [{protocol}/{step}]" if protocol and step else ""
            return f"assistant  {say}{place}"
        case AudioStart(source="voice", latency_ms=float(latency)):
            return f"           voice began {latency / 1000:.2f} s after the last word"
        case Metronome(on=on, rate=rate):
            return f"beat       {f'on, {rate:.0f} a minute' if on else 'off'}"
        case Handover(detail=detail):
            return f"noted      {detail}"
        case HandoverDeleted():
            return "deleted    what was noted for the crew"
        case EngineEvent(name=name, state=state, detail=detail):
            return f"engine     {name} {state}{f': {detail}' if detail else ''}"
        case DeviceEvent(name=name, state=state, detail=detail):
            return f"device     {name} {state}{f': {detail}' if detail else ''}"
        case GovernorEvent(level=level, reason=reason):
            return f"governor   level {level}: {reason}"
        case Partial() | _:
            return ""
