"""The engines, really started as for a conversation, each given one small task."""

import queue
import time
from collections.abc import Iterator

import numpy as np

from voice.config import Settings
from voice.doctor import machine
from voice.doctor.report import Finding, State
from voice.engines import interfaces as m
from voice.engines import roster
from voice.engines.host import WorkerHost, WorkerSpec
from voice.errors import UserError
from voice.events import EngineState
from voice.modelstore.cache import COMMAND

PHRASE = "Call for help, then push on the chest."
TASK_S = 30.0
CHECK_MODELS = f"See the reason; compare the models' checksums: {COMMAND} verify"
BUILD_FOR_GPU = (
    "Build it for the GPU: CMAKE_ARGS=-DGGML_CUDA=on pip install --force-reinstall "
    "--no-cache-dir llama-cpp-python"
)
_TERMINAL = (m.Transcript, m.Done, m.Failed)


def check(settings: Settings) -> Iterator[Finding]:
    """Start all workers, report what each loaded, and have it do its work once."""
    try:
        members = roster.from_settings(settings)
    except UserError as error:
        yield Finding("engines", "all", "missing", f"not started: {error}")
        return
    trials = [Trial(spec) for spec in members.specs()]
    try:
        for trial in trials:
            trial.host.start()
        speech = b""
        for trial in trials:
            if trial.host.wait(trial.patience_s) != "ready":
                yield trial.failed()
            elif trial.host.name == "tts":
                finding, speech = _synthesise(trial)
                yield finding
            elif trial.host.name == "llm":
                yield _generate(trial, settings)
            else:
                yield _recognise(trial, speech)
        if members.llm_absent:
            yield Finding("engines", "llm", "note", members.llm_absent)
        yield machine.memory([trial.host.pid for trial in trials if trial.host.pid])
    finally:
        for trial in trials:
            trial.host.close()


class Trial:
    """One worker under trial."""

    def __init__(self, spec: WorkerSpec) -> None:
        self.patience_s = spec.load_timeout_s
        self._started = time.monotonic()
        self._loaded_s = 0.0
        self._trouble = "it does not answer"
        self.host = WorkerHost(spec, self._on_state)

    def _on_state(self, state: EngineState, pid: int | None, detail: str) -> None:
        if state == "ready":
            self._loaded_s = time.monotonic() - self._started
        self._trouble = detail or self._trouble

    def ask(self, request: m.Request) -> tuple[list[m.Result], float]:
        """Give all results of a request and the seconds to the first; the last one ends it."""
        answers: queue.SimpleQueue[m.Result] = queue.SimpleQueue()
        begin = time.monotonic()
        self.host.submit(request, answers.put)
        results = [answers.get()]
        first = time.monotonic() - begin
        while not isinstance(results[-1], _TERMINAL):
            results.append(answers.get())
        return results, first

    def failed(self) -> Finding:
        """The worker did not come up; without the language model passages are spoken."""
        state: State = "note" if self.host.name == "llm" else "missing"
        return self.finding(state, self._trouble, CHECK_MODELS)

    def finding(self, state: State, task: str, advice: str = "") -> Finding:
        """Put together what was loaded and how the task went."""
        info = {key: value for key, value in self.host.info.items() if value != ""}
        if not info:
            return Finding("engines", self.host.name, state, task, advice)
        loaded = ", ".join(f"{key} {value}" for key, value in info.items())
        detail = f"loaded in {self._loaded_s:.1f} s; {task}; {loaded}"
        facts = info | {"loaded_s": round(self._loaded_s, 2)}
        return Finding("engines", self.host.name, state, detail, advice, facts)


def _synthesise(trial: Trial) -> tuple[Finding, bytes]:
    """Speak a phrase; gives its sound at the rate that recognition expects, for the others."""
    results, first_s = trial.ask(m.Synthesize(text=PHRASE, deadline_s=TASK_S))
    chunks = [result for result in results if isinstance(result, m.SpeechChunk)]
    if isinstance(results[-1], m.Failed) or not chunks:
        return trial.finding("missing", f"speaks nothing: {results[-1]}", CHECK_MODELS), b""
    import soxr

    sound = np.frombuffer(b"".join(chunk.audio for chunk in chunks), np.int16)
    heard = soxr.resample(sound, chunks[0].rate, m.SPEECH_RATE)
    return trial.finding("ok", f"first sound of a phrase after {first_s:.2f} s"), heard.tobytes()


def _recognise(trial: Trial, speech: bytes) -> Finding:
    if not speech:
        return trial.finding("note", "not tried: there was no speech to try it on")
    results, seconds = trial.ask(m.Transcribe(audio=speech, deadline_s=TASK_S))
    result = results[-1]
    if not isinstance(result, m.Transcript):
        return trial.finding("missing", f"recognises nothing: {result}", CHECK_MODELS)
    task = f"the phrase in {seconds:.2f} s as '{result.text.strip()}'"
    if "push on the chest" in result.text.lower():
        return trial.finding("ok", task)
    return trial.finding("note", task, f"Look at {trial.host.name}: it misheard '{PHRASE}'")


def _generate(trial: Trial, settings: Settings) -> Finding:
    request = m.Generate(prefix="", prompt="To stop bleeding,", max_tokens=8, deadline_s=TASK_S)
    results, first_s = trial.ask(request)
    tokens = "".join(result.text for result in results if isinstance(result, m.Token))
    if isinstance(results[-1], m.Failed) or not tokens:
        return trial.finding("note", f"writes nothing: {results[-1]}", CHECK_MODELS)
    task = f"first word after {first_s:.2f} s"
    if settings.llm.gpu_layers and not trial.host.info.get("gpu_offload"):
        task += f"; no GPU support in this build, though llm.gpu_layers = {settings.llm.gpu_layers}"
        return trial.finding("note", task, BUILD_FOR_GPU)
    return trial.finding("ok", task)
