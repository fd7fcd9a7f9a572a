"""LoRA adapters on a loaded llama.cpp model, by the calls that show whether they worked.

`Llama(lora_path=…)` takes a NULL adapter for a good one and crashes at the first decode.
"""

from pathlib import Path
from typing import Any

from voice.engines import gguf_file
from voice.engines.gguf_decode import Decoder
from voice.errors import UserError

_PROBE = "Press hard on the wound."


class AdapterSlot:
    """The adapter of one model, if any; changing it empties the decoder's cache."""

    def __init__(self, llama: Any, decoder: Decoder, model: gguf_file.GgufFile) -> None:
        self._llama = llama
        self._decoder = decoder
        self._model = model
        self._adapter: Any = None
        self._scale = 0.0

    def apply(self, path: Path, scale: float) -> None:
        """Use this adapter instead of the present one, which stays when the new one is no good."""
        gguf_file.check_adapter(gguf_file.read(path), self._model)
        adapter = self._load(path)
        old, old_scale = self._adapter, self._scale
        before = self._probe(None, 0.0)
        if (self._probe(adapter, scale) == before).all():
            self._set(old, old_scale)
            self._free(adapter)
            raise UserError(f"{path} changes nothing at scale {scale}; is it trained?")
        self._adapter, self._scale = adapter, scale
        self._free(old)

    def remove(self) -> None:
        """Go back to the bare model."""
        self._set(None, 0.0)
        self._free(self._adapter)
        self._adapter, self._scale = None, 0.0

    def _load(self, path: Path) -> Any:
        import llama_cpp

        adapter = llama_cpp.llama_adapter_lora_init(self._llama.model, str(path).encode())
        if not adapter:
            raise UserError(f"llama.cpp refuses the adapter {path}; convert it again")
        return adapter

    def _probe(self, adapter: Any, scale: float) -> Any:
        self._set(adapter, scale)
        return self._decoder.logits(self._llama.tokenize(_PROBE.encode()))

    def _set(self, adapter: Any, scale: float) -> None:
        import ctypes

        import llama_cpp

        count = 1 if adapter else 0
        adapters = (llama_cpp.llama_adapter_lora_p_ctypes * count)(*[adapter] * count)
        scales = (ctypes.c_float * count)(*[scale] * count)
        if llama_cpp.llama_set_adapters_lora(self._llama.ctx, adapters, count, scales):
            raise RuntimeError("llama.cpp could not set the adapter")
        self._decoder.forget()

    def _free(self, adapter: Any) -> None:
        import llama_cpp

        if adapter:
            llama_cpp.llama_adapter_lora_free(adapter)
