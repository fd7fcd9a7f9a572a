"""Python, packages, cores and memory."""

import os
import platform
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from voice.config import Settings
from voice.doctor.report import Finding
from voice.modelstore.files import megabytes

PACKAGES = (
    "faster-whisper",
    "ctranslate2",
    "onnxruntime",
    "piper-tts",
    "numpy",
    "sounddevice",
    "soundfile",
    "soxr",
    "webrtcvad-wheels",
)

SPARE_BYTES = 300_000_000
"""Below this the system begins to swap or kill while the engines work."""


def check(settings: Settings) -> Iterator[Finding]:
    """Look at what the engines will run on."""
    system = f"{platform.system()} {platform.machine()}"
    yield Finding("machine", "python", "ok", f"{platform.python_version()} on {system}")
    yield _packages()
    yield _llama()
    yield threads(settings, cores())


def cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0))


def threads(settings: Settings, available: int) -> Finding:
    """Compare thread budgets with the cores. They may overlap, as the engines take turns."""
    budget = {
        "stt": settings.stt.threads,
        "tiny": settings.stt.tiny_threads,
        "llm": settings.llm.threads if settings.llm.model else 0,
        "tts": settings.tts.threads,
    }
    detail = f"{available} cores; threads: " + ", ".join(f"{k} {v}" for k, v in budget.items())
    limit = max(1, available - 1)
    if budget["llm"] > limit:
        # llama.cpp's threads wait for each other: one that gets no core stalls them all.
        advice = f"Leave the other engines and the audio a core: llm.threads = {limit}"
    elif max(budget.values()) > available:
        advice = f"Give no engine more threads than the {available} cores (see [stt] and [tts])."
    else:
        return Finding("machine", "threads", "ok", detail)
    return Finding("machine", "threads", "note", detail, advice)


def memory(pids: list[int]) -> Finding:
    """Memory of the running engines, each shared page counted once, and what is left."""
    used = sum(_kilobytes(Path(f"/proc/{pid}/smaps_rollup"), "Pss") for pid in pids) * 1024
    free = _kilobytes(Path("/proc/meminfo"), "MemAvailable") * 1024
    detail = f"engines use {megabytes(used)}; {megabytes(free)} are still available"
    facts: dict[str, float | int | str] = {"used_bytes": used, "available_bytes": free}
    if free > SPARE_BYTES:
        return Finding("engines", "memory", "ok", detail, facts=facts)
    advice = "Close other programs, or choose a smaller llm.model."
    return Finding("engines", "memory", "note", detail, advice, facts)


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _packages() -> Finding:
    versions = {package: _version(package) for package in PACKAGES}
    absent = [package for package, version in versions.items() if not version]
    if absent:
        return Finding(
            "machine",
            "packages",
            "missing",
            f"not installed: {', '.join(absent)}",
            "Install the packages: make setup",
        )
    listed = ", ".join(f"{package} {version}" for package, version in versions.items())
    return Finding("machine", "packages", "ok", listed)


def _llama() -> Finding:
    version = _version("llama-cpp-python")
    if version:
        return Finding("machine", "llama.cpp", "ok", f"llama-cpp-python {version}")
    return Finding(
        "machine",
        "llama.cpp",
        "note",
        "llama-cpp-python is not installed: questions are answered from passages only",
        "For worded answers install the language model's engine: make setup",
    )


def _kilobytes(file: Path, key: str) -> int:
    try:
        for row in file.read_text().splitlines():
            if row.startswith(f"{key}:"):
                return int(row.split()[1])
    except OSError:  # the process has ended, or belongs to somebody else
        pass
    return 0
