"""Render fixed lines of speech ahead of time, so that they can be said without any engine.

The most needed lines come first. What has been rendered before is skipped, so the command may be
stopped and started again.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TextIO

import msgspec

from voice.cli import options
from voice.config import Settings
from voice.engines.speech_split import sentences
from voice.errors import UserError
from voice.spoken import spoken

if TYPE_CHECKING:  # numpy and the worker host are for the command itself, not for its `--help`
    from voice.engines.interfaces import Engine
    from voice.engines.process import WorkerSpec
    from voice.engines.speech_cache import SpeechCache

_DEADLINE_S = 30.0
_NICE = 10
"""Priority of the rendering processes, so that an assistant beside them is not slowed."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the options."""
    parser.add_argument(
        "--first", type=int, metavar="N", help="only the N most needed sentences (default: all)"
    )


def main(args: argparse.Namespace) -> int:
    """Render what is missing and say how much that was."""
    from voice.engines import speech_cache
    from voice.engines.host import WorkerHost

    settings = options.settings(args)
    cache = speech_cache.for_settings(settings)
    scale = settings.tts.length_scale
    wanted = _sentences(_lines(settings))[: args.first]
    missing = [sentence for sentence in wanted if not cache.has(sentence, scale)]
    began, size = time.monotonic(), 0
    if missing:
        host = WorkerHost(_spec(settings), lambda state, pid, detail: None)
        host.start()
        try:
            size = render(missing, cache, host, scale, _progress(sys.stderr, len(missing)))
        finally:
            host.close()
    print(
        f"speech: {len(wanted) - len(missing)} sentences were there, {len(missing)} rendered in "
        f"{time.monotonic() - began:.0f} s, {size / 1e6:.1f} MB, voice {settings.tts.voice}"
    )
    return 0


def render(
    texts: Sequence[str],
    cache: "SpeechCache",
    engine: "Engine",
    length_scale: float,
    progress: Callable[[int], None],
) -> int:
    """Synthesise sentences into the cache and give their size in bytes; raises UserError."""
    import numpy as np

    from voice.engines.interfaces import Synthesize
    from voice.engines.speech_stream import SpeechError, stream

    size = 0
    for done, text in enumerate(texts, start=1):
        request = Synthesize(text=text, length_scale=length_scale, deadline_s=_DEADLINE_S)
        try:
            parts = [pcm for pcm, _ in stream(engine, request)]
            pcm = np.concatenate([np.zeros(0, np.int16), *parts])
            size += cache.put(text, pcm, length_scale).stat().st_size
        except SpeechError as error:
            raise UserError(f"speech is not rendered: {error}; try again") from None
        except OSError as error:
            raise UserError(f"cannot write {cache.folder}: {error.strerror}") from None
        progress(done)
    return size


def _lines(settings: Settings) -> list[str]:
    """The lines to render, the most needed first."""
    from voice.dialogue import content

    return content.spoken_lines(content.load(settings))


def _sentences(lines: Iterable[str]) -> list[str]:
    """The different sentences of the lines, in order: what `Speaker` looks up."""
    return list(dict.fromkeys(part for line in lines for part in sentences(spoken(line))))


def _spec(settings: Settings) -> "WorkerSpec":
    """The voice's worker on every core, stepping back for whatever else runs."""
    from voice.engines import roster

    spec = roster.piper(settings)
    threads = os.cpu_count() or 1
    return msgspec.structs.replace(
        spec, options=spec.options | {"threads": threads, "nice": _NICE}, env={}
    )


def _progress(stream: TextIO, total: int) -> Callable[[int], None]:
    """Show a line that grows on a terminal, and a few lines elsewhere."""

    def show(done: int) -> None:
        if stream.isatty():
            end = "\n" if done == total else ""
            print(f"\r  rendering speech  {done}/{total}", end=end, file=stream, flush=True)
        elif done in (1, total) or done % 50 == 0:
            print(f"  rendering speech  {done}/{total}", file=stream, flush=True)

    return show
