"""The workers of one assistant, made from the settings: which model, threads and environment."""

import importlib.util
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from msgspec import structs

from voice import modelstore
from voice.config import ROOT, Settings, located
from voice.engines import gguf_file
from voice.engines.process import WorkerSpec
from voice.errors import MissingError, UserError
from voice.modelstore import catalogue
from voice.modelstore.cache import COMMAND

_OWN = ROOT / "models" / "adapters"
"""Our own adapters, each named like the model that it changes."""
_DECODE_UNWIND_S = 8.0
"""A Whisper decode cannot be interrupted; on a busy machine a long one takes seconds."""
_LLM_LOAD_S = 180.0
"""Gigabytes may come from a slow disk."""


@dataclass(frozen=True)
class Roster:
    """What to start. Recognition and synthesis are needed; the language model may be absent."""

    stt: WorkerSpec
    tiny: WorkerSpec
    tts: WorkerSpec
    llm: WorkerSpec | None
    llm_absent: str = ""
    """Why there is no language model."""

    def specs(self) -> tuple[WorkerSpec, ...]:
        """All workers, the most needed first."""
        llm = (self.llm,) if self.llm else ()
        return (self.tts, self.tiny, self.stt, *llm)


def from_settings(settings: Settings) -> Roster:
    """Find every model that the settings name; raises MissingError or UserError."""
    absent = llm_absent(settings)
    return Roster(
        stt=stt(settings),
        tiny=whisper("tiny", settings.stt.tiny, settings.stt.tiny_threads, settings.cache_dir()),
        tts=piper(settings),
        llm=None if absent else llm(settings),
        llm_absent=absent,
    )


def stt(settings: Settings) -> WorkerSpec:
    """The recogniser of committed turns, with our own adapter where its model has one."""
    about = settings.stt
    adapter = _OWN / f"{about.model}.npz"
    used = adapter if about.adapter_scale and adapter.is_file() else None
    spec = whisper("stt", about.model, about.threads, settings.cache_dir())
    adapted = {"adapter_path": str(used or ""), "adapter_scale": about.adapter_scale}
    return structs.replace(spec, options={**spec.options, **adapted})


def whisper(name: str, model: str, threads: int, cache: Path) -> WorkerSpec:
    """A speech recognition worker for a model of the catalogue, as it was published."""
    return WorkerSpec(
        name=name,
        module="voice.engines.whisper_worker",
        options={
            "model_path": str(modelstore.locate(model, cache)),
            "threads": threads,
        },
        env=_thread_budget(threads),
        unwind_s=_DECODE_UNWIND_S,
    )


def piper(settings: Settings) -> WorkerSpec:
    """A speech synthesis worker with the voice of the settings."""
    voice = modelstore.opens(settings.tts.voice, settings.cache_dir())
    return WorkerSpec(
        name="tts",
        module="voice.engines.piper_worker",
        options={"voice_path": str(voice), "threads": settings.tts.threads},
        env=_thread_budget(settings.tts.threads),
    )


def llm_absent(settings: Settings) -> str:
    """Why there can be no language model, or an empty string."""
    if not settings.llm.model:
        return "switched off: llm.model is empty"
    if importlib.util.find_spec("llama_cpp") is None:
        return "llama-cpp-python is not installed"
    return ""


def drafts_refused(settings: Settings) -> str:
    """Why the model may not draft steps though the profile allows it, or an empty string."""
    name = settings.llm.model
    if not settings.answers.drafts:
        return ""
    if settings.content.require_signed:
        return "content.require_signed allows signed words only"
    if absent := llm_absent(settings):
        return absent
    if settings.answers.drafts_force:
        return ""
    if catalogue.is_file(name):
        return f"{name} is no model that the catalogue calls large enough"
    return "" if modelstore.load().entry(name).drafts else f"{name} is too small for that"


def llm(settings: Settings) -> WorkerSpec:
    """A language model worker; raises MissingError for files that are not here, UserError for an
    adapter that does not fit.
    """
    llm = settings.llm
    model = _model(settings)
    lora = adapter(settings)
    if lora:  # a mistake in the settings is told at once, not by a worker that does not load
        gguf_file.check_adapter(gguf_file.read(lora), gguf_file.read(model))
    options: dict[str, Any] = {
        "model_path": str(model),
        "adapter_path": str(lora or ""),
        "adapter_scale": llm.adapter_scale,
        "context": llm.context,
        "threads": llm.threads,
        "gpu_layers": llm.gpu_layers,
        "flash_attention": llm.flash_attention,
        "swa_full": llm.swa_full,
        "style": llm.template or _template(llm.model, model),
    }
    return WorkerSpec(
        name="llm",
        module="voice.engines.gguf_worker",
        options=options,
        env=_thread_budget(llm.threads),
        load_timeout_s=_LLM_LOAD_S,
    )


def _model(settings: Settings) -> Path:
    """The weights: of the catalogue's model, or the file that is named."""
    if catalogue.is_file(settings.llm.model):
        return _file("llm.model", settings.llm.model)
    return modelstore.opens(settings.llm.model, settings.cache_dir())


def _template(name: str, model: Path) -> str:
    """How the model is asked where the profile does not say it."""
    if catalogue.is_file(name):
        return gguf_file.template(gguf_file.read(model))
    return modelstore.load().entry(name).prompt


def adapter(settings: Settings) -> Path | None:
    """The adapter's file, named by its path or by its name in the catalogue; raises as `llm`."""
    name = settings.llm.adapter
    if not name:
        return None
    if catalogue.is_file(name):
        return _file("llm.adapter", name)
    entry = modelstore.load().entry(name)
    if entry.base and entry.base != settings.llm.model:
        raise UserError(
            f"llm.adapter = '{name}' was trained on {entry.base}, but llm.model is"
            f" '{settings.llm.model}'; an adapter fits no other model"
        )
    path = modelstore.opens(name, settings.cache_dir())
    if path.suffix != ".gguf":
        raise UserError(
            f"llm.adapter = '{name}' is in PEFT format; convert it once with"
            f" `{COMMAND} convert-adapter {path.parent} --base {entry.base} --output FILE.gguf`,"
            " then set llm.adapter to that file"
        )
    return path


def _file(option: str, name: str) -> Path:
    path = located(name)
    if not path.is_file():
        raise MissingError(f"{option}: there is no file {path}")
    return path


def _thread_budget(threads: int) -> dict[str, str]:
    """Environment for OpenMP: several workers share the cores, and threads that spin while they
    wait would starve the one whose turn it is (ggml then slows down tenfold and more).
    """
    return {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}
