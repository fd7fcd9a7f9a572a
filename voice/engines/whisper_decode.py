"""Decisions around one Whisper decode, without the model: windows, caps, loops, cuts.

Whisper was trained on 30 s windows. Its encoder also takes shorter ones, at a fraction of the
time, but may then repeat itself or mishear; these rules say how short and when to look again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice.engines.interfaces import SPEECH_RATE

FRAME = 160
"""Samples of one feature frame (10 ms)."""
FULL_WINDOW = 3000
"""Frames of the window that Whisper was trained on."""
SHORT_WINDOW = 1000
"""Frames below which decoding begins to loop."""
MARGIN = 300
"""Frames of padding after the speech; without it the last words suffer."""
LONGEST = 28 * SPEECH_RATE
"""Samples of the longest clip that is decoded in one window."""
EARLIEST_CUT = 16 * SPEECH_RATE
QUIET = SPEECH_RATE // 4
"""Samples over which the loudness around a cut is averaged."""

Audio = NDArray[np.float32]
"""Mono, full scale ±1, at SPEECH_RATE."""


@dataclass(frozen=True)
class Limits:
    """When the result of a short window is not trusted."""

    avg_logprob: float = -0.7
    tokens_per_s: float = 6.0


@dataclass(frozen=True)
class Reading:
    """What one decode gave."""

    tokens: tuple[int, ...]
    avg_logprob: float
    """Mean log probability a token, the end included."""
    looped: bool = False
    """It repeated itself or did not come to an end; the tokens are cut."""


def window_frames(samples: int) -> int:
    """The shortest encoder window, in frames, that bears a clip."""
    frames = -(-samples // FRAME) + MARGIN
    return min(max(frames + frames % 2, SHORT_WINDOW), FULL_WINDOW)


def token_cap(samples: int) -> int:
    """More tokens than anybody says in a clip of this length."""
    return min(12 + round(9 * samples / SPEECH_RATE), 220)


def cut_loop(tokens: Sequence[int]) -> tuple[int, ...] | None:
    """Cut before the third occurrence of any 3-gram; None when there is no such repetition."""
    seen: Counter[tuple[int, ...]] = Counter()
    for end in range(3, len(tokens) + 1):
        gram = tuple(tokens[end - 3 : end])
        seen[gram] += 1
        if seen[gram] == 3:
            return tuple(tokens[: end - 3])
    return None


def reading(tokens: Sequence[int], avg_logprob: float, cap: int) -> Reading:
    """Judge the tokens of one decode that was allowed `cap` of them."""
    cut = cut_loop(tokens)
    if cut is not None:
        return Reading(cut, avg_logprob, looped=True)
    return Reading(tuple(tokens), avg_logprob, looped=len(tokens) >= cap)


def doubtful(found: Reading, samples: int, limits: Limits) -> bool:
    """Whether a short window's result deserves a look at the full one."""
    fast = len(found.tokens) > 4 + limits.tokens_per_s * samples / SPEECH_RATE
    return found.looped or fast or found.avg_logprob < limits.avg_logprob


def better(short: Reading, full: Reading) -> Reading:
    """Choose between the readings of the two windows."""
    if short.looped != full.looped:
        return full if short.looped else short
    return full if full.avg_logprob >= short.avg_logprob else short


def pieces(audio: Audio) -> list[Audio]:
    """Cut a clip that is longer than one window at its quietest points; no sample is lost."""
    out = []
    while len(audio) > LONGEST:
        cut = EARLIEST_CUT + _quietest(audio[EARLIEST_CUT:LONGEST])
        out.append(audio[:cut])
        audio = audio[cut:]
    return [*out, audio]


def _quietest(audio: Audio) -> int:
    energy = np.convolve(audio.astype(np.float64) ** 2, np.ones(QUIET), mode="valid")
    return int(energy.argmin()) + QUIET // 2
