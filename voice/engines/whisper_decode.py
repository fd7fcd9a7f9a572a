"""Decisions around one Whisper decode, without the model: windows, caps, loops, cuts.

Whisper was trained on 30 s windows. Its encoder also takes shorter ones, at a fraction of the
time, but may then repeat itself or mishear; these rules say how short and when to look again.
Two things keep short windows honest: padding with the features of silence, as in training, and
decoding with timestamps, which make the decoder notice that the speech is over.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from voice.engines.interfaces import SPEECH_RATE, Hypothesis, Word

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
LOOP_TOKENS = 6
"""Tokens of three rounds or more from which a repetition counts as a loop."""
STAMP = SPEECH_RATE // 50
"""Samples from one timestamp to the next."""
TAIL = SPEECH_RATE * 3 // 10
"""Samples at a clip's end that cannot hold a whole further segment."""
QUIET = SPEECH_RATE // 4
"""Samples over which the loudness around a cut is averaged."""

DOUBTFUL_LOGPROB = -1.1
"""Lower thresholds look again at a tenth of the clips, higher ones at many for little gain."""
UNSURE_LOGPROB = -0.12
"""Below it a second look is taken: in noise, words that are heard wrong score -0.2 and less."""
WEIGHED_TOKENS = 12
"""A longer reading is not weighed against what may be said now: nobody hears a short command so."""
NOTHING_LOGPROB = -10.0
"""Mean log probability of a text without a token."""
DOUBTFUL_TOKENS_PER_S = 6.0

Audio = NDArray[np.float32]
"""Mono, full scale ±1, at SPEECH_RATE."""


@dataclass(frozen=True)
class Reading:
    """What one decode gave: text tokens, without marks."""

    tokens: tuple[int, ...]
    looped: bool = False
    """It repeated itself or did not come to an end; the tokens are cut."""


def window_frames(samples: int) -> int:
    """The shortest encoder window, in frames, that bears a clip."""
    frames = -(-samples // FRAME) + MARGIN
    return min(max(frames + frames % 2, SHORT_WINDOW), FULL_WINDOW)


def token_cap(samples: int) -> int:
    """More tokens than anybody says in a clip of this length."""
    return min(12 + round(7 * samples / SPEECH_RATE), 220)


def spoken(tokens: Sequence[int], samples: int, end: int, zero: int) -> tuple[int, ...]:
    """The text tokens, without segments that begin where the clip is over.

    `end` is the id of the end of text, above which everything is a mark; `zero` is the id of the
    timestamp 0.00, from which on each id is one STAMP later.
    """
    latest = zero + (samples - TAIL) / STAMP
    out, begins = [], zero
    for token in tokens:
        if token >= zero:
            begins = token
        elif token < end and begins < latest:
            out.append(token)
    return tuple(out)


def cut_loop(tokens: Sequence[int]) -> tuple[int, ...] | None:
    """Cut a text that ends in the same words over and over; None when it does not.

    Two rounds are kept: people say things twice, and three short words ("no, no, no") as well.
    Repetitions that something follows are left alone, for a looping decoder never comes back.
    """
    for end in (len(tokens), len(tokens) - 1):  # the last round may have a full stop of its own
        for size in range(1, end // 3 + 1):
            same = 0
            while same + size < end and tokens[end - 1 - same] == tokens[end - 1 - same - size]:
                same += 1
            if same >= 2 * size and same + size >= LOOP_TOKENS:
                return tuple(tokens[: end - same + size])
    return None


def reading(tokens: Sequence[int], complete: bool) -> Reading:
    """Judge the text tokens of one decode; `complete`: it ended by itself, not at its cap."""
    cut = cut_loop(tokens)
    if cut is not None:
        return Reading(cut, looped=True)
    return Reading(tuple(tokens), looped=not complete)


def doubtful(found: Reading, logprob: float, samples: int, hinted: bool = False) -> bool:
    """Whether a short window's result deserves a look at the full one.

    `logprob` is the mean log probability of the text tokens. `hinted`: they will be read with a
    hint, which helps more against noise than a long window and takes a fraction of its time.
    """
    fast = len(found.tokens) > 4 + DOUBTFUL_TOKENS_PER_S * samples / SPEECH_RATE
    return found.looped or fast or (not hinted and logprob < DOUBTFUL_LOGPROB)


def mean_logprob(words: Sequence[Word]) -> float:
    """The mean log probability of a text's tokens."""
    if not words:
        return NOTHING_LOGPROB
    return math.fsum(log(w.probability) for w in words) / len(words)


def log(probability: float) -> float:
    """A token's log probability, finite also where a model gives it none at all."""
    return math.log(max(probability, 1e-9))


def padded(features: Audio, frames: int, guarded: bool) -> Audio:
    """Features [bins, frames] filled up to a window: with silence if guarded, else with zeros."""
    silence = features.min() if guarded else 0.0
    padding = ((0, 0), (0, frames - features.shape[1]))
    return np.pad(features, padding, constant_values=silence)


def letters(text: str) -> str:
    """What two readings must differ in to count as two."""
    return "".join(c for c in text.casefold() if c.isalnum())


def different(best: str, others: Iterable[Hypothesis]) -> tuple[Hypothesis, ...]:
    """Those that say something else than the best and than those before them."""
    seen = {"", letters(best)}
    out = []
    for other in others:
        if letters(other.text) not in seen:
            seen.add(letters(other.text))
            out.append(other)
    return tuple(out)


def said_once(text: str) -> str:
    """The first half of a text that says the same twice, as a hinted decoder likes to."""
    words = text.split()
    half = " ".join(words[: len(words) // 2])
    return half if half and letters(half) * 2 == letters(text) else text


def pieces(audio: Audio) -> list[Audio]:
    """Cut a clip that is longer than one window at its quietest points; no sample is lost."""
    out = []
    while len(audio) > LONGEST:
        cut = EARLIEST_CUT + _quietest(audio[EARLIEST_CUT:LONGEST])
        out.append(audio[:cut])
        audio = audio[cut:]
    return [*out, audio]


def _quietest(audio: Audio) -> int:
    total = np.cumsum(audio.astype(np.float64) ** 2)
    return int((total[QUIET:] - total[:-QUIET]).argmin()) + QUIET // 2
