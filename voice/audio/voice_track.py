"""Speech in the mixer: utterances one after the other, fed in pieces, paused, resumed, stopped.

All positions are samples at the mixer's rate. Every method is called under the mixer's lock.
"""

from bisect import bisect_right
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from voice.audio.gain import Ramp
from voice.audio.interface import EndReason, SoundEnded, SoundEvent, SoundStarted, SpeakerBlock

FADE_S = 0.015

Note = Callable[[int, SoundEvent], None]
"""Called with the sample at which an event is due and the event, its time still open."""


@dataclass
class _Utterance:
    """The audio of one utterance so far, and how much of it has been rendered."""

    number: int
    complete: bool = False
    started: bool = False
    position: int = 0
    length: int = 0
    _pieces: list[SpeakerBlock] = field(default_factory=list)
    _starts: list[int] = field(default_factory=list)

    def append(self, samples: SpeakerBlock) -> None:
        if len(samples):
            self._starts.append(self.length)
            self._pieces.append(samples)
            self.length += len(samples)

    def read(self, out: SpeakerBlock) -> int:
        """Copy what follows the position into `out` and give how much that was."""
        filled = 0
        while filled < len(out) and self.position < self.length:
            index = bisect_right(self._starts, self.position) - 1
            offset = self.position - self._starts[index]
            part = self._pieces[index][offset : offset + len(out) - filled]
            out[filled : filled + len(part)] = part
            filled += len(part)
            self.position += len(part)
        return filled


class VoiceTrack:
    """The utterances that wait or play, and the fade that pauses or stops them."""

    def __init__(self, rate: int, block: int, note: Note) -> None:
        self._rate = rate
        self._note = note
        self._fade = Ramp(rate, block, FADE_S)
        self._queue: deque[_Utterance] = deque()
        self._paused = False
        self._resume_at = 0
        self._fading: _Utterance | None = None
        """What is being faded out, to be held (then `_resume_at` counts) or dropped."""
        self._leaving: EndReason | None = None
        self._last_heard = 0

    @property
    def pending(self) -> bool:
        """Whether any utterance has not ended."""
        return bool(self._queue)

    @property
    def sounding(self) -> bool:
        """Whether an utterance is under way, gaps between its sentences included."""
        return self._under_way() is not None and not self._held()

    @property
    def due(self) -> bool:
        """Whether an utterance sounds, or will as soon as its audio is there."""
        return bool(self._queue) and not self._held()

    @property
    def paused(self) -> bool:
        """Whether it holds, or fades out to hold."""
        return self._paused

    @property
    def leaving(self) -> bool:
        """Whether what sounds is being faded out to be dropped."""
        return self._leaving is not None

    @property
    def waiting(self) -> bool:
        """Whether an utterance would begin with the next block."""
        head = self._queue[0] if self._queue else None
        held = self._paused or self._leaving
        return head is not None and not head.started and head.length > 0 and not held

    def begin(self, number: int) -> None:
        """Open an utterance; it plays after those before it."""
        self._queue.append(_Utterance(number))

    def feed(self, number: int, samples: SpeakerBlock) -> None:
        """Append audio to an open utterance; audio for one that is gone is dropped."""
        for utterance in self._queue:
            if utterance.number == number and not utterance.complete:
                utterance.append(samples)

    def finish(self, number: int) -> None:
        """No more audio will come for an utterance."""
        for utterance in self._queue:
            if utterance.number == number:
                utterance.complete = True

    def pause(self) -> None:
        """Fade out and hold, also what has not started yet."""
        if self._paused or self._leaving:
            return
        self._paused = True
        self._fading = self._under_way()
        if self._fading:
            self._resume_at = self._fading.position
            self._fade.target = 0.0
        else:
            self._fade.jump(0.0)

    def resume(self) -> None:
        """Go on with the sample at which the pause began to fade."""
        if self._paused:
            self._paused, self._fading = False, None
            self._fade.target = 1.0

    def stop(self, reason: EndReason, now: int) -> None:
        """Fade out and drop everything; a pause is over."""
        fading = None if self._held() else self._under_way()
        while self._queue and self._queue[-1] is not fading:
            utterance = self._queue.pop()
            self._end(utterance, reason, self._last_heard if utterance.started else now)
        self._paused, self._fading = False, fading
        if fading:
            self._leaving = self._leaving or reason
            self._fade.target = 0.0
        elif not self._leaving:
            self._fade.jump(1.0)

    def render(self, out: SpeakerBlock, start: int) -> None:
        """Overwrite `out`, whose first sample has index `start`."""
        out.fill(0.0)
        if not self._held():
            self._read(out, start)
            self._fade.apply(out)
            if self._fade.value == 0.0:
                self._silenced()

    def _under_way(self) -> _Utterance | None:
        return self._queue[0] if self._queue and self._queue[0].started else None

    def _held(self) -> bool:
        return self._paused and self._fade.value == 0.0

    def _read(self, out: SpeakerBlock, start: int) -> None:
        filled = 0
        while self._queue and filled < len(out):
            head = self._queue[0]
            if (self._paused or self._leaving) and not head.started:
                return
            count = head.read(out[filled:])
            if count and not head.started:
                head.started = True
                self._fade.jump(1.0)  # its first word was not cut by a pause: no fade-in
                self._note(start + filled, self._started(head))
            filled += count
            if count:
                self._last_heard = start + filled - 1
            if head.position < head.length or not head.complete or self._paused:
                return  # an end that a pause fades out is played again
            self._queue.popleft()
            self._end(head, "finished", self._last_heard if head.started else start + filled)

    def _silenced(self) -> None:
        """The fade has reached silence: end or hold what was playing."""
        still_there = self._fading is not None and self._fading is self._under_way()
        if self._leaving:
            if still_there:
                self._end(self._queue.popleft(), self._leaving, self._last_heard)
            self._leaving = None
            self._fade.jump(1.0)
        elif still_there:
            self._queue[0].position = self._resume_at
        self._fading = None

    @staticmethod
    def _started(utterance: _Utterance) -> SoundStarted:
        return SoundStarted(t=0.0, source="voice", utterance=utterance.number)

    def _end(self, utterance: _Utterance, reason: EndReason, sample: int) -> None:
        event = SoundEnded(
            t=0.0,
            source="voice",
            reason=reason,
            utterance=utterance.number,
            played_s=utterance.position / self._rate,
        )
        self._note(sample, event)
