"""The same dialogue without audio: one question, or a file of conversations, one JSON object a
line. The language model is started only when a question needs it."""

import argparse
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from voice.cli import options
from voice.errors import UserError
from voice.events import Reply

if TYPE_CHECKING:
    from voice.conversation import LazyModel
    from voice.dialogue.dialogue import Dialogue

MAX_TEXT = 2000
"""Characters in one turn; a spoken turn has a few hundred."""


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A turn with the recogniser's confidence."""

    text: str
    confidence: float = 1.0


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One conversation of a batch."""

    id: str | int
    turns: list[str | Said]
    protocol: str | None = None
    """Begin inside this protocol, at its first step."""


class Result(msgspec.Struct, frozen=True):
    """One conversation's replies, one a turn."""

    id: str | int
    replies: list[Reply]


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the text, or the batch file, and the settings."""
    parser.add_argument("text", nargs="?", metavar="TEXT", help="what is said")
    parser.add_argument("--json", action="store_true", help="print the whole reply as JSON")
    parser.add_argument(
        "--batch", type=Path, metavar="FILE.jsonl", help="a file of conversations; - reads stdin"
    )
    options.add_settings(parser)


def main(args: argparse.Namespace) -> int:
    """Answer on standard output."""
    if (args.text is None) == (args.batch is None):
        raise UserError('say what to ask: ask "TEXT", or ask --batch FILE.jsonl')
    settings = options.dialogue_settings(args)
    from voice.conversation import LazyModel
    from voice.dialogue import content
    from voice.dialogue.dialogue import Dialogue

    dialogue = Dialogue(content.load(settings), settings, always=True)
    if args.batch is None:
        _check_text(args.text)
        lines = [Line(id=0, turns=[args.text])]
    else:
        lines = _read_batch(args.batch, dialogue)
    with closing(LazyModel(settings)) as model:
        for line in lines:
            result = _converse(line, dialogue, model)
            if args.batch is not None:
                _print(msgspec.json.encode(result).decode())
            elif args.json:
                _print(msgspec.json.encode(result.replies[0]).decode())
            else:
                _print(result.replies[0].say)
    return 0


def _converse(line: Line, dialogue: "Dialogue", model: "LazyModel") -> Result:
    from voice.conversation import Conversation

    conversation = Conversation(dialogue, model, line.protocol)
    turns = (Said(turn) if isinstance(turn, str) else turn for turn in line.turns)
    return Result(line.id, [conversation.turn(turn.text, turn.confidence) for turn in turns])


def _read_batch(file: Path, dialogue: "Dialogue") -> list[Line]:
    """Every line of the file, all of them checked before anything is answered."""
    lines = []
    for number, raw in _raw_lines(file):
        try:
            lines.append(_read_line(raw, dialogue))
        except UserError as error:
            raise UserError(f"{file}:{number}: {error}") from None
    return lines


def _read_line(raw: bytes, dialogue: "Dialogue") -> Line:
    try:
        line = msgspec.json.decode(raw.decode(), type=Line)
    except UnicodeDecodeError:
        raise UserError("this line is not UTF-8 text") from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise UserError(f'{error}; write {{"id": "a", "turns": ["he is choking"]}}') from None
    for turn in line.turns:
        _check_text(turn if isinstance(turn, str) else turn.text)
        if isinstance(turn, Said) and not 0 <= turn.confidence <= 1:
            raise UserError(f"confidence is {turn.confidence}; it goes from 0 to 1")
    dialogue.start(line.protocol)
    return line


def _raw_lines(file: Path) -> list[tuple[int, bytes]]:
    """The lines that are not empty, numbered from 1."""
    try:
        data = sys.stdin.buffer.read() if str(file) == "-" else file.read_bytes()
    except OSError as error:
        raise UserError(f"cannot read {file}: {error.strerror}") from None
    return [(number, raw) for number, raw in enumerate(data.split(b"\n"), 1) if raw.strip()]


def _check_text(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise UserError(f"{len(text)} characters are too long for one turn; say at most {MAX_TEXT}")


def _print(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
