"""How well given texts explain a sound: what may have been said, weighed beside what was read.

A decoder writes the reading that its own language makes likeliest, "very young" for "carry on".
Asked how probable a given text is it need not search: one pass over the text tells. Two things keep
that quick where there are many texts: the encoder's output is cut to the speech, for its padding
costs most of such a pass, and a text whose first token is improbable already is left out, for it
only gets less probable.
"""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from voice.engines import whisper_decode as rules
from voice.engines.interfaces import Weighed

FAR = 7.0
"""Log probability by which a text may be behind all others after its first token."""
AT_MOST = 10
"""Texts that are weighed; each takes some milliseconds."""
_POSITION = 2 * rules.FRAME
"""Samples of one position of the encoder's output (20 ms)."""
_AFTER = 100
"""Positions that are kept after the speech; with fewer some clips score as if they were noise."""

Array = NDArray[np.float32]


class Scales:
    """Weighs texts against one sound. `model` and `tokenizer` are those of faster-whisper."""

    def __init__(self, model: Any, tokenizer: Any, encoded: Any, samples: int) -> None:
        self._model, self._tokenizer = model.model, tokenizer
        self._sound: Array = np.asarray(_at_hand(encoded), np.float32)
        self._spoken = -(-samples // _POSITION)

    def weigh(self, read: Sequence[str], likely: Sequence[str]) -> tuple[Weighed, ...]:
        """All texts that were read, in their order, and the likeliest of the others."""
        known = {rules.letters(text) for text in read}
        others = [text for text in likely if rules.letters(text) not in known]
        if others:
            self._sound = self._sound[:, : self._spoken + _AFTER]
        texts = [*read, *self._promising(others)[:AT_MOST]]
        return self._weights(texts) if len(texts) > 1 or likely else ()

    def _promising(self, texts: Sequence[str]) -> list[str]:
        """Those whose first token is not improbable, the most probable first."""
        if not texts:
            return []
        begins = self._begins()
        first = [begins[self._tokens(text)[0]] for text in texts]
        order = sorted(range(len(texts)), key=lambda n: -first[n])
        return [texts[n] for n in order if first[n] > begins.max() - FAR]

    def _begins(self) -> Array:
        """The log probability of every token as the first one."""
        start = [*self._tokenizer.sot_sequence, self._tokenizer.no_timestamps]
        result = self._model.generate(
            self._repeated(1),
            [start],
            beam_size=1,
            max_length=len(start) + 1,
            return_logits_vocab=True,
        )[0]
        logits = np.asarray(_at_hand(result.logits[0][0]), np.float32).reshape(-1)
        found: Array = logits - logits.max()
        found -= np.log(np.exp(found).sum())
        return found

    def _weights(self, texts: Sequence[str]) -> tuple[Weighed, ...]:
        tokens = [self._tokens(text) for text in texts]
        frames = 2 * self._sound.shape[1]
        aligned = self._model.align(
            self._repeated(len(texts)), self._tokenizer.sot_sequence, tokens, frames
        )
        return tuple(
            _weighed(text, found.text_token_probs)
            for text, found in zip(texts, aligned, strict=True)
        )

    def _repeated(self, times: int) -> Any:
        from ctranslate2 import StorageView

        return StorageView.from_array(np.repeat(self._sound, times, 0))

    def _tokens(self, text: str) -> list[int]:
        return list(self._tokenizer.encode(f" {text.strip()}"))


def _weighed(text: str, probabilities: Sequence[float]) -> Weighed:
    logs = [rules.log(p) for p in probabilities]
    return Weighed(text, math.fsum(logs), min(logs), len(logs))


def _at_hand(view: Any) -> Any:
    """The same where this process can read it."""
    from ctranslate2 import Device

    return view if view.device == "cpu" else view.to_device(Device.cpu)
