"""WAV files as microphone and speaker: read in blocks at 16 kHz, written beside and renamed."""

import os
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
from numpy.typing import NDArray

from voice.audio.interface import INPUT_BLOCK, INPUT_RATE, MicBlock, SpeakerBlock
from voice.audio.resample import Soxr, to_int16
from voice.errors import UserError
from voice.events import Source

_FORMATS = ("WAV", "WAVEX", "RF64")
_RATES = range(4_000, 400_001)
_CHUNK_FRAMES = 16_384
_UNKNOWN_SIZE = 0x7FFF_0000
"""Programs that write into a pipe cannot know the size and put this or more into the header."""


class WavReader:
    """A WAV file as blocks of 10 ms, mono int16 at 16 kHz; memory does not grow with its length."""

    def __init__(self, path: Path) -> None:
        _refuse_unreadable(path)
        try:
            self._file = soundfile.SoundFile(path)
        except soundfile.LibsndfileError as error:
            raise UserError(f"{path} is not a readable WAV file: {error.error_string}") from None
        try:
            self._refuse_unusual(path)
        except UserError:
            self._file.close()
            raise
        self.path = path

    @property
    def seconds(self) -> float:
        """Length of the sound."""
        return float(self._file.frames / self._file.samplerate)

    def blocks(self) -> Iterator[MicBlock]:
        """Give the blocks once; the last one is filled up with silence."""
        pending = np.empty(0, np.int16)
        for samples in self._resampled():
            pending = np.concatenate([pending, to_int16(samples)])
            whole = len(pending) - len(pending) % INPUT_BLOCK
            yield from pending[:whole].reshape(-1, INPUT_BLOCK)
            pending = pending[whole:]
        if len(pending):
            yield np.pad(pending, (0, INPUT_BLOCK - len(pending)))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _refuse_unusual(self, path: Path) -> None:
        if self._file.format not in _FORMATS:
            raise UserError(f"{path} is a {self._file.format} file; convert it to WAV")
        if self._file.samplerate not in _RATES:
            raise UserError(f"{path} has a sample rate of {self._file.samplerate} Hz; resample it")
        if not self._file.frames:
            raise UserError(f"{path} holds no sound; record it again")

    def _resampled(self) -> Iterator[NDArray[np.float32]]:
        rate = self._file.samplerate
        resampler = None if rate == INPUT_RATE else Soxr(rate, INPUT_RATE, quality="HQ")
        left = self._file.frames
        while left > 0:
            frames = self._read(min(left, _CHUNK_FRAMES))
            left = left - len(frames) if len(frames) else 0
            mono = np.nan_to_num(frames.mean(axis=1), nan=0.0, posinf=1.0, neginf=-1.0)
            yield resampler.push(mono, last=left == 0) if resampler else mono

    def _read(self, count: int) -> NDArray[np.float32]:
        try:
            frames: NDArray[np.float32] = self._file.read(count, dtype="float32", always_2d=True)
        except soundfile.LibsndfileError as error:
            raise UserError(f"{self.path} cannot be read on: {error.error_string}") from None
        return frames


class WavWriter:
    """A mono 16-bit WAV file that appears under its name when it is complete."""

    def __init__(self, path: Path, rate: int) -> None:
        if path.exists() and not path.is_file():
            raise UserError(f"cannot write {path}: it is not a regular file; name a WAV file")
        self.path = path
        self._partial = path.with_name(path.name + ".partial")
        try:
            # Opened by us, because libsndfile's own message for a refused folder says nothing.
            self._raw: BinaryIO = self._partial.open("w+b")
        except OSError as error:
            raise UserError(f"cannot write {path}: {error.strerror}; name another folder") from None
        self._file = soundfile.SoundFile(self._raw, "w", rate, 1, "PCM_16", format="WAV")

    def write(self, block: SpeakerBlock) -> None:
        """Append samples of full scale ±1."""
        try:
            self._file.write(block)
        except (OSError, soundfile.SoundFileError) as error:
            raise UserError(f"cannot write {self.path}: {error}; is the disk full?") from None

    def close(self) -> None:
        """Complete the file and give it its name."""
        if not self._raw.closed:
            self._file.close()
            self._raw.close()
            os.replace(self._partial, self.path)

    def discard(self) -> None:
        """Leave nothing behind."""
        if not self._raw.closed:
            self._file.close()
            self._raw.close()
            self._partial.unlink(missing_ok=True)


class StemWriter:
    """The voice, beat and tones of an output as files of their own on the same axis."""

    _NAMES: Mapping[Source, str] = {"voice": "voice", "beat": "beat", "tone": "tones"}

    def __init__(self, path: Path, rate: int) -> None:
        self._writers: dict[Source, WavWriter] = {}
        for source, name in self._NAMES.items():
            try:
                self._writers[source] = WavWriter(path.with_suffix(f".{name}.wav"), rate)
            except UserError:
                self.discard()
                raise

    def write(self, parts: Mapping[Source, SpeakerBlock]) -> None:
        """Append one block of each; use it as the mixer's tap."""
        for source, writer in self._writers.items():
            writer.write(np.clip(parts[source], -1.0, 1.0))

    def close(self) -> None:
        """Complete the files."""
        for writer in self._writers.values():
            writer.close()

    def discard(self) -> None:
        """Leave nothing behind."""
        for writer in self._writers.values():
            writer.discard()


def _refuse_unreadable(path: Path) -> None:
    """Raise UserError for what is missing, no file, empty, forbidden or cut off."""
    if not path.exists():
        raise UserError(f"{path} does not exist")
    if not path.is_file():
        raise UserError(f"{path} is not a file; name a WAV file")
    try:
        with path.open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            missing = _missing_bytes(stream, size)
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from None
    if not size:
        raise UserError(f"{path} is empty; record it again")
    if missing:
        raise UserError(
            f"{path} is truncated: {missing} bytes of its sound are missing; copy it again"
        )


def _missing_bytes(stream: BinaryIO, size: int) -> int:
    """Walk the RIFF chunks to the sound and give how much of it the file lacks.

    libsndfile plays what is there without a word.
    """
    head = stream.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"WAVE":
        return 0
    while len(chunk := stream.read(8)) == 8:
        name, length = struct.unpack("<4sI", chunk)
        if name == b"data":
            missing = length - (size - stream.tell())
            return missing if missing > 0 and length < _UNKNOWN_SIZE else 0
        stream.seek(length + length % 2, os.SEEK_CUR)
    return 0
