"""The listening room: microphone blocks and transcripts in, turns and events out.

Owns the audio that may still be needed, the voice activity, the turn machine, and the requests to
the two recognisers: `base` for turns, `tiny` for partials and wherever base fails or is late.
"""

from collections.abc import Callable
from typing import Literal

import msgspec
import numpy as np

from voice.audio.interface import INPUT_BLOCK, INPUT_RATE, MicBlock
from voice.config import Settings
from voice.engines.interfaces import Engine, Result, Transcribe, Transcript
from voice.events import Partial, SpeechEnd, SpeechStart, TranscriptEvent
from voice.listening import gate, levels, turns
from voice.listening.completeness import completeness
from voice.listening.ring import Ring
from voice.listening.vad import VoiceActivity

EngineName = Literal["base", "tiny"]


class Tag(msgspec.Struct, frozen=True):
    """Goes with a request and comes back with its result."""

    generation: int
    engine: EngineName
    partial: bool
    t: float
    """End of the audio in seconds."""


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A committed turn for the dialogue."""

    turn: int
    revision: int
    """Above 0: the same turn again, with more words; replaces the lower revision."""
    text: str
    confidence: float
    alternatives: tuple[str, ...]
    accepted: bool
    reason: str
    """Why it was not accepted."""
    began: float
    last_voiced: float
    """Seconds on the input's axis, like `began`."""
    overlapped: bool
    """It began while the assistant was speaking."""


class Reopened(msgspec.Struct, frozen=True):
    """A committed turn goes on: what was made of it no longer holds, a `Turn` will follow."""

    t: float
    turn: int
    revision: int


class Alarm(msgspec.Struct, frozen=True):
    """Somebody spoke and no recogniser could take it down."""

    t: float
    detail: str


Output = SpeechStart | SpeechEnd | Partial | TranscriptEvent | Turn | Reopened | Alarm
Post = Callable[[Result, Tag], None]
"""Puts a result into the loop's inbox, which gives it to `Listener.on_transcript`."""


class _Pending(msgspec.Struct):
    """The recognition of one turn until its commit."""

    request: Transcribe
    tag: Tag
    span: turns.Span
    asked: set[EngineName]
    waiting: int
    """Requests without a result yet."""
    verdict: gate.Verdict | None = None
    alternatives: tuple[str, ...] = ()


