"""What is being done: the dialogue's state, taken step by step, and its effects carried out.

Everything here belongs to the loop's thread. Time is in seconds on the input's axis.
"""

from collections.abc import Callable

import msgspec

from voice.answering import AnswerWriter
from voice.counting import Beats
from voice.dialogue import interface as d
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import Resumed, State
from voice.engines.speech_ahead import SpeechAhead
from voice.eventlog import EventLog
from voice.events import Metronome, ReplyEvent
from voice.floor import Floor
from voice.governor import PASSAGES, Governor
from voice.handover_record import HandoverRecord
from voice.latency import Axis, Trace
from voice.listening.listener import Listener
from voice.listening.messages import Turn
from voice.observer import Moment, Observer
from voice.signals import Signals
from voice.speaking import Speech
from voice.timers import Timers


class Rooms(msgspec.Struct, frozen=True, kw_only=True):
    """What effects are carried out with."""

    log: EventLog
    axis: Axis
    observer: Observer
    play: Callable[[str], None]
    """Takes one of `audio.tones.NAMES`."""
    signals: Signals
    speech: Speech
    floor: Floor
    beats: Beats
    writer: AnswerWriter
    ahead: SpeechAhead
    governor: Governor
    later: Callable[[Callable[[], None]], None]
    """Calls on the loop's thread, after this."""
    keep: bool
    """Whether sounds that are made for a conversation may be kept."""


class Snapshot(msgspec.Struct, frozen=True):
    """What held before a turn was acted on, should its speech go on after all."""

    turn: int
    state: State
    timers: Timers
    beat: d.Beat
    spoken: int
    """How many utterances had been begun."""


