"""Finding and opening sound devices through PortAudio; the only module that imports sounddevice.

PortAudio reads the device list once. `rescan` reads it again and ends every open stream, so only
one owner, the supervisor of the device back end, may call it.
"""

import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, Literal

from voice.errors import MissingError

Kind = Literal["microphone", "speaker"]
LATENCY_S = 0.04
"""Asked of the device; shorter ones ran dry on a loaded machine."""
CARDS = Path("/proc/asound/cards")
_OTHERWISE = {"microphone": "--input FILE.wav", "speaker": "--output FILE.wav"}


_ErrorHandler = ctypes.CFUNCTYPE(
    None, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p, ctypes.c_int, ctypes.c_char_p
)
# ALSA keeps the pointer, so the object must live as long as the process.
_IGNORE = _ErrorHandler(lambda *_: None)


@dataclass(frozen=True)
class Device:
    """A device that can serve as microphone or speaker."""

    index: int
    name: str
    rate: int
    """Its native sample rate in Hz."""
    channels: int


@dataclass(frozen=True)
class Opened:
    """A running stream and what was agreed with the device."""

    stream: Any
    device: Device
    rate: int
    channels: int

    def start(self) -> None:
        """Let the callbacks run; everything that they use must be there."""
        try:
            self.stream.start()
        except load().PortAudioError as error:
            self.stream.close()
            raise MissingError(f"'{self.device.name}' cannot be started ({error})") from None

    def close(self) -> None:
        """End the stream, a dead one too."""
        self.stream.close()


def load() -> ModuleType:
    """Import sounddevice; MissingError without the PortAudio library."""
    try:
        import sounddevice
    except OSError:
        raise MissingError(
            "the PortAudio library is missing; install it, e.g. sudo apt install libportaudio2"
        ) from None
    _silence_alsa()
    module: ModuleType = sounddevice
    return module


def rescan() -> None:
    """Read the device list again; every stream must have been closed before."""
    sd = load()
    with suppress(sd.PortAudioError):  # not initialized: the last attempt failed
        sd._terminate()
    try:
        sd._initialize()
    except sd.PortAudioError as error:
        raise MissingError(f"the sound system cannot be reached ({error})") from None


def cards() -> frozenset[str]:
    """Give what tells the sound cards apart that the system has now; reads no device list."""
    try:
        return frozenset(CARDS.read_text().splitlines())
    except OSError:
        return frozenset()  # no ALSA


def devices(kind: Kind) -> list[Device]:
    """Give every device of a kind."""
    sd = load()
    field = "max_input_channels" if kind == "microphone" else "max_output_channels"
    try:
        known = sd.query_devices()
    except sd.PortAudioError as error:
        raise MissingError(f"the sound devices cannot be listed ({error})") from None
    return [
        Device(d["index"], d["name"], round(d["default_samplerate"]), d[field])
        for d in known
        if d[field]
    ]


def find(kind: Kind, name: str) -> Device:
    """Give the device whose name is or contains `name`, or the default one for an empty name."""
    known = devices(kind)
    if not known:
        raise MissingError(f"no {kind} found; connect one, or use {_OTHERWISE[kind]}")
    if not name:
        return _default(kind, known)
    wanted = name.casefold()
    exact = [device for device in known if device.name.casefold() == wanted]
    matching = exact or [device for device in known if wanted in device.name.casefold()]
    if not matching:
        names = ", ".join(device.name for device in known)
        raise MissingError(f"no {kind} is named '{name}'; there are: {names}")
    return matching[0]


def open_stream(
    kind: Kind,
    name: str,
    rate: int,
    callback: Callable[..., None],
    finished: Callable[[], None],
) -> Opened:
    """Prepare a stream of 10 ms buffers (int16 in, float32 out), at the native rate if need be."""
    sd = load()
    device = find(kind, name)
    stream_class = sd.RawInputStream if kind == "microphone" else sd.RawOutputStream
    errors: list[str] = []
    for hertz, channels in _attempts(device, rate):
        try:
            with _silent_stderr():
                stream = stream_class(
                    device=device.index,
                    samplerate=hertz,
                    blocksize=hertz // 100,
                    channels=channels,
                    dtype="int16" if kind == "microphone" else "float32",
                    latency=LATENCY_S,
                    callback=callback,
                    finished_callback=finished,
                )
        except sd.PortAudioError as error:
            errors.append(str(error))
            continue
        return Opened(stream, device, hertz, channels)
    raise MissingError(
        f"the {kind} '{device.name}' cannot be opened ({errors[-1]}); is another program using it?"
    )


def _attempts(device: Device, rate: int) -> Iterator[tuple[int, int]]:
    """Rates and channel counts to try, the most convenient first."""
    for hertz in dict.fromkeys((rate, device.rate)):
        yield hertz, 1
        if device.channels > 1:
            yield hertz, 2


def _default(kind: Kind, known: list[Device]) -> Device:
    sd = load()
    index = sd.default.device["input" if kind == "microphone" else "output"]
    return next((device for device in known if device.index == index), known[0])


@cache
def _silence_alsa() -> None:
    """Keep ALSA from writing its own remarks on the terminal."""
    try:
        alsa = ctypes.CDLL("libasound.so.2")
    except OSError:
        return  # another sound system
    alsa.snd_lib_error_set_handler(_IGNORE)


@contextmanager
def _silent_stderr() -> Iterator[None]:
    """Drop what native code prints when a device refuses a setting; we say it ourselves."""
    saved = os.dup(2)
    null = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(null, 2)
        yield
    finally:
        os.dup2(saved, 2)
        os.close(saved)
        os.close(null)
