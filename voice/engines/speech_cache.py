"""Speech rendered ahead: one WAV file a sentence, found by what was said and how.

An entry's file name is its key and a short checksum of its samples, so a damaged entry is noticed
without a second file. Several processes may use one folder: entries are written beside and renamed,
and the same sentence always gets the same name.
"""

import contextlib
import hashlib
import os
import re
import threading
import wave
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from voice import modelstore
from voice.config import Settings
from voice.engines.voice_files import find_voice, fingerprint
from voice.spoken import spoken

RENDERER = 1
"""Raise when the same voice and words come out differently: trimming, splitting, levels."""
FOLDER = "speech"
"""Below the models' folder."""
_ENTRY = re.compile(r"([0-9a-f]{40})-([0-9a-f]{16})\.wav")

Pcm = NDArray[np.int16]
"""Mono samples at the voice's rate."""


class Rendering(msgspec.Struct, frozen=True, kw_only=True):
    """Everything besides the words that decides how they sound."""

    voice: str
    """Checksum of the voice's files."""
    rate: int
    """Hz."""
    noise_scale: float = 0.0
    noise_w_scale: float = 0.0
    renderer: int = RENDERER


class SpeechCache:
    """The rendered sentences of one voice in a folder that voices may share. Thread-safe."""

    def __init__(self, folder: Path, rendering: Rendering) -> None:
        self.folder = folder
        self.rate = rendering.rate
        self._rendering = rendering
        self._lock = threading.Lock()
        self._names: dict[str, str] = {}
        self._listed: int | None = None
        self._list()

    def get(self, text: str, length_scale: float = 1.0) -> Pcm | None:
        """Give the samples of a sentence, or None when it is not there undamaged."""
        with self._lock:
            key = self._key(text, length_scale)
            name = self._find(key)
            if name is None:
                return None
            pcm = _read(self.folder / name, self.rate)
            if pcm is None or _checksum(pcm) != name.partition("-")[2][:16]:
                self._drop(key, name)
                return None
            return pcm

    def has(self, text: str, length_scale: float = 1.0) -> bool:
        """Whether there is an entry for a sentence, without reading it."""
        with self._lock:
            return self._find(self._key(text, length_scale)) is not None

    def put(self, text: str, pcm: Pcm, length_scale: float = 1.0) -> Path:
        """Keep the samples of a sentence; raises OSError when the folder cannot be written."""
        with self._lock:
            key = self._key(text, length_scale)
            name = f"{key}-{_checksum(pcm)}.wav"
            self.folder.mkdir(parents=True, exist_ok=True)
            partial = self.folder / f".{name}.{os.getpid()}.partial"
            try:
                _write(partial, pcm, self.rate)
                os.replace(partial, self.folder / name)
            finally:
                partial.unlink(missing_ok=True)
            former = self._names.get(key, name)
            if former != name:
                self._drop(key, former)
            self._names[key] = name
            return self.folder / name

    def _key(self, text: str, length_scale: float) -> str:
        what = (spoken(text), round(length_scale, 3), self._rendering)
        return hashlib.sha256(msgspec.json.encode(what)).hexdigest()[:40]

    def _find(self, key: str) -> str | None:
        if key not in self._names:
            self._list()
        return self._names.get(key)

    def _list(self) -> None:
        """Read the folder, unless nothing was added or removed since the last time."""
        try:
            changed = self.folder.stat().st_mtime_ns
            if changed != self._listed:
                entries = [_ENTRY.fullmatch(name) for name in os.listdir(self.folder)]
                self._names = {entry[1]: entry[0] for entry in entries if entry}
                self._listed = changed
        except OSError:  # not there yet, or not to be read: nothing is cached
            self._names, self._listed = {}, None

    def _drop(self, key: str, name: str) -> None:
        self._names.pop(key, None)
        with contextlib.suppress(OSError):
            (self.folder / name).unlink(missing_ok=True)


def for_settings(settings: Settings) -> SpeechCache:
    """Open the cache for the voice that the settings name; raises MissingError or UserError."""
    models = settings.cache_dir()
    voice = find_voice(modelstore.locate(settings.tts.voice, models))
    rendering = Rendering(voice=fingerprint(voice, models), rate=voice.rate)
    return SpeechCache(models / FOLDER, rendering)


def _checksum(pcm: Pcm) -> str:
    return hashlib.sha256(pcm.astype("<i2", copy=False).tobytes()).hexdigest()[:16]


def _read(file: Path, rate: int) -> Pcm | None:
    try:
        with wave.open(str(file), "rb") as stream:
            if (stream.getnchannels(), stream.getsampwidth(), stream.getframerate()) != (
                1,
                2,
                rate,
            ):
                return None
            return np.frombuffer(stream.readframes(stream.getnframes()), "<i2").astype(
                np.int16, copy=False
            )
    except (OSError, EOFError, ValueError, wave.Error):
        return None


def _write(file: Path, pcm: Pcm, rate: int) -> None:
    with wave.open(str(file), "wb") as stream:
        stream.setnchannels(1)
        stream.setsampwidth(2)
        stream.setframerate(rate)
        stream.writeframes(pcm.astype("<i2", copy=False).tobytes())
