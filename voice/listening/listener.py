"""The listening room: microphone blocks and transcripts in, turns and events out."""

from collections.abc import Callable, Sequence

import msgspec
import numpy as np
from msgspec.structs import replace

from voice.audio.interface import INPUT_BLOCK, INPUT_RATE, MicBlock
from voice.config import Settings
from voice.engines.interfaces import Engine, Failed, Result, Transcript, Weighed
from voice.events import Partial, SpeechEnd, SpeechStart, TranscriptEvent
from voice.listening import gate, levels, turns
from voice.listening import turn_types as m
from voice.listening.belief import Belief
from voice.listening.completeness import completeness
from voice.listening.lookout import Lookout, spotted
from voice.listening.memory import Memory
from voice.listening.messages import (
    Alarm,
    Output,
    Post,
    Reopened,
    Settled,
    Stirred,
    Tag,
    Turn,
)
from voice.listening.recognition import Recognition
from voice.listening.vad import VoiceActivity

_LEARNT = 3 * INPUT_RATE
"""Samples in which our voice must have sounded until its echo is known."""

__all__ = ["Alarm", "Listener", "Output", "Post", "Reopened", "Settled", "Stirred", "Tag", "Turn"]


class _Words(msgspec.Struct, frozen=True):
    """What a recognition gave. Times are seconds on the input's axis."""

    verdict: gate.Verdict
    alternatives: tuple[str, ...]
    asked: float
    came: float


_NO_WORDS = gate.Verdict(False, 0.0, "", "no recogniser")


