"""From the last word to the first sound of the reply, against a plain loop of the same engines."""

import argparse
import json
import sys
import tempfile
from pathlib import Path

from voice import config
from voice.cli import options

PHRASES = config.ROOT / "tests" / "data" / "phrases"
LATENCY = config.ROOT / "tests" / "data" / "latency"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--first", type=int, metavar="N", help="only N conversations (default: all 20)"
    )
    parser.add_argument("--show", action="store_true", help="also list every answer's stages")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=_run)
    options.add_settings(parser)


def _run(args: argparse.Namespace) -> int:
    from voice.bench import latency, latency_report
    from voice.dialogue import content
    from voice.dialogue.dialogue import Dialogue

    settings = options.settings(args)
    talks = latency.load(LATENCY, PHRASES)[: args.first]
    with tempfile.TemporaryDirectory() as folder:
        mine = latency.ours(
            talks,
            settings,
            lambda: Dialogue(content.load(settings), settings),
            Path(folder),
            lambda done: _progress("conversation", done, len(talks)),
        )
    clips = [answer.clip for answer in mine]
    theirs = latency.baseline(clips, settings, lambda done: _progress("clip", done, len(clips)))
    print(latency_report.stages(theirs), file=sys.stderr)
    found = latency_report.report(mine, theirs)
    print(json.dumps(found) if args.json else latency_report.table(found))
    if args.show:
        print("\n".join(map(latency_report.line, mine)))
    return 0


def _progress(what: str, done: int, of: int) -> None:
    if done % 10 == 0 or done == of:
        print(f"{what} {done} of {of}", file=sys.stderr)
