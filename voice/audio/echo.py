"""Takes the assistant's own voice out of the microphone, around a back end.

Two views of each block are given on. `LinearEcho` takes out what it can account for and leaves a
rescuer's voice as it was: that is what is recognised. WebRTC's AEC3 takes out everything that might
be ours and often some of the rescuer with it: it is the witness that somebody else speaks, and is
not asked where they are so much louder than our echo that there can be no doubt. Both
are given what was played and what was heard at the same instant; the delay they find themselves.
"""

from typing import Any

import numpy as np

from voice.audio.far_end import FarEnd
from voice.audio.interface import (
    INPUT_RATE,
    Backend,
    MicBlock,
    OnMic,
    OnState,
    Renderer,
    SpeakerBlock,
)
from voice.audio.linear_echo import LinearEcho
from voice.audio.near_end import NearEnd
from voice.audio.resample import Decimator, to_int16

_DEVICES_OFF_S = 0.04
"""By how much the times that devices report may be off: an echo must not come before its cause."""


class EchoCancelled:
    """A back end whose microphone no longer hears the speaker."""

    def __init__(self, inner: Backend, *, live: bool) -> None:
        """`live`: its times are those of devices, and it renders ahead of them."""
        self.output_rate = inner.output_rate
        self._inner = inner
        self._lead_s = _DEVICES_OFF_S if live else 0.0

    def start(self, on_mic: OnMic, renderer: Renderer, on_state: OnState) -> None:
        """Open the devices or files and begin; returns at once."""
        canceller = Canceller(self.output_rate, self._lead_s)

        def cleaned(start: int, block: MicBlock, strict: MicBlock | None = None) -> None:
            on_mic(start, *canceller.clean(start, block))

        self._inner.start(cleaned, _Overheard(renderer, canceller), on_state)

    def wait(self, timeout_s: float) -> bool:
        """See Backend."""
        return self._inner.wait(timeout_s)

    def close(self) -> None:
        """See Backend."""
        self._inner.close()


class Canceller:
    """`played` and `consumed` are called from one thread, `clean` from another or the same."""

    def __init__(self, output_rate: int, lead_s: float = 0.0) -> None:
        from pywebrtc_audio import AudioProcessor

        self.far = FarEnd(output_rate, lead_s - Decimator.HALF_S)  # what the resampler holds back
        self._high_pass: Any = AudioProcessor(sample_rate=INPUT_RATE, high_pass_filter=True)
        self._linear = LinearEcho()
        self._near_end = NearEnd()
        self._strict: Any = AudioProcessor(sample_rate=INPUT_RATE, echo_cancellation=True)

    def clean(self, start: int, near: MicBlock) -> tuple[MicBlock, MicBlock]:
        """Give the microphone's block without what was played: with care, and without mercy."""
        far = self.far.at(start)
        near = self._high_pass.process(near)
        heard = near.astype(np.float32) / np.float32(32768)
        rest = self._linear.remove(heard, far)
        # AEC3 takes seconds to see that the delay jumped; so it is not to notice.
        unmoved = self.far.before(max(self._linear.moved, 0))
        strict: MicBlock = self._strict.process(near, to_int16(unmoved))
        left = to_int16(rest)
        if self._near_end.certain(heard, rest) and self._linear.explained:
            return left, left
        return left, strict


class _Overheard:
    """Passes the renderer's blocks on and lets the canceller see them."""

    def __init__(self, renderer: Renderer, canceller: Canceller) -> None:
        self._renderer = renderer
        self._far = canceller.far

    def render(self) -> SpeakerBlock:
        block = self._renderer.render()
        self._far.played(block)
        return block

    def consumed(self, blocks: int, t: float) -> None:
        self._far.consumed(blocks, t)
        self._renderer.consumed(blocks, t)
