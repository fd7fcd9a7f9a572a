"""What Whisper is taught with: speech in noise and rooms, and the tokens that it is to answer."""

import random
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from faster_whisper.feature_extractor import FeatureExtractor
from tokenizers import Tokenizer
from torch import Tensor
from whisper_speech import Audio, Said

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from voice.engines import whisper_decode

BATCH = 16
WINDOWS = (640, 640, 640, whisper_decode.SHORT_WINDOW) * 3 + (whisper_decode.FULL_WINDOW,)
"""Frames of successive batches' windows: what runs, Whisper's own 30 s, and for speed shorter."""
MARGIN = 100
"""Frames that are left after the speech."""
SILENT, PEOPLE, DRY, CLEAN = 0.08, 0.12, 0.5, 0.15
"""Shares of bare noise and of people, and of speech without a room and without noise."""
SOT, EN, TRANSCRIBE, NOTHING, NO_STAMPS, ZERO = 50258, 50259, 50359, 50362, 50363, 50364
END = 50257
IGNORED = -100
"""Marks a place at which nothing is to be predicted."""


class Samples:
    """Batches without end: features, tokens and what is to be predicted."""

    def __init__(
        self,
        clips: list[Said],
        people: list[Said],
        noises: list[Audio],
        tokenizer: Tokenizer,
        seed: int,
    ) -> None:
        self._clips, self._people, self._noises = clips, people, noises
        self._tokenizer, self._rng = tokenizer, random.Random(seed)
        self._features = FeatureExtractor()
        self._order: list[int] = []

    def batches(self) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Features [batch, bins, frames], tokens and what is to follow each [batch, tokens]."""
        for number in range(1_000_000):
            frames = WINDOWS[number % len(WINDOWS)]
            yield self._batch(frames, BATCH // 4 if frames == whisper_decode.FULL_WINDOW else BATCH)

    def _batch(self, frames: int, size: int) -> tuple[Tensor, Tensor, Tensor]:
        rows = [self._row(frames) for _ in range(size)]
        longest = max(len(tokens) for _, tokens, _ in rows)
        features = torch.from_numpy(np.stack([row[0] for row in rows]))
        tokens = torch.tensor([t + [END] * (longest - len(t)) for _, t, _ in rows])
        wanted = torch.tensor([w + [IGNORED] * (longest - len(w)) for _, _, w in rows])
        return features, tokens, wanted

    def _row(self, frames: int) -> tuple[Audio, list[int], list[int]]:
        audio, text = self._heard()
        most = (frames - MARGIN) * whisper_decode.FRAME
        if len(audio) > most:
            return self._row(frames)
        features = self._features(audio)[:, :frames]
        guarded = frames < whisper_decode.FULL_WINDOW
        padded = whisper_decode.padded(features, frames, guarded).astype(np.float32)
        return padded, *self._tokens(text, len(audio), stamps=guarded and self._rng.random() < 0.6)

    def _heard(self) -> tuple[Audio, str]:
        """A sound as the microphone brings it, and its words."""
        rng = self._rng
        kind = rng.random()
        if kind < SILENT:
            return self._noise(rng.randrange(8_000, 64_000)) * 10 ** rng.uniform(-2.5, -0.5), ""
        text, audio = rng.choice(self._people) if kind < SILENT + PEOPLE else self._clip()
        if rng.random() > DRY:
            audio = self._room(audio)
        before, after = rng.randrange(1_000, 6_000), rng.randrange(1_000, 9_000)
        audio = np.pad(audio, (before, after))
        if rng.random() > CLEAN:
            snr = rng.uniform(0, 20)
            voiced = audio[np.abs(audio) > 0.02]
            noise = self._noise(len(audio))
            gain = np.sqrt(np.mean(voiced**2) / max(np.mean(noise**2), 1e-9) / 10 ** (snr / 10))
            audio = audio + gain * noise
        level = 10 ** rng.uniform(-1.2, 0) / np.abs(audio).max()
        return (audio * level).astype(np.float32), text

    def _clip(self) -> Said:
        if not self._order:
            self._order = self._rng.sample(range(len(self._clips)), len(self._clips))
        return self._clips[self._order.pop()]

    def _noise(self, samples: int) -> Audio:
        noise = self._rng.choice(self._noises)
        start = self._rng.randrange(len(noise))
        noise = np.resize(np.roll(noise, -start), samples)
        return noise / max(np.sqrt(np.mean(noise**2)), 1e-6)

    def _room(self, audio: Audio) -> Audio:
        """A decaying response of 100 to 300 ms."""
        taps = self._rng.randrange(1_600, 4_800)
        decay = np.exp(-np.linspace(0, 6, taps)) * self._rng.uniform(0.02, 0.1)
        response = np.random.default_rng(self._rng.randrange(2**32)).standard_normal(taps) * decay
        response[0] = 1.0
        size = 1 << (len(audio) + taps).bit_length()
        wet = np.fft.irfft(np.fft.rfft(audio, size) * np.fft.rfft(response, size), size)
        return wet[: len(audio) + taps // 2].astype(np.float32)

    def _tokens(self, text: str, samples: int, stamps: bool) -> tuple[list[int], list[int]]:
        """What the decoder is given and what it is to answer, place by place."""
        if not text:
            return [SOT], [NOTHING]
        words = self._tokenizer.encode(" " + text, add_special_tokens=False).ids
        if stamps:
            end = ZERO + min(round(samples / whisper_decode.STAMP), 1_500)
            words = [ZERO, *words, end]
            start = [SOT, EN, TRANSCRIBE]
        else:
            start = [SOT, EN, TRANSCRIBE, NO_STAMPS]
        whole = [*start, *words, END]
        wanted = [EN] + [IGNORED] * (len(start) - 2) + whole[len(start) :]
        return whole[:-1], wanted
