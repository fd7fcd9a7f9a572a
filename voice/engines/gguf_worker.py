"""The language model's worker: a GGUF file on llama.cpp, with an optional LoRA adapter.

Runs in a process of its own (see `worker_main`); everything here is on that process's main
thread. Only local paths are opened, and files are checked before the native loader sees them.
"""

from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import msgspec

from voice.engines import gguf_file, interfaces
from voice.engines.gguf_decode import CancelledError, Decoder, Sampling, Stopwatch
from voice.engines.gguf_lora import AdapterSlot
from voice.errors import MissingError, UserError

Style = Literal["completion", "gemma-chat"]
Emit = Callable[[interfaces.Result], None]
Poll = Callable[[], bool]
Info = dict[str, float | int | str]

CHAT_TOKENS = ("<start_of_turn>", "<end_of_turn>")
_LOG_ERROR = 4


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to load and how."""

    model_path: str
    adapter_path: str = ""
    adapter_scale: float = 1.0
    context: int = 2048
    """Tokens."""
    threads: int = 1
    gpu_layers: int = 0
    """Layers on the GPU; -1: all."""
    flash_attention: bool = True
    swa_full: bool = True
    """Without it a model with a sliding window cannot go back to a prefix, which is read anew."""
    style: Style = "completion"
    """`gemma-chat`: turn markers in a prompt become the model's control tokens."""


def create(options: dict[str, Any]) -> "GgufWorker":
    """Make the worker; nothing is loaded yet."""
    return GgufWorker(msgspec.convert(options, Options))


class GgufWorker:
    """Implements `interfaces.Worker` for Generate, Prefill and SetAdapter."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._llama: Any = None
        self._decoder: Decoder
        self._adapter: AdapterSlot

    def load(self) -> Info:
        """Load the model and the adapter; a mistake of the user's is one line."""
        options = self._options
        file = gguf_file.read(Path(options.model_path))
        gguf_file.check_model(file)
        self._llama = _load_llama(options)
        self._check_chat_tokens()
        self._decoder = Decoder(self._llama)
        self._adapter = AdapterSlot(self._llama, self._decoder, file)
        if options.adapter_path:
            self._adapter.apply(Path(options.adapter_path), options.adapter_scale)
        return self._info(file)

    def handle(self, request: interfaces.Request, emit: Emit, cancelled: Poll) -> None:
        """Serve one request; a dropped one ends with `Failed(reason="cancelled")`."""
        try:
            info = self._serve(request, emit, cancelled)
        except CancelledError:
            emit(
                interfaces.Failed(id=request.id, generation=request.generation, reason="cancelled")
            )
        else:
            emit(interfaces.Done(id=request.id, generation=request.generation, info=info))

    def _serve(self, request: interfaces.Request, emit: Emit, cancelled: Poll) -> Info:
        match request:
            case interfaces.Generate():
                return self._generate(request, emit, cancelled)
            case interfaces.Prefill():
                prefix, prompt = self._tokenize(request)
                cached = self._decoder.prefill(prefix, prompt, cancelled)
                return {"prompt_tokens": len(prefix + prompt), "cached_tokens": cached}
            case interfaces.SetAdapter(path=""):
                self._adapter.remove()
                return {"adapter": ""}
            case interfaces.SetAdapter(path=path, scale=scale):
                self._adapter.apply(Path(path), scale)
                return {"adapter": path}
            case _:
                raise TypeError(f"a language model does not serve {type(request).__name__}")

    def _generate(self, request: interfaces.Generate, emit: Emit, cancelled: Poll) -> Info:
        watch = Stopwatch()
        prefix, prompt = self._tokenize(request)
        cached = self._decoder.prefill(prefix, prompt, cancelled)
        sampling = Sampling(
            max_tokens=request.max_tokens,
            temperature=request.temperature,
            seed=request.seed,
            stop=request.stop,
            grammar=request.grammar or _grammar(request.schema),
        )
        for text in self._decoder.generate(prefix + prompt, sampling, cancelled):
            watch.mark()
            if text:
                emit(interfaces.Token(id=request.id, generation=request.generation, text=text))
        return {
            "prompt_tokens": len(prefix + prompt),
            "cached_tokens": cached,
            "tokens": self._decoder.sampled,
            "first_token_s": round(watch.first or watch.elapsed(), 4),
            "seconds": round(watch.elapsed(), 4),
        }

    def _tokenize(
        self, request: interfaces.Generate | interfaces.Prefill
    ) -> tuple[list[int], list[int]]:
        special = self._options.style == "gemma-chat"
        return self._decoder.tokenize(request.prefix, request.prompt, special)

    def _check_chat_tokens(self) -> None:
        if self._options.style != "gemma-chat":
            return
        for name in CHAT_TOKENS:
            if len(self._llama.tokenize(name.encode(), add_bos=False, special=True)) != 1:
                raise UserError(
                    f"{self._options.model_path} has no token {name}: it is no Gemma chat model;"
                    " set its prompt style to completion in models/models.toml"
                )

    def _info(self, file: gguf_file.GgufFile) -> Info:
        import llama_cpp

        offload = bool(llama_cpp.llama_supports_gpu_offload())
        return {
            "model": file.path.name,
            "architecture": file.architecture,
            "chat_format": self._options.style,
            "chat_template": int("tokenizer.chat_template" in file.metadata),
            "adapter": self._options.adapter_path,
            "context": self._llama.n_ctx(),
            "threads": self._options.threads,
            "gpu_offload": int(offload),
            "gpu_layers": self._options.gpu_layers if offload else 0,
            "flash_attention": int(self._options.flash_attention),
            "swa_full": int(self._options.swa_full),
            "back_end": f"llama.cpp {llama_cpp.__version__} {'GPU' if offload else 'CPU'}",
        }


def _grammar(schema: str) -> str:
    """The GBNF grammar of a JSON schema."""
    if not schema:
        return ""
    from llama_cpp.llama_grammar import json_schema_to_gbnf

    try:
        return str(json_schema_to_gbnf(schema))
    except Exception as error:  # its converter asserts and stumbles in many ways
        raise ValueError(f"this JSON schema cannot become a grammar: {error!r}") from None


def _load_llama(options: Options) -> Any:
    """The loaded model, with the cache settings that this worker relies on."""
    try:
        import llama_cpp
    except ImportError:
        raise MissingError(
            "llama-cpp-python is not installed: pip install 'rescue-voice[llm]',"
            " or leave llm.model empty"
        ) from None
    complaints = _listen_to_llama_cpp()
    try:
        return llama_cpp.Llama(
            options.model_path,
            n_ctx=options.context,
            n_threads=options.threads,
            n_threads_batch=options.threads,
            n_gpu_layers=options.gpu_layers,
            flash_attn=options.flash_attention,
            swa_full=options.swa_full,
            verbose=False,
        )
    except ValueError as error:
        reason = complaints[0] if complaints else str(error)
        raise UserError(f"llama.cpp cannot load {options.model_path}: {reason}") from None


_callbacks: list[Any] = []
"""llama.cpp keeps only addresses: what it may call must live as long as the process."""


def _listen_to_llama_cpp() -> deque[str]:
    """Drop llama.cpp's chatter and give where its errors will be collected."""
    import ctypes

    import llama_cpp

    errors: deque[str] = deque(maxlen=8)

    def on_log(level: int, text: bytes, _data: Any) -> None:
        if level == _LOG_ERROR:
            errors.append(text.decode("utf-8", "replace").strip())

    _callbacks[:] = [llama_cpp.llama_log_callback(on_log)]
    llama_cpp.llama_log_set(_callbacks[0], ctypes.c_void_p(0))
    return errors
