"""Listen and answer: on the microphone and speaker, or on WAV files with the same time axis."""

import argparse
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from voice.audio import portaudio
from voice.audio.device import DeviceBackend
from voice.audio.echo import EchoCancelled
from voice.audio.files import StemWriter, WavReader, WavWriter
from voice.audio.interface import Backend, LoopProbe
from voice.audio.room import Room
from voice.audio.wav_backend import WavBackend
from voice.cli import options
from voice.config import Settings
from voice.errors import UserError
from voice.signals import Tones

STDIN = 0


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options of `run`."""
    options.add_settings(parser)
    wav = add_sound(parser)
    wav.add_argument(
        "--stems", action="store_true", help="also write OUT.voice.wav, OUT.beat.wav, OUT.tones.wav"
    )


def add_sound(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options that say what to listen to and where to speak; gives those for files."""
    parser.add_argument(
        "--input", default="mic", metavar="mic|FILE.wav", help="what to listen to (default: mic)"
    )
    parser.add_argument(
        "--output",
        default="speaker",
        metavar="speaker|FILE.wav",
        help="where to speak (default: the speaker; with a recording as input: nowhere)",
    )
    parser.add_argument("--events", type=Path, metavar="FILE.jsonl", help="write the event log")
    wav = parser.add_argument_group("with WAV files")
    wav.add_argument(
        "--pace",
        choices=["realtime", "fast"],
        default="realtime",
        help="feed the input at the speed of a microphone, or skip silence and playback",
    )
    wav.add_argument(
        "--tail",
        type=float,
        default=20.0,
        metavar="SECONDS",
        help="longest output after the end of the input (default: 20)",
    )
    wav.add_argument(
        "--echo-db",
        type=float,
        metavar="N",
        help="simulated room: add the output to the input, N dB louder (negative: softer)",
    )
    wav.add_argument(
        "--echo-delay-ms", type=float, default=60.0, metavar="N", help="delay of that echo"
    )
    return wav


def main(args: argparse.Namespace) -> int:
    """Run until the recording is over, or until interrupted."""
    settings = options.dialogue_settings(args)
    # Imported here: `--help` and mistakes in the options need none of it.
    from voice.assistant import Assistant
    from voice.dialogue import content
    from voice.dialogue.dialogue import Dialogue
    from voice.engines import roster
    from voice.engines.crew import Crew
    from voice.eventlog import EventLog
    from voice.keys.pad import KeyPad

    plan = roster.from_settings(settings)
    live = args.input == "mic"
    hears_itself = live or args.echo_db is not None
    with (
        EventLog(args.events, console=sys.stdout) as log,
        _stems(args, settings) as stems,
        Crew(plan) as crew,
    ):
        assistant = Assistant(
            settings,
            crew,
            log,
            hears_itself=hears_itself,
            tones=tones(settings, live),
            idles=args.pace == "realtime",
            tap=stems.write if stems else None,
        )
        backend = open_backend(args, settings, assistant)
        if hears_itself and settings.audio.echo_cancel:
            backend = EchoCancelled(backend, live=live)
        with KeyPad(settings, assistant.command, terminal=STDIN if live else None):
            assistant.run(
                backend,
                lambda: Dialogue(content.load(settings), settings),
                interruption(),
                greeting=content.first_words(settings) if live else None,
            )
    return 0


def open_backend(
    args: argparse.Namespace, settings: Settings, probe: LoopProbe, *, patient: bool = False
) -> Backend:
    """Open what to listen to and where to speak; mistakes show at once.

    `patient`: sound devices that are not there are waited for.
    """
    if args.input == "mic":
        if args.output != "speaker":
            raise UserError("--output FILE.wav needs a recording: give --input FILE.wav as well")
        audio = settings.audio
        if not patient:
            portaudio.find("microphone", audio.input_device)
            portaudio.find("speaker", audio.output_device)
        return DeviceBackend(
            audio.input_device,
            audio.output_device,
            audio.output_rate,
            audio.ahead_ms,
            silence_s=audio.mute_alarm_s,
            patient=patient,
        )
    rate = settings.audio.output_rate
    reader = WavReader(Path(args.input))
    room = None
    if args.echo_db is not None:
        room = Room(rate, args.echo_db, args.echo_delay_ms, jump_at_s=reader.seconds / 2)
    writer = None if args.output == "speaker" else WavWriter(Path(args.output), rate)
    return WavBackend(
        reader, writer, probe, output_rate=rate, pace=args.pace, tail_s=args.tail, room=room
    )


def tones(settings: Settings, live: bool) -> Tones:
    """A recording is not helped by tones that fill a wait."""
    wanted = settings.audio.tones
    return wanted if wanted != "auto" else "all" if live else "alarms"


@contextmanager
def _stems(args: argparse.Namespace, settings: Settings) -> Iterator[StemWriter | None]:
    """The stem files, complete at the end and gone after a failure."""
    if not args.stems:
        yield None
        return
    if args.output == "speaker":
        raise UserError("--stems needs --output FILE.wav: the stems are written beside it")
    stems = StemWriter(Path(args.output), settings.audio.output_rate)
    try:
        yield stems
    except BaseException:
        stems.discard()
        raise
    stems.close()


def interruption() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set, so that files are completed and workers ended."""
    interrupted = threading.Event()

    def interrupt(number: int, frame: FrameType | None) -> None:
        interrupted.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, interrupt)
    return interrupted
