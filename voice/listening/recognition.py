"""Which recogniser takes down a turn: base; tiny where base is dead, fails or keeps us waiting."""

from collections.abc import Collection

import msgspec

from voice.engines.interfaces import Engine, Failed, Result, Transcribe, Transcript
from voice.listening.levels import Audio
from voice.listening.messages import EngineName, Post, Tag


class _Job(msgspec.Struct):
    """The recognition of one turn."""

    request: Transcribe
    t: float
    """When it was asked for, in seconds on the input's axis."""
    asked: set[EngineName]
    waiting: int = 0
    """Requests without a result yet."""
    done: bool = False


class Recognition:
    """Requests to the two recognisers; for the loop's thread."""

    def __init__(
        self, base: Engine, tiny: Engine, post: Post, *, patience_s: float, deadline_s: float
    ) -> None:
        self._engines: dict[EngineName, Engine] = {"base": base, "tiny": tiny}
        self._post = post
        self._patience_s = patience_s
        self._deadline_s = deadline_s
        self._jobs: dict[int, _Job] = {}

    def partial(self, generation: int, audio: Audio, t: float) -> None:
        """Ask what has been said so far, instead of what was asked before."""
        self._engines["tiny"].cancel(min(self._jobs, default=generation))
        self._submit(self._request(generation, audio), Tag(generation, "tiny", "partial", t))

    def lookout(self, generation: int, audio: Audio, t: float) -> None:
        """Ask what is said in a piece of sound that may be anything."""
        self._submit(self._request(generation, audio), Tag(generation, "tiny", "lookout", t))

    def turn(
        self,
        generation: int,
        audio: Audio,
        t: float,
        hint: str = "",
        likely: tuple[str, ...] = (),
    ) -> bool:
        """Ask for the words of a turn, given what is likely; False when no recogniser is there."""
        request = self._request(generation, audio, hint, likely)
        job = self._jobs[generation] = _Job(request, t, set())
        return self._ask(job, "base") or self._ask(job, "tiny")

    def tend(self, t: float, awaited: Collection[int]) -> None:
        """Drop what is no longer awaited, and ask tiny for what base is late with."""
        stale = [g for g in self._jobs if g not in awaited]
        for generation in stale:
            self._drop(generation)
        for job in self._jobs.values():
            if not job.done and t - job.t >= self._patience_s:
                self._ask(job, "tiny")

    def _drop(self, generation: int) -> None:
        """A recogniser that is at it may still save itself a second, longer look."""
        job = self._jobs.pop(generation)
        for name in job.asked if job.waiting else ():
            self._engines[name].cancel(min(self._jobs, default=generation + 1))

    def result(self, result: Result, tag: Tag) -> Transcript | Failed | None:
        """Take a turn's result; give its words, or `Failed` when nobody will give any."""
        job = self._jobs.get(tag.generation)
        if job is None or job.done:
            return None
        job.waiting -= 1
        if isinstance(result, Transcript):
            job.done = True
            return result
        if self._ask(job, "tiny") or job.waiting or not isinstance(result, Failed):
            return None
        job.done = True
        return result

    def _ask(self, job: _Job, name: EngineName) -> bool:
        """Submit a job to an engine that lives and does not have it yet."""
        engine = self._engines[name]
        if name in job.asked or engine.state not in ("ready", "loading"):
            return False
        job.asked.add(name)
        job.waiting += 1
        engine.cancel(min(self._jobs))  # partials that are in the way
        self._submit(job.request, Tag(job.request.generation, name, "turn", job.t))
        return True

    def _request(
        self, generation: int, audio: Audio, hint: str = "", likely: tuple[str, ...] = ()
    ) -> Transcribe:
        return Transcribe(
            audio=audio.astype("<i2").tobytes(),
            generation=generation,
            hint=hint,
            likely=likely,
            deadline_s=self._deadline_s,
        )

    def _submit(self, request: Transcribe, tag: Tag) -> None:
        self._engines[tag.engine].submit(request, lambda result: self._post(result, tag))
