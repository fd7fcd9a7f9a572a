"""Voice activity: Silero decides, webrtcvad lets it sleep while nothing sounds like a voice.

Silero v6 comes with faster-whisper as an ONNX file. It is a recurrent network, so it must hear
what goes before speech: on waking it first runs over the last half second.

Where our own voice is taken out of the microphone, what is left of it may still be speech. A second
Silero listens to the strict view (see `voice.audio.echo`), where nothing of it is left and little
may be left of somebody else either: it need only find speech possible.
"""

import importlib.util
from collections import deque
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from voice.audio.interface import INPUT_RATE, MicBlock
from voice.errors import MissingError

FRAME = 512
"""Samples a frame: what Silero judges at once (32 ms)."""
_CONTEXT = 64
_HYSTERESIS = 0.15
"""How far the probability must fall below the threshold to end speech."""
_LOOK_BACK = 16
"""Frames that Silero hears again on waking."""
_STAY_AWAKE = INPUT_RATE // 2
_POSSIBLE, _POSSIBLE_AT_FIRST = 0.03, 0.6
"""Probability in the strict view below which speech is our own: once the way from the speaker to
the microphone is known, and before, when some of our voice is left there as well."""
_GATE_MODE = 1
"""Of webrtcvad's four modes the strictest that never slept through speech, however quiet."""

Samples = NDArray[np.float32]


class Frame(msgspec.Struct, frozen=True):
    """The verdict on FRAME samples."""

    sample: int
    """Index of the first one."""
    voiced: bool
    probability: float
    """Of speech; 0 while Silero sleeps."""


class VoiceActivity:
    """Judges a continuous stream of blocks; for one thread. Loading takes about 20 ms."""

    def __init__(self, threshold: float) -> None:
        import webrtcvad

        self._threshold = threshold
        self._gate = webrtcvad.Vad(_GATE_MODE)
        self._silero = Silero()
        self._witness: Silero | None = None
        """Made when a strict view is given for the first time."""
        self._recent: deque[Samples] = deque(maxlen=_LOOK_BACK)
        self._rest = np.empty((2, 0), np.float32)
        self._sample = 0
        self._awake_until = 0
        self._asleep = True
        self._voiced = False
        self._possible = _POSSIBLE

    def push(
        self, block: MicBlock, strict: MicBlock | None = None, *, echo_known: bool = True
    ) -> list[Frame]:
        """Take the next 160 samples, in both views, and give the frames that they complete.

        `echo_known`: our voice was heard here long enough that it is taken out of the strict view.
        """
        self._possible = _POSSIBLE if echo_known else _POSSIBLE_AT_FIRST
        if self._may_be_voice(block):
            self._awake_until = self._sample + self._rest.shape[1] + _STAY_AWAKE
        if strict is not None and self._witness is None:
            self._witness = Silero()
        views = np.stack([block, block if strict is None else strict]).astype(np.float32) / 32768.0
        self._rest = np.concatenate([self._rest, views], axis=1)
        frames = []
        while self._rest.shape[1] >= FRAME:
            samples, self._rest = self._rest[:, :FRAME], self._rest[:, FRAME:]
            frames.append(self._judge(samples))
        return frames

    def _may_be_voice(self, block: MicBlock) -> bool:
        return bool(block.any()) and bool(self._gate.is_speech(block.tobytes(), INPUT_RATE))

    def _judge(self, views: Samples) -> Frame:
        probability = 0.0
        if self._sample < self._awake_until or self._voiced:
            if self._asleep:
                self._wake()
            probability = self._hear(views)
        else:
            self._asleep = True
        self._recent.append(views)
        threshold = self._threshold - _HYSTERESIS if self._voiced else self._threshold
        self._voiced = probability > 0.0 and probability >= threshold
        frame = Frame(self._sample, self._voiced, probability)
        self._sample += FRAME
        return frame

    def _hear(self, views: Samples) -> float:
        """Give the probability of somebody else's speech."""
        probability = self._silero.probability(views[0])
        possible = not self._witness or self._witness.probability(views[1]) >= self._possible
        return probability if possible else 0.0

    def _wake(self) -> None:
        self._asleep = False
        self._silero.reset()
        if self._witness:
            self._witness.reset()
        for views in self._recent:
            self._hear(views)


class Silero:
    """Silero v6 over a stream; the state goes from one frame to the next."""

    def __init__(self) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.inter_op_num_threads = 1
        options.intra_op_num_threads = 1
        options.log_severity_level = 4
        self._session = onnxruntime.InferenceSession(
            str(silero_file()), options, providers=["CPUExecutionProvider"]
        )
        self.reset()

    def reset(self) -> None:
        """Forget what was heard."""
        self._h: Any = np.zeros((1, 1, 128), np.float32)
        self._c: Any = np.zeros((1, 1, 128), np.float32)
        self._context = np.zeros(_CONTEXT, np.float32)

    def probability(self, samples: Samples) -> float:
        """Give the probability of speech in the next FRAME samples (full scale ±1)."""
        window = np.concatenate([self._context, samples])[None]
        speech, self._h, self._c = self._session.run(
            None, {"input": window, "h": self._h, "c": self._c}
        )
        self._context = samples[-_CONTEXT:]
        return float(speech[0])


def silero_file() -> Path:
    """The network's file inside faster-whisper, found without importing that (it takes 2 s)."""
    package = importlib.util.find_spec("faster_whisper")
    folders = package.submodule_search_locations if package else None
    for folder in folders or ():
        found = sorted(Path(folder, "assets").glob("silero_vad_v6*.onnx"))
        if found:
            return found[-1]
    raise MissingError(
        "the voice activity model silero_vad_v6.onnx is not in the installed faster-whisper; "
        "install faster-whisper 1.2"
    )
