"""Check this machine: models, sound devices, engines really loaded, threads and memory.

Every engine is started and given one small task. The last lines say what to do next. Exit code 0
when the assistant can run live, 3 when something it needs is missing. With `--sound` only the sound
is tried: chirps are played, and the microphone listens for them.
"""

import argparse
import shutil
import sys
from collections.abc import Iterator

import msgspec

from voice.cli import options
from voice.config import Settings
from voice.doctor.report import Finding, Report, conclusion, line


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `doctor`."""
    options.add_settings(parser)
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.add_argument(
        "--sound", action="store_true", help="only the sound: play chirps and listen for them"
    )
    parser.add_argument("--deep", action="store_true", help="also compare the models' checksums")


def main(args: argparse.Namespace) -> int:
    """Print findings as they come, then the conclusion."""
    found: list[Finding] = []
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else 0
    settings = options.settings(args)
    for finding in _sound(settings) if args.sound else _findings(settings, args.deep):
        if not args.json:
            if not found or finding.area != found[-1].area:
                print(finding.area)
            print(line(finding, width), flush=True)
        found.append(finding)
    report = Report.of(found)
    if args.json:
        print(msgspec.json.format(msgspec.json.encode(report)).decode())
    else:
        print("\n".join(conclusion(report)))
    return 0 if report.ready else 3


def _findings(settings: Settings, deep: bool) -> Iterator[Finding]:
    # Imported here: `--help` needs none of it.
    from voice.doctor import engines, machine, sound, weights

    yield from machine.check(settings)
    yield from weights.check(settings, deep)
    yield from sound.check(settings)
    yield from engines.check(settings)


def _sound(settings: Settings) -> Iterator[Finding]:
    from voice.doctor import listen, sound

    yield from sound.check(settings)
    yield from listen.check(settings)
