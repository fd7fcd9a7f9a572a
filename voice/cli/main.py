"""Entry point: finds the command, turns a user's mistakes into one line and an exit code."""

import argparse
import importlib
import sys
from collections.abc import Sequence

from voice import __version__
from voice.errors import UserError

COMMANDS = {
    "run": "answer on the microphone or on a WAV file (the default command)",
    "kiosk": "the same as run, with a page for a screen by the door",
    "ask": "the same dialogue in text",
    "doctor": "check models, devices and engines, and say what to do next",
    "models": "list, fetch, verify, export and import models, render speech, convert adapters",
    "protocols": "list, show, check, review and sign the protocols",
    "bench": "measure the assistant against a plain baseline",
}


def build_parser() -> argparse.ArgumentParser:
    """The whole command line; each command's own file adds its options."""
    parser = argparse.ArgumentParser(
        prog="run_assistant.py",
        description="Offline voice assistant for rescuers. Without a command: run.",
    )
    parser.add_argument("--version", action="version", version=__version__)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, summary in COMMANDS.items():
        module = importlib.import_module(f"voice.cli.{name}")
        command = commands.add_parser(name, help=summary, description=module.__doc__)
        module.configure(command)
        command.set_defaults(main=module.main)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command and give its exit code."""
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "--version")):
        words.insert(0, "run")
    try:
        args = build_parser().parse_args(words)
        return int(args.main(args))
    except UserError as error:
        print(f"error: {error}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has gone; nothing is left to say
        return 0
