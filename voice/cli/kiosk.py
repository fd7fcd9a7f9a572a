"""The same loop as `run`, with a page for a screen by the door, on this machine alone.

Open http://127.0.0.1:8765 in a browser, or see docs/kiosk.md for a machine that does so by itself.
"""

import argparse
import importlib.util
import sys
from contextlib import ExitStack

from voice import config
from voice.audio.interface import Backend
from voice.cli import options, run
from voice.errors import MissingError

PACKAGES = ("segno", "starlette", "uvicorn", "websockets")


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `kiosk`."""
    options.add_settings(parser, config.ROOT / "configs" / "kiosk.toml")
    run.add_sound(parser)
    parser.add_argument("--port", type=int, metavar="N", help="of the page, instead of kiosk.port")
    parser.add_argument(
        "--remote",
        action="store_true",
        help="show the page to other machines: kiosk.host and kiosk.token have to be set",
    )


def main(args: argparse.Namespace) -> int:
    """Run until interrupted, or until the recording is over."""
    if args.port is not None:
        args.set.append(f"kiosk.port={args.port}")
    settings = options.dialogue_settings(args)
    # Imported here: `--help` and mistakes in the options need none of it.
    from voice.assistant import Assistant
    from voice.audio.echo import EchoCancelled
    from voice.engines import roster
    from voice.engines.crew import Crew
    from voice.eventlog import EventLog
    from voice.keys.pad import KeyPad
    from voice.kiosk.app import Kiosk
    from voice.kiosk.feed import Clocked, SoundClock

    if missing := [name for name in PACKAGES if importlib.util.find_spec(name) is None]:
        raise MissingError(f"not installed: {', '.join(missing)}; install the page: make setup")
    plan = roster.from_settings(settings)
    live = args.input == "mic"
    clock = SoundClock()
    hears_itself = live or args.echo_db is not None
    with ExitStack() as stack:
        kiosk: Kiosk
        log = EventLog(args.events, also=lambda event: kiosk.event(event))
        stack.enter_context(log)
        kiosk = Kiosk(settings, clock, live=live, remote=args.remote, wipe=log.clear)
        print(f"kiosk: http://127.0.0.1:{kiosk.port}", file=sys.stderr, flush=True)
        crew = Crew(plan)
        stack.callback(crew.close)
        assistant = Assistant(
            settings,
            crew,
            log,
            hears_itself=hears_itself,
            tones=run.tones(settings, live),
            idles=args.pace == "realtime",
            observer=kiosk,
        )
        backend: Backend = run.open_backend(args, settings, assistant, patient=True)
        backend = Clocked(backend, clock)
        if hears_itself and settings.audio.echo_cancel:
            backend = EchoCancelled(backend, live=live)
        stack.enter_context(KeyPad(settings, assistant.command, terminal=None))
        kiosk.run(
            assistant,
            backend,
            crew,
            run.interruption(),
        )
    return 0
