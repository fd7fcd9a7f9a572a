"""Takes the assistant's own voice out of the microphone: WebRTC's AEC3 around a back end.

The canceller is given what was rendered and what the microphone heard meanwhile; it finds the
delay between the two by itself and follows it.
"""

import threading
from collections import deque
from typing import Any

import numpy as np

from voice.audio.interface import (
    INPUT_BLOCK,
    INPUT_RATE,
    Backend,
    MicBlock,
    OnMic,
    OnState,
    Renderer,
    SpeakerBlock,
)
from voice.audio.resample import live, to_int16

_WAITING = 50
"""Blocks of output that may wait for their microphone block; more are a device that stalled."""


class EchoCancelled:
    """A back end whose microphone no longer hears the speaker."""

    def __init__(self, inner: Backend) -> None:
        self.output_rate = inner.output_rate
        self._inner = inner

    def start(self, on_mic: OnMic, renderer: Renderer, on_state: OnState) -> None:
        """Open the devices or files and begin; returns at once."""
        canceller = Canceller(self.output_rate)

        def cleaned(start: int, near: MicBlock) -> None:
            on_mic(start, canceller.clean(near))

        self._inner.start(cleaned, _Overheard(renderer, canceller), on_state)

    def wait(self, timeout_s: float) -> bool:
        """See Backend."""
        return self._inner.wait(timeout_s)

    def close(self) -> None:
        """See Backend."""
        self._inner.close()


class Canceller:
    """`played` and `clean` may be called from two threads, each block in its order."""

    def __init__(self, output_rate: int) -> None:
        from pywebrtc_audio import AudioProcessor

        self._processor: Any = AudioProcessor(
            sample_rate=INPUT_RATE,
            echo_cancellation=True,
            noise_suppression=False,
            high_pass_filter=True,
            auto_gain_control=False,
        )
        self._resampler = live(output_rate, INPUT_RATE)
        self._rest = np.zeros(0, np.float32)
        self._far: deque[MicBlock] = deque(maxlen=_WAITING)
        self._lock = threading.Lock()

    def played(self, block: SpeakerBlock) -> None:
        """Note a rendered block, before or while it reaches the speaker."""
        self._rest = np.concatenate([self._rest, self._resampler.push(block)])
        while len(self._rest) >= INPUT_BLOCK:
            with self._lock:
                self._far.append(to_int16(self._rest[:INPUT_BLOCK]))
            self._rest = self._rest[INPUT_BLOCK:]

    def clean(self, near: MicBlock) -> MicBlock:
        """Give the microphone's block without what was played."""
        with self._lock:
            far = self._far.popleft() if self._far else np.zeros(INPUT_BLOCK, np.int16)
        cleaned: MicBlock = self._processor.process(near, far)
        return cleaned


class _Overheard:
    """Passes the renderer's blocks on and lets the canceller see them."""

    def __init__(self, renderer: Renderer, canceller: Canceller) -> None:
        self._renderer = renderer
        self._canceller = canceller

    def render(self) -> SpeakerBlock:
        block = self._renderer.render()
        self._canceller.played(block)
        return block

    def consumed(self, blocks: int, t: float) -> None:
        self._renderer.consumed(blocks, t)
