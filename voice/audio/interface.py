"""What every audio back end (device, WAV file, simulated room) offers to the loop.

The microphone side always delivers mono int16 blocks of 10 ms at 16 kHz. The speaker side always
asks for mono float32 blocks of 10 ms at `Backend.output_rate`. Both are counted in samples; the
back end alone knows wall time.
"""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from voice.events import DeviceState, Source

INPUT_RATE = 16_000
BLOCK_S = 0.010
INPUT_BLOCK = 160

MicBlock = NDArray[np.int16]
"""160 samples at 16 kHz."""
SpeakerBlock = NDArray[np.float32]
"""10 ms at the output rate, full scale ±1."""

EndReason = Literal["finished", "stopped", "interrupted"]


class OnMic(Protocol):
    """Takes the microphone's blocks; called from the back end's thread."""

    def __call__(self, start: int, block: MicBlock, strict: MicBlock | None = None, /) -> None:
        """Take the block whose first sample has index `start`.

        `strict` is the same block without anything that might be our own voice, at the price of
        some of the others'; None where our own voice is not taken out.
        """


OnState = Callable[[str, DeviceState, str], None]
"""Called with a device name, its new state and a detail, from any thread."""


class Renderer(Protocol):
    """The mixer, as a back end sees it; called from the back end's thread only."""

    def render(self) -> SpeakerBlock:
        """Give the next 10 ms; the array is only valid until the next call. Never raises."""

    def consumed(self, blocks: int, t: float) -> None:
        """Note that the first `blocks` blocks rendered so far reached the device by time t (s)."""


class Backend(Protocol):
    """One source of microphone blocks and one sink of speaker blocks on a common time axis."""

    output_rate: int

    def start(self, on_mic: OnMic, renderer: Renderer, on_state: OnState) -> None:
        """Open the devices or files and begin; returns at once."""

    def wait(self, timeout_s: float) -> bool:
        """Give True when the input is used up and the output complete (never, for devices)."""

    def close(self) -> None:
        """Stop and release everything; files are complete afterwards."""


class SoundStarted(msgspec.Struct, frozen=True, kw_only=True):
    """The first sample of a sound reached the device."""

    t: float
    """Seconds on the input's axis."""
    source: Source
    utterance: int | None = None
    """For the voice: the number given to `Mixer.begin_voice`."""


class SoundEnded(msgspec.Struct, frozen=True, kw_only=True):
    """The last sample of a sound reached the device, or will never do so."""

    t: float
    source: Source
    reason: EndReason
    utterance: int | None = None
    played_s: float = 0.0
    """For the voice: seconds of the utterance that were really heard."""


SoundEvent = SoundStarted | SoundEnded
"""Every utterance that was begun gets exactly one `SoundEnded`; one that was never heard gets no
`SoundStarted`."""


class LoopProbe(Protocol):
    """What a back end without a clock of its own asks the loop; called from its thread."""

    def engine_busy(self) -> bool:
        """Whether an engine request is in flight: fast audio then keeps to wall time."""

    def settle(self) -> None:
        """Return when the loop has digested all that was sent to it (or is shutting down)."""

    def quiet(self) -> bool:
        """Whether nothing is being heard, thought or played: the tail may end."""