class Acting:
    """Owns the state and the timers, and the latest turn for as long as it may be undone."""

    def __init__(self, rooms: Rooms, dialogue: Dialogue, listener: Listener) -> None:
        self._rooms = rooms
        self._dialogue = dialogue
        self._listener = listener
        self.state = dialogue.start()
        self.now = 0.0
        """Until when the input has been heard."""
        self._timers = Timers()
        self._record = HandoverRecord(rooms.log.write)
        self._snapshot: Snapshot | None = None
        self._trace: Trace | None = None
        """The latest turn that was acted on."""
        rooms.ahead.soon(dialogue.ahead(self.state))

    def fire(self) -> None:
        """Take the steps whose time has come."""
        for name in self._timers.pop_due(self.now):
            self.step(d.TimerFired(t=self.now, name=name))

    def turn(self, turn: Turn) -> None:
        """Let the dialogue answer; a turn that went on is answered from where it began."""
        if self._snapshot and self._snapshot.turn == turn.turn:
            self._restore(self._snapshot)
        rooms = self._rooms
        self._snapshot = Snapshot(
            turn.turn, self.state, self._timers.copy(), rooms.beats.now, rooms.speech.begun
        )
        self._close_trace()
        self._trace = trace = Trace(turn, rooms.axis)
        self.step(
            d.Utterance(
                t=turn.last_voiced,
                text=turn.text,
                confidence=turn.confidence,
                alternatives=turn.alternatives,
                speaking=turn.overlapped,
                held=turn.overlapped and not rooms.speech.idle,
            )
        )
        trace.decided()
        if not trace.claimed and self.state.asked is None:
            self._close_trace()  # nothing will be said to it

    def made(self, make: Callable[[Moment], d.Input | Resumed | None]) -> None:
        """Take what is made from how things stand: by a key, a touch, or after a power cut."""
        event = make(Moment(self.state, self.now, not self._rooms.speech.idle))
        if event is not None:
            self.settle()
            self._close_trace()
            self._trace = self._snapshot = None
            self.step(event)

    def step(self, event: d.Input | Resumed) -> None:
        """Let the dialogue take one step and carry out what it wants done."""
        result = self._dialogue.step(self.state, event)
        moved = result.state.run != self.state.run
        self.state = result.state
        rooms = self._rooms
        trace = None if isinstance(event, d.TimerFired) else self._trace
        if trace and isinstance(event, d.ModelSentence):
            trace.answered(rooms.writer.first_token)
        for effect in result.effects:
            self._carry_out(effect, trace)
        self._listener.working(self.state.asked is not None or rooms.beats.now.on)
        if moved:
            rooms.ahead.soon(self._dialogue.ahead(self.state))
        self._tell()

    def settle(self) -> None:
        """Write what the dialogue noted for the crew: it cannot be undone any more."""
        self._record.settle(self.state.log)

    def close(self) -> None:
        """Log what was waiting for a time that will not come."""
        self.settle()
        self._close_trace()

    def _carry_out(self, effect: d.Effect, trace: Trace | None) -> None:
        """`trace` is that of the turn that this comes of, if any."""
        rooms = self._rooms
        match effect:
            case d.Say():
                self._say(effect, trace)
            case d.StopSpeaking():
                rooms.signals.answered()
                rooms.speech.stop("stopped")
            case d.AskModel() | d.AskDraft():
                self._ask(effect, trace)
            case d.CancelModel():
                rooms.writer.cancel()
            case d.Report(event=event):
                rooms.log.write(event)
            case d.SetTimer(name=name, seconds=seconds):
                self._timers.set(name, self.now + seconds)
            case d.CancelTimer(name=name):
                self._timers.cancel(name)
            case d.Beat():
                self._set_beat(effect)
            case d.Tone(name=name):
                rooms.play(name)
            case d.Adjust(louder=louder, slower=slower):
                rooms.speech.adjust(louder=louder, slower=slower)
            case d.Forget():
                self._forget()
                rooms.ahead.soon(self._dialogue.ahead(self.state))

    def _say(self, effect: d.Say, trace: Trace | None) -> None:
        rooms, reply = self._rooms, effect.reply
        rooms.log.write(ReplyEvent(t=self.now, **msgspec.structs.asdict(reply)))
        if reply.say:
            if trace:
                rooms.signals.awaited(trace.last_voiced)
            rooms.speech.say(
                reply.say,
                append=effect.append,
                answers=trace.claim() if trace else None,
                fixed=reply.by != "llm" and rooms.keep,
            )

    def _ask(self, question: d.AskModel | d.AskDraft, trace: Trace | None) -> None:
        """Have the model write; on a machine that is too slow for it the passage is spoken."""
        rooms = self._rooms
        elapsed = rooms.axis.now() - trace.last_voiced if trace else 0.0
        if isinstance(question, d.AskDraft):
            rooms.writer.draft(question, elapsed_s=elapsed)
            return
        if trace:
            rooms.signals.awaited(trace.last_voiced)
        if rooms.governor.level < PASSAGES:
            rooms.writer.ask(question, elapsed_s=elapsed)
            return
        why = "the machine is too slow"
        end = d.ModelEnded(t=self.now, request=question.request, reason="failed", detail=why)
        rooms.later(lambda: self.step(end))

    def _forget(self) -> None:
        """Keep nothing in memory of what was said and heard."""
        rooms = self._rooms
        self._close_trace()
        self._trace = self._snapshot = None
        self._record = HandoverRecord(rooms.log.write)
        rooms.ahead.soon(())
        rooms.speech.forget()
        rooms.floor.forget()
        self._listener.forget()
        self._dialogue.forget()
        rooms.writer.warm()
        rooms.observer.forgotten()

    def _set_beat(self, beat: d.Beat) -> None:
        if self._rooms.beats.set(beat):
            self._rooms.log.write(Metronome(t=self.now, on=beat.on, rate=beat.rate))

    def _restore(self, snapshot: Snapshot) -> None:
        """Undo what was made of a turn that was not over yet."""
        rooms = self._rooms
        self.state = snapshot.state
        self._timers = snapshot.timers
        rooms.writer.cancel()
        self._set_beat(snapshot.beat)
        if rooms.speech.begun > snapshot.spoken:
            rooms.speech.stop("interrupted")
        self._tell()

    def _close_trace(self) -> None:
        for latency in self._trace.close() if self._trace else ():
            self._rooms.log.write(latency)

    def _tell(self) -> None:
        self._rooms.observer.state(self.state, self._timers, self.now)