class Listener:
    """Called on the loop's thread only; the engines' results arrive through its inbox."""

    def __init__(
        self,
        settings: Settings,
        base: Engine,
        tiny: Engine,
        post: Post,
        *,
        expected: Callable[[str], bool] = lambda text: False,
    ) -> None:
        """`expected` tells whether a text is a whole command or answer that makes sense now."""
        self._rules = turns.Rules.of(settings.listening)
        self._patience = settings.listening.backup_ms * INPUT_RATE // 1000
        self._deadline_s = settings.stt.deadline_s
        self._engines: dict[EngineName, Engine] = {"base": base, "tiny": tiny}
        self._post = post
        self._expected = expected
        self._vad = VoiceActivity(settings.listening.vad_threshold)
        self._ring = Ring(self._rules.longest + INPUT_RATE)
        self._state = turns.State()
        self._pending: dict[int, _Pending] = {}
        self._partial: Partial | None = None

    # --- what the loop calls -----------------------------------------------------------------

    def push(self, start: int, block: MicBlock) -> list[Output]:
        """Take 10 ms from the microphone; samples missing before `start` count as silence."""
        outputs: list[Output] = []
        while self._ring.end < start:
            missing = min(start - self._ring.end, INPUT_BLOCK)
            outputs += self._hear(np.zeros(missing, np.int16))
        return outputs + self._hear(block)

    def on_transcript(self, result: Result, tag: Tag) -> list[Output]:
        """Take the result of a request that this listener made."""
        if tag.partial:
            return self._partial_done(result, tag)
        pending = self._pending.get(tag.generation)
        if pending is None or pending.verdict is not None:
            return []
        pending.waiting -= 1
        if isinstance(result, Transcript):
            return self._decoded(pending, result)
        return self._fall_back(pending)

    @property
    def idle(self) -> bool:
        """Whether nobody is speaking and no words are awaited."""
        return self._state.open is None and not self._state.cut

    def playback(self, sample: int, on: bool) -> list[Output]:
        """Note that the assistant's voice became audible or silent at a sample of the input."""
        return self._step(turns.Playback(sample, on))

    # --- the turn machine's actions ----------------------------------------------------------

    def _hear(self, block: MicBlock) -> list[Output]:
        self._ring.append(block)
        outputs: list[Output] = []
        for frame in self._vad.push(block):
            outputs += self._step(frame)
        for pending in list(self._pending.values()):
            late = self._ring.end - round(pending.tag.t * INPUT_RATE) >= self._patience
            if late and pending.verdict is None and "tiny" not in pending.asked:
                self._ask(pending, "tiny")
        return outputs

    def _step(self, event: turns.Event) -> list[Output]:
        self._state, actions = turns.step(self._state, event, self._rules)
        outputs: list[Output] = []
        for action in actions:
            outputs += self._perform(action)
        return outputs

    def _perform(self, action: turns.Action) -> list[Output]:
        match action:
            case turns.Began(span=span):
                return [SpeechStart(t=self._edges(span)[0])]
            case turns.Reopened(span=span, resumed=resumed):
                return [
                    SpeechStart(t=resumed / INPUT_RATE),
                    Reopened(resumed / INPUT_RATE, span.turn, span.revision),
                ]
            case turns.DecodePartial(generation=generation, span=span, end=end):
                self._ask_partial(generation, span, end)
                return []
            case turns.ShowPartial():
                return [self._partial] if self._partial else []
            case turns.Decode(generation=generation, span=span, end=end):
                return self._recognise(generation, span, end)
            case turns.Commit(generation=generation, span=span):
                return self._commit(self._pending.pop(generation), span)
            case turns.Drop():
                return []

    def _edges(self, span: turns.Span) -> tuple[float, float]:
        """First and last voiced moment of a turn in seconds, by its energy."""
        offset = span.audio_start
        audio = self._ring.read(offset, self._ring.end)
        first, last = levels.edges(audio, span.first - offset, span.last - offset)
        return (first + offset) / INPUT_RATE, (last + offset) / INPUT_RATE

    def _commit(self, pending: _Pending, span: turns.Span) -> list[Output]:
        verdict = pending.verdict
        assert verdict is not None
        began, last_voiced = self._edges(span)
        return [
            SpeechEnd(t=last_voiced),
            TranscriptEvent(
                t=self._state.now / INPUT_RATE,
                text=verdict.text,
                confidence=verdict.confidence,
                accepted=verdict.accepted,
                revision=span.revision,
            ),
            Turn(
                turn=span.turn,
                revision=span.revision,
                text=verdict.text,
                confidence=verdict.confidence,
                alternatives=pending.alternatives,
                accepted=verdict.accepted,
                reason=verdict.reason,
                began=began,
                last_voiced=last_voiced,
                overlapped=span.overlapped,
            ),
        ]

    # --- requests and results ----------------------------------------------------------------

    def _recognise(self, generation: int, span: turns.Span, end: int) -> list[Output]:
        awaited = self._state.awaited()
        self._pending = {g: p for g, p in self._pending.items() if g in awaited}
        pending = _Pending(
            request=self._request(generation, span, end),
            tag=Tag(generation, "base", False, end / INPUT_RATE),
            span=span,
            asked=set(),
            waiting=0,
        )
        self._pending[generation] = pending
        if self._serves("base"):
            self._ask(pending, "base")
            return []
        return self._fall_back(pending)

    def _request(self, generation: int, span: turns.Span, end: int) -> Transcribe:
        audio = self._ring.read(span.audio_start, end)
        return Transcribe(
            audio=audio.astype("<i2").tobytes(),
            generation=generation,
            deadline_s=self._deadline_s,
        )

    def _serves(self, name: EngineName) -> bool:
        return self._engines[name].state in ("ready", "loading")

    def _ask(self, pending: _Pending, name: EngineName) -> None:
        pending.asked.add(name)
        pending.waiting += 1
        self._engines[name].cancel(min(self._state.awaited()))  # what is stale is in the way
        self._submit(pending.request, msgspec.structs.replace(pending.tag, engine=name))

    def _submit(self, request: Transcribe, tag: Tag) -> None:
        self._engines[tag.engine].submit(request, lambda result: self._post(result, tag))

    def _fall_back(self, pending: _Pending) -> list[Output]:
        """One recogniser failed: ask the other, or give up when both have."""
        if "tiny" not in pending.asked and self._serves("tiny"):
            self._ask(pending, "tiny")
            return []
        if pending.waiting:
            return []
        pending.verdict = gate.Verdict(False, 0.0, "", "no recogniser")
        alarm = Alarm(pending.tag.t, "speech was heard and no recogniser could take it down")
        return [alarm, *self._step(turns.Decoded(pending.tag.generation, "open"))]

    def _decoded(self, pending: _Pending, transcript: Transcript) -> list[Output]:
        verdict = self._judge(transcript, pending.span, pending.request)
        pending.verdict = verdict
        pending.alternatives = tuple(other.text for other in transcript.alternatives)
        heard = completeness(verdict.text, self._expected) if verdict.accepted else "open"
        return self._step(turns.Decoded(pending.tag.generation, heard))

    def _judge(self, said: Transcript, span: turns.Span, request: Transcribe) -> gate.Verdict:
        evidence = gate.Evidence(
            text=said.text,
            avg_logprob=said.avg_logprob,
            no_speech_prob=said.no_speech_prob,
            voiced_s=span.voiced / INPUT_RATE,
            snr_db=levels.speech_to_noise(np.frombuffer(request.audio, "<i2")),
            looped=said.looped,
        )
        return gate.judge(evidence, self._expected)

    def _ask_partial(self, generation: int, span: turns.Span, end: int) -> None:
        tag = Tag(generation, "tiny", True, end / INPUT_RATE)
        self._submit(self._request(generation, span, end), tag)

    def _partial_done(self, result: Result, tag: Tag) -> list[Output]:
        self._partial = None
        if isinstance(result, Transcript) and result.text:
            self._partial = Partial(t=tag.t, text=result.text)
        return self._step(turns.PartialDone(tag.generation))
