"""Prompt evaluation and generation on a loaded llama.cpp model, with a cache that changes nothing.

A prompt is evaluated in chunks whose ends depend only on the prompt: multiples of CHUNK counted
from the start and again from the end of the prefix. A later prompt reuses whole chunks only. Each
position is thus always computed in a batch of the same shape, and a cached prompt gives the very
logits of a cold one, whatever kernels the back end chooses by batch size.
"""

import time
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from voice.engines.gguf_stream import TextStream

CHUNK = 64
"""Tokens a batch; on a GPU, which has no abort callback, also the grain of a cancel."""

Poll = Callable[[], bool]


class CancelledError(Exception):
    """The request was dropped while it was being served."""


class PromptTooLongError(ValueError):
    """The prompt leaves no room for an answer in the context."""


class Sampling(msgspec.Struct, frozen=True, kw_only=True):
    """How tokens are chosen and when generation ends."""

    max_tokens: int
    temperature: float
    seed: int
    stop: tuple[str, ...]
    grammar: str


class Decoder:
    """Owns the key-value cache of one `llama_cpp.Llama`; used on one thread."""

    def __init__(self, llama: Any) -> None:
        import llama_cpp

        self._llama = llama
        self._api = llama_cpp
        self._poll: Poll = lambda: False
        self._vocabulary = llama_cpp.llama_model_get_vocab(llama.model)
        self.sampled = 0
        """Tokens of the latest `generate`."""
        self._ends: list[int] = []
        """Ends of the chunks in the cache that later prompts may reuse."""
        self._rewinds = _rewinds(llama)
        # llama.cpp keeps the address: the callback must live as long as the context.
        self._abort = llama_cpp.ggml_abort_callback(lambda _data: self._poll())
        llama_cpp.llama_set_abort_callback(llama.ctx, self._abort, None)

    def tokenize(self, prefix: str, prompt: str, special: bool) -> tuple[list[int], list[int]]:
        """Tokens of both parts; each is tokenised alone, so that the prefix never changes."""
        tokenize = self._llama.tokenize
        return (
            tokenize(prefix.encode(), add_bos=True, special=special),
            tokenize(prompt.encode(), add_bos=False, special=special) if prompt else [],
        )

    def forget(self) -> None:
        """Drop the cache: what computed it has changed."""
        self._llama.reset()
        self._ends = []

    def prefill(self, prefix: list[int], prompt: list[int], cancelled: Poll) -> int:
        """Evaluate what the cache lacks of prefix + prompt; give how many tokens it had."""
        tokens = prefix + prompt
        if not tokens:
            raise ValueError("the prompt is empty")
        room = self._llama.n_ctx() - 1
        if len(tokens) > room:
            raise PromptTooLongError(
                f"the prompt has {len(tokens)} tokens, the context has room for {room};"
                " raise llm.context"
            )
        ends = _chunk_ends(len(prefix), len(tokens))
        keep = self._reusable(tokens, ends)
        start = cached = ends[keep - 1] if keep else 0
        self._ends = ends[:keep]
        self._llama.n_tokens = start  # the next eval drops everything behind
        self._poll = cancelled
        for end in ends[keep:]:
            self._eval(tokens[start:end])
            self._ends.append(end)
            start = end
        return cached

    def generate(self, tokens: list[int], sampling: Sampling, cancelled: Poll) -> Iterator[str]:
        """Continue the prompt just prefilled: the text of each token, often empty."""
        grammar = self._grammar(sampling.grammar)
        self._poll = cancelled
        self._llama.set_seed(sampling.seed)
        source = self._llama.generate(tokens, temp=sampling.temperature, grammar=grammar)
        text = TextStream(sampling.stop)
        self.sampled = 0
        while self.sampled < min(sampling.max_tokens, self._llama.n_ctx() - len(tokens)):
            token = self._next(source)
            self.sampled += 1
            if self._api.llama_vocab_is_eog(self._vocabulary, token):
                break
            yield text.feed(self._llama.detokenize([token]))
            if text.stopped:
                return
        yield text.feed(b"", final=True)

    def _next(self, source: Iterator[int]) -> int:
        if self._poll():
            raise CancelledError
        try:
            return next(source)
        except RuntimeError as error:
            raise self._reason(error) from error

    def logits(self, tokens: list[int]) -> npt.NDArray[np.float32]:
        """Logits after these tokens, evaluated from nothing."""
        self.forget()
        self._poll = lambda: False
        self._eval(tokens)
        self._llama.n_tokens = 0
        values = self._api.llama_get_logits_ith(self._llama.ctx, -1)
        return np.ctypeslib.as_array(values, (self._llama.n_vocab(),)).copy()

    def _reusable(self, tokens: list[int], ends: list[int]) -> int:
        """How many leading chunks the cache has; never the last, whose logits are needed."""
        if not self._rewinds:
            return 0
        had = self._llama.input_ids
        keep, start = 0, 0
        for end, known in zip(ends[:-1], self._ends, strict=False):
            if end != known or had[start:end].tolist() != tokens[start:end]:
                break
            keep, start = keep + 1, end
        return keep

    def _grammar(self, text: str) -> Any:
        """The grammar, tried first: llama-cpp-python would hand on a NULL for one that is wrong."""
        if not text:
            return None
        from llama_cpp.llama_grammar import LlamaGrammar

        trial = self._api.llama_sampler_init_grammar(self._vocabulary, text.encode(), b"root")
        if not trial:
            raise ValueError("the grammar is not valid GBNF with a rule named root")
        self._api.llama_sampler_free(trial)
        return LlamaGrammar.from_string(text, verbose=False)

    def _eval(self, tokens: list[int]) -> None:
        if self._poll():
            raise CancelledError
        try:
            self._llama.eval(tokens)
        except RuntimeError as error:
            raise self._reason(error) from error

    def _reason(self, error: RuntimeError) -> Exception:
        """An aborted batch leaves the chunks before it whole, so the cache survives a cancel."""
        return CancelledError() if self._poll() else error


def _rewinds(llama: Any) -> bool:
    """Whether the cache still has what an earlier position needs."""
    import llama_cpp

    model = llama.model
    if llama_cpp.llama_model_is_recurrent(model) or llama_cpp.llama_model_is_hybrid(model):
        return False
    return bool(llama.context_params.swa_full) or not llama_cpp.llama_model_n_swa(model)


def _chunk_ends(prefix: int, total: int) -> list[int]:
    """Ends of the chunks of a prompt whose first `prefix` tokens are shared with others."""
    inside = {*range(CHUNK, prefix, CHUNK), *range(prefix + CHUNK, total, CHUNK)}
    return sorted({*inside, prefix, total} - {0})


class Stopwatch:
    """Seconds since it was made, and until the first token."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._start = clock()
        self.first: float | None = None

    def elapsed(self) -> float:
        """Seconds since the start."""
        return self._clock() - self._start

    def mark(self) -> None:
        """Note the first token."""
        if self.first is None:
            self.first = self.elapsed()