class Listener:
    """Called on the loop's thread only; the recognisers' results arrive through its inbox."""

    def __init__(
        self,
        settings: Settings,
        base: Engine,
        tiny: Engine,
        post: Post,
        *,
        expected: Callable[[str], bool] = lambda text: False,
        settled: Callable[[str], bool] = lambda text: False,
        urgent: Callable[[str], bool] = lambda text: False,
        begins: Callable[[str], bool] = lambda text: False,
        spot: Callable[[str], str | None] = lambda text: None,
        hint: Callable[[], str] = lambda: "",
        likely: Callable[[], tuple[str, ...]] = lambda: (),
        chosen: Callable[[Sequence[Weighed]], Weighed | None] = lambda weighed: None,
    ) -> None:
        """The first four are asked about what was heard as a whole.

        `expected` tells whether it is a command or answer that makes sense now, `settled` whether
        it is a sentence to which nothing needs to be added, `urgent` whether it is a command that
        waits for nothing, not even for the better recogniser, `begins` whether it is an emergency
        that begins something. `spot` finds an urgent command in what may be our own words besides.
        `hint` gives what is likely to be said now, `likely` whole utterances that may be; `chosen`
        tells which of the texts that were weighed counts instead of the first, if any.
        """
        listening = settings.listening
        self._rules = m.Rules.of(listening)
        self._recognition = Recognition(
            base,
            tiny,
            post,
            patience_s=listening.backup_ms / 1000,
            deadline_s=settings.stt.deadline_s,
        )
        self._expected = expected
        self._settles = settled
        self._belief = Belief(expected, urgent, begins, chosen)
        self._spot = spot
        self._lookout = Lookout()
        self._half = False
        self._learnt = 0
        """Samples in which our voice sounded since a device was new."""
        self._hint = hint
        self._likely = likely
        self._vad = VoiceActivity(listening.vad_threshold)
        self._memory = Memory(self._rules.longest + INPUT_RATE)
        self._state = m.State()
        self._asked: dict[int, tuple[m.Span, levels.Audio]] = {}
        self._heard: dict[int, _Words] = {}
        self._partial: Partial | None = None

    @property
    def idle(self) -> bool:
        """Whether nobody is speaking and no words are awaited."""
        return self._state.open is None and not self._state.cut

    @property
    def settled(self) -> bool:
        """Whether no speech can reopen the last turn any more."""
        return turns.settled(self._state, self._rules)

    def push(self, start: int, block: MicBlock, strict: MicBlock | None = None) -> list[Output]:
        """Take 10 ms from the microphone; samples missing before `start` count as silence.

        `strict`: the same without anything that might be our own voice, see OnMic.
        """
        outputs: list[Output] = []
        while self._memory.end < start:
            silence = np.zeros(min(start - self._memory.end, INPUT_BLOCK), np.int16)
            outputs += self._hear(silence, None)
        return outputs + self._hear(block, strict)

    def on_transcript(self, result: Result, tag: Tag) -> list[Output]:
        """Take the result of a request that this listener made."""
        if tag.purpose == "lookout":
            return self._looked_out(result, tag)
        if tag.purpose == "partial":
            return self._looked(result, tag)
        match self._recognition.result(result, tag):
            case Transcript() as transcript:
                return self._decoded(transcript, tag)
            case Failed():
                return self._gone(tag.generation, tag.t)
            case None:
                return []

    def playback(self, sample: int, on: bool) -> list[Output]:
        """Note that the assistant's voice became audible or silent at a sample of the input."""
        return self._step(m.Playback(sample, on))

    def forget(self) -> None:
        """Keep no sound and no words of what was heard, but those of a turn that goes on."""
        awaited = self._state.awaited()
        turn = self._state.open
        self._memory.clear(turn.span.audio_start if turn else self._memory.end)
        self._asked = {g: asked for g, asked in self._asked.items() if g in awaited}
        self._heard = {g: heard for g, heard in self._heard.items() if g in awaited}
        self._recognition.tend(self._now, awaited)
        self._partial = None

    @property
    def _now(self) -> float:
        """End of what has been heard, in seconds on the input's axis."""
        return self._memory.end / INPUT_RATE

    def working(self, on: bool) -> None:
        """Note that there is something besides our voice that a command may have to end."""
        self._step(m.Work(on))

    def half_duplex(self, on: bool) -> None:
        """While we speak, look out for urgent commands and hear nothing else.

        What was known of our echo does not hold after it: a device was new.
        """
        self._half = on
        if on:
            self._learnt = 0

    @property
    def _echo_known(self) -> bool:
        return self._learnt >= _LEARNT

    # --- the turn machine --------------------------------------------------------------------

    def _hear(self, block: MicBlock, strict: MicBlock | None) -> list[Output]:
        self._memory.append(block, strict)
        outputs: list[Output] = []
        ours = turns.echoes(self._state, self._memory.end, self._rules)
        deaf = self._half and ours
        if strict is None:  # nothing is taken out: there is no echo to learn
            self._learnt = _LEARNT
        self._learnt += len(block) if ours else 0
        for frame in self._vad.push(block, strict, echo_known=self._echo_known or not ours):
            outputs += self._step(replace(frame, voiced=False) if deaf else frame)
        self._recognition.tend(self._now, self._state.awaited())
        if deaf and (window := self._lookout.due(self._memory.end)):
            self._recognition.lookout(self._state.generation, self._memory.read(*window), self._now)
        return outputs

    def _looked_out(self, result: Result, tag: Tag) -> list[Output]:
        """Take a command that was spotted as a turn of its own."""
        self._lookout.done()
        said = isinstance(result, Transcript) and self._spot(result.text)
        return spotted(said, tag.t) if said else []

    def _step(self, event: m.Event) -> list[Output]:
        self._state, actions = turns.step(self._state, event, self._rules)
        outputs: list[Output] = []
        for action in actions:
            outputs += self._perform(action)
        return outputs

    def _perform(self, action: m.Action) -> list[Output]:
        match action:
            case m.Stirred(sample=sample):
                return [Stirred(sample / INPUT_RATE)]
            case m.Began(span=span):
                return [SpeechStart(t=self._memory.edges(span)[0])]
            case m.Reopened(span=span, resumed=resumed):
                t = resumed / INPUT_RATE
                return [SpeechStart(t=t), Reopened(t, span.turn, span.revision)]
            case m.DecodePartial(generation=generation, span=span, end=end):
                audio = self._memory.turn(span, end)
                self._recognition.partial(generation, audio, end / INPUT_RATE)
                return []
            case m.ShowPartial():
                return [self._partial] if self._partial else []
            case m.Decode(generation=generation, span=span, end=end):
                return self._recognise(generation, span, end)
            case m.Commit(generation=generation, span=span):
                return self._commit(span, self._heard.pop(generation))
            case m.Drop(span=span):
                return [Settled(span.last / INPUT_RATE)]
            case m.Freed(sample=sample):
                return [Settled(sample / INPUT_RATE)]

    def _recognise(self, generation: int, span: m.Span, end: int) -> list[Output]:
        awaited = self._state.awaited()
        self._asked = {g: asked for g, asked in self._asked.items() if g in awaited}
        self._heard = {g: heard for g, heard in self._heard.items() if g in awaited}
        audio = self._memory.turn(span, end)
        self._asked[generation] = span, audio
        t = end / INPUT_RATE
        self._recognition.tend(t, awaited)
        # Over our own voice nothing is likely: a hint would make words of its echo.
        expects = ("", ()) if span.overlapped else (self._hint(), self._likely())
        asked = self._recognition.turn(generation, audio, t, *expects)
        return [] if asked else self._gone(generation, t)

    def _looked(self, result: Result, tag: Tag) -> list[Output]:
        """Note what has been said so far; words that wait for nothing are taken as they are."""
        said = result if isinstance(result, Transcript) else None
        self._partial = Partial(t=tag.t, text=said.text) if said and said.text else None
        verdict = self._belief.glance(said) if said else None
        if verdict:
            self._heard[tag.generation] = _Words(verdict, (), tag.t, self._now)
        return self._step(m.PartialDone(tag.generation, verdict is not None))

    def _decoded(self, said: Transcript, tag: Tag) -> list[Output]:
        span, audio = self._asked[tag.generation]
        verdict = self._belief.verdict(said, span, audio, echo_known=self._echo_known)
        others = tuple(other.text for other in said.alternatives)
        self._heard[tag.generation] = _Words(verdict, others, tag.t, self._now)
        return self._step(m.Decoded(tag.generation, self._completeness(verdict, span)))

    def _completeness(self, verdict: gate.Verdict, span: m.Span) -> m.Completeness:
        """How long to wait for more; our voice does not wait for the end of a cough."""
        if not verdict.accepted:
            return "noise" if span.overlapped else "open"
        return completeness(verdict.text, self._expected, self._settles)

    def _gone(self, generation: int, t: float) -> list[Output]:
        """Nobody can take the turn down."""
        self._heard[generation] = _Words(_NO_WORDS, (), t, self._now)
        alarm = Alarm(t, "speech was heard and no recogniser could take it down")
        return [alarm, *self._step(m.Decoded(generation, "open"))]

    def _commit(self, span: m.Span, words: _Words) -> list[Output]:
        began, last_voiced = self._memory.edges(span)
        verdict = words.verdict
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
                alternatives=words.alternatives,
                accepted=verdict.accepted,
                reason=verdict.reason,
                began=began,
                last_voiced=last_voiced,
                soft_end=words.asked,
                transcribed=words.came,
                voiced_s=span.voiced / INPUT_RATE,
                overlapped=span.overlapped,
            ),
        ]
