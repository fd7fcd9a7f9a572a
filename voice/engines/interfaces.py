"""The three engines as the rest of the house sees them, and the messages they exchange.

The same structs cross the pipe to a worker process (see `wire`). Every request carries a
generation; `cancel(before)` drops all requests of a lower generation, running ones included.
Replies are delivered on a background thread of the engine's host, which must not be blocked:
a receiver puts them into an inbox and returns.
"""

from collections.abc import Callable
from typing import Literal, Protocol

import msgspec

from voice.events import EngineState

SPEECH_RATE = 16_000
"""Sample rate that speech recognition expects, in Hz."""


class Request(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something asked of a worker."""

    id: int = 0
    """Filled in by the host; unique for the life of a worker host."""
    generation: int = 0
    deadline_s: float = 10.0
    """Seconds after which the host gives up and treats the worker as hung."""
    background: bool = False
    """Nobody waits for it: it does not make its engine busy."""


class Transcribe(Request, frozen=True, kw_only=True, tag="transcribe"):
    """Recognise one utterance."""

    audio: bytes
    """Mono little-endian int16 at SPEECH_RATE."""
    window: Literal["auto", "short", "full"] = "auto"
    """`short`: the shortest encoder window that bears the clip; `full`: the usual 30 s;
    `auto`: short, then full when the result looks wrong (loops, low confidence)."""
    beam: int = 1
    nbest: int = 1
    hotwords: str = ""
    hint: str = ""
    """What is likely to be said. Words that are not certain are read a second time with it in
    mind, and weighed against what is heard then, see `Transcript.weighed`."""
    likely: tuple[str, ...] = ()
    """Whole utterances that may be meant, written as a recogniser would; weighed likewise."""
    max_tokens: int = 0
    """0: derived from the length of the audio."""


class Generate(Request, frozen=True, kw_only=True, tag="generate"):
    """Continue a prompt with the language model. `prefix` is byte-stable and kept in the cache."""

    prefix: str
    prompt: str
    """What follows the prefix."""
    max_tokens: int = 80
    temperature: float = 0.0
    seed: int = 0
    stop: tuple[str, ...] = ()
    grammar: str = ""
    """GBNF grammar, or empty."""
    schema: str = ""
    """JSON schema that the text has to follow instead of a grammar, or empty."""


class Prefill(Request, frozen=True, kw_only=True, tag="prefill"):
    """Evaluate a prompt ahead of time so that a later `Generate` that begins like it is quick."""

    prefix: str
    prompt: str = ""


class SetAdapter(Request, frozen=True, kw_only=True, tag="set_adapter"):
    """Apply the LoRA adapter at `path` with a scale, or remove it (empty path)."""

    path: str
    scale: float = 1.0


class Synthesize(Request, frozen=True, kw_only=True, tag="synthesize"):
    """Speak a text; audio arrives sentence by sentence."""

    text: str
    length_scale: float = 1.0


class Word(msgspec.Struct, frozen=True):
    """One decoder token of a transcript with its probability."""

    text: str
    probability: float


class Hypothesis(msgspec.Struct, frozen=True):
    """One reading of an utterance."""

    text: str
    avg_logprob: float
    """Mean log probability a token."""


class Weighed(msgspec.Struct, frozen=True):
    """One text and how well it explains what was heard, whatever else might have been said."""

    text: str
    logprob: float
    """Log probability of the whole text given the sound."""
    least: float
    """That of its least probable token given the ones before it."""
    tokens: int


class Response(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """Something a worker says about one request."""

    id: int
    generation: int


class Transcript(Response, frozen=True, kw_only=True, tag="transcript"):
    """The final result of `Transcribe`."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    alternatives: tuple[Hypothesis, ...] = ()
    """Further readings, best first; filled when `nbest` > 1."""
    weighed: tuple[Weighed, ...] = ()
    """The text itself, then what was heard with the hint in mind and those of the likely texts that
    are not plainly something else; empty where the text is certain or nothing was expected."""
    words: tuple[Word, ...] = ()
    window_s: float = 0.0
    """Length of the encoder window that gave the text."""
    looped: bool = False
    """The decoder repeated itself and the text was cut."""


class Token(Response, frozen=True, kw_only=True, tag="token"):
    """A piece of generated text."""

    text: str


class SpeechChunk(Response, frozen=True, kw_only=True, tag="speech_chunk"):
    """Audio of one sentence."""

    audio: bytes
    """Mono little-endian int16."""
    rate: int


class Done(Response, frozen=True, kw_only=True, tag="done"):
    """The last response of a request that streams (or has no result of its own)."""

    info: dict[str, float | int | str] = {}


FailReason = Literal["cancelled", "timeout", "died", "error"]


class Failed(Response, frozen=True, kw_only=True, tag="failed"):
    """The request has no (further) result."""

    reason: FailReason
    detail: str = ""


Result = Transcript | Token | SpeechChunk | Done | Failed
"""`Transcript`, `Done` and `Failed` end a request; each request gets exactly one of them."""
OnResult = Callable[[Result], None]


class Engine(Protocol):
    """One engine behind its host. All methods are thread-safe and return at once."""

    name: str
    info: dict[str, float | int | str]
    """What the worker says it loaded; filled when it is ready."""

    @property
    def state(self) -> EngineState:
        """Whether requests are served now."""

    @property
    def busy(self) -> bool:
        """Whether a request that somebody waits for is in flight."""

    def submit(self, request: Request, on_result: OnResult) -> int:
        """Queue a request and give its id; a request to a dead engine fails at once."""

    def cancel(self, before: int) -> None:
        """Drop every request whose generation is lower than `before`."""

    def close(self) -> None:
        """End the worker."""


class Worker(Protocol):
    """The inside of a worker process: what an engine's own file implements.

    `load` and `handle` run on the worker's main thread, one call at a time. Engines' packages
    are imported in `load`, never at the top of a file.
    """

    def load(self) -> dict[str, float | int | str]:
        """Load the model and give what was really loaded (model, threads, back end, …)."""

    def handle(
        self, request: Request, emit: Callable[[Result], None], cancelled: Callable[[], bool]
    ) -> None:
        """Serve one request: emit its results, the last one ending it, and poll `cancelled`.

        Raising ends the request with `Failed(reason="error")` carrying the exception's text.
        """
