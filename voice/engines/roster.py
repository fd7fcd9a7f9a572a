"""The workers of one assistant, made from the settings: which model, threads and environment."""

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from voice.config import Settings
from voice.engines.process import WorkerSpec
from voice.errors import MissingError

Locate = Callable[[str, Path], Path]
"""Gives the directory of a complete model; raises MissingError."""


@dataclass(frozen=True)
class Roster:
    """What to start. `stt`, `tiny` and `tts` are needed; the language model may be absent."""

    stt: WorkerSpec
    tiny: WorkerSpec
    tts: WorkerSpec
    llm: WorkerSpec | None
    llm_absent: str = ""
    """Why there is no language model."""

    def specs(self) -> tuple[WorkerSpec, ...]:
        """All workers, in the order in which they should start: what is needed first, first."""
        llm = (self.llm,) if self.llm else ()
        return (self.tts, self.tiny, self.stt, *llm)


def from_settings(settings: Settings, locate: Locate | None = None) -> Roster:
    """Resolve every model on this machine; raises MissingError for one that is needed."""
    find = locate or _locate
    cache = settings.cache_dir()
    llm, absent = _llm(settings, find, cache)
    return Roster(
        stt=_whisper("stt", find(settings.stt.model, cache), settings.stt.threads),
        tiny=_whisper("tiny", find(settings.stt.tiny, cache), settings.stt.tiny_threads),
        tts=_piper(settings, find, cache),
        llm=llm,
        llm_absent=absent,
    )


def thread_environment(threads: int) -> dict[str, str]:
    """Budget for OpenMP. Waiting threads sleep: several workers share the cores, and spinning
    ones starve whoever has the next word.
    """
    return {"OMP_NUM_THREADS": str(threads), "OMP_WAIT_POLICY": "PASSIVE"}


def _whisper(name: str, path: Path, threads: int) -> WorkerSpec:
    return WorkerSpec(
        name=name,
        module="voice.engines.whisper_worker",
        options={"model_path": str(path), "threads": threads},
        env=thread_environment(threads),
        unwind_s=8.0,  # a decode cannot be interrupted
    )


def _piper(settings: Settings, find: Locate, cache: Path) -> WorkerSpec:
    threads = settings.tts.threads
    return WorkerSpec(
        name="tts",
        module="voice.engines.piper_worker",
        options={
            "voice_path": str(only_file(find(settings.tts.voice, cache), ".onnx")),
            "threads": threads,
        },
        env=thread_environment(threads),
    )


def _llm(settings: Settings, find: Locate, cache: Path) -> tuple[WorkerSpec | None, str]:
    llm = settings.llm
    if not llm.model:
        return None, "switched off: llm.model is empty"
    if importlib.util.find_spec("llama_cpp") is None:
        return None, "llama-cpp-python is not installed"
    options: dict[str, Any] = {
        "model_path": str(only_file(find(llm.model, cache), ".gguf")),
        "adapter_path": _adapter(llm.adapter, find, cache),
        "adapter_scale": llm.adapter_scale,
        "context": llm.context,
        "threads": llm.threads,
        "gpu_layers": llm.gpu_layers,
        "style": _style(llm.model),
    }
    spec = WorkerSpec(
        name="llm",
        module="voice.engines.gguf_worker",
        options=options,
        env=thread_environment(llm.threads),
        load_timeout_s=180.0,  # gigabytes from a slow disk
    )
    return spec, ""


def only_file(directory: Path, suffix: str) -> Path:
    """The one file of this kind in a model's directory; raises MissingError."""
    found = sorted(directory.glob(f"*{suffix}"))
    if len(found) != 1:
        raise MissingError(f"{directory} should hold one {suffix} file and holds {len(found)}")
    return found[0]


def _adapter(adapter: str, find: Locate, cache: Path) -> str:
    """An adapter is named by its path or by its name in the catalogue."""
    if not adapter:
        return ""
    path = Path(adapter).expanduser()
    if path.suffix == ".gguf":
        if not path.is_file():
            raise MissingError(f"llm.adapter: there is no file {path}")
        return str(path)
    return str(only_file(find(adapter, cache), ".gguf"))


def _style(name: str) -> str:
    """How the model is prompted, from the catalogue."""
    return "completion"


def _locate(name: str, cache: Path) -> Path:
    directory = cache / name
    if not directory.is_dir():
        raise MissingError(f"model {name} is not in {cache}; run: run_assistant.py models fetch")
    return directory
