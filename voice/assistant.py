"""The loop: one inbox, one thread that owns what was heard, what is being done and what is said.

Everything else (devices, workers, the mixer's notices) posts calls into the inbox and returns.
Time is the microphone's sample count.
"""

import threading
from collections.abc import Callable

from voice.acting import Acting, Rooms
from voice.answering import AnswerWriter
from voice.audio.interface import INPUT_RATE, Backend, MicBlock, SoundEvent, SoundStarted
from voice.audio.loudness import RoomGain
from voice.audio.mixer import Mixer, Tap
from voice.config import Settings
from voice.counting import Beats
from voice.dialogue import interface as d
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import Resumed
from voice.engines import speech_cache
from voice.engines.crew import Crew
from voice.engines.interfaces import Result
from voice.engines.speaker import Speaker
from voice.engines.speech_ahead import SpeechAhead
from voice.engines.understudy import Understudied
from voice.errors import MissingError
from voice.eventlog import EventLog
from voice.events import Source, SpeechStart
from voice.floor import Floor
from voice.governor import Governor
from voice.health import Health
from voice.inbox import Inbox
from voice.latency import Axis
from voice.listening import gate
from voice.listening import listener as heard
from voice.observer import Moment, Observer
from voice.signals import Signals, Tones
from voice.speaking import Speech

LOAD_TIMEOUT_S = 120.0


class Assistant:
    """Wires the rooms; it is also the LoopProbe of a back end without a clock of its own.

    What it needs to make sound is there from the first moment; what it knows is handed to `run`.
    """

    def __init__(
        self,
        settings: Settings,
        crew: Crew,
        event_log: EventLog,
        *,
        hears_itself: bool,
        tones: Tones = "alarms",
        idles: bool = True,
        tap: Tap | None = None,
        observer: Observer | None = None,
    ) -> None:
        """`hears_itself`: the speaker may reach the microphone; `idles`: there is time between
        turns, in which speech can be rendered ahead. The crew is its owner's to end.
        """
        self._settings = settings
        self._crew = crew
        self._log = event_log
        self._observer = observer or Observer()
        self._hears_itself = hears_itself
        self._axis = Axis()
        self._inbox = Inbox("loop")
        self._mixer = Mixer(
            settings.audio.output_rate,
            self._inbox.poster(self._on_sound),
            tap,
            lead_in_s=settings.audio.lead_in_ms / 1000,
            on_struck=self._inbox.poster(self._observer.struck) if observer else None,
        )
        cache = speech_cache.for_settings(settings)
        speaker = Speaker(crew.tts, cache, deadline_s=settings.tts.deadline_s)
        # From here on: touched by the loop's thread only.
        self._signals = Signals(self._mixer.tone, tones)
        self._room_gain = RoomGain(settings.audio.noise_gain_db)
        self._governor = Governor(settings.governor)
        recognised = self._inbox.poster(lambda *how: self._health.recognised(*how))
        self._turns = Understudied(crew.stt, crew.tiny, recognised)
        self._sounding: set[Source] = set()
        self._speech = Speech(
            speaker,
            self._mixer,
            self._inbox.put,
            length_scale=settings.tts.length_scale,
            on_mute=self._signals.voice_lost,
        )
        self._beats = Beats(
            self._mixer, speaker, cache, self._inbox.put, length_scale=settings.tts.length_scale
        )
        self._idles = idles
        self._ahead = SpeechAhead(
            crew.tts, cache, self._nothing_to_do, lambda: self._speech.length_scale
        )
        self._writer = AnswerWriter(
            crew.llm, self._inbox.poster(lambda event: self._acting.step(event)), now=self._axis.now
        )
        # What `_learn` brings.
        self._content: Content
        self._floor: Floor
        self._listener: heard.Listener
        self._acting: Acting
        self._health: Health

    # --- called from other threads -----------------------------------------------------------

    def run(
        self,
        backend: Backend,
        load: Callable[[], Dialogue],
        interrupted: threading.Event,
        greeting: str | None = None,
        *,
        needs_ear: bool = True,
    ) -> None:
        """Listen until the back end is done or `interrupted` is set, and end.

        With a greeting the sound is on from the first moment: it is spoken, and what is heard is
        kept, while the rest loads. Without one the back end begins when everything is ready.
        `needs_ear`: end when speech recognition does not start; else keys and touches are served.
        """
        self._crew.watch(self._inbox.poster(lambda *news: self._health.engine(*news)))
        try:
            if greeting is not None:
                self._open(backend)
            if greeting:
                self._speech.say(greeting, append=True)
            self._learn(load())
            self._inbox.start()
            self._wait_for_engines(interrupted, needs_ear)
            if self._idles:
                self._ahead.start()
            if greeting is None:
                self._open(backend)
            else:
                self._ahead.later(self._content.spoken())
            while not interrupted.is_set() and not backend.wait(0.1):
                pass
        finally:
            self._close(backend)

    def command(self, name: str) -> None:
        """Act on a command as if it had been said, and beyond doubt; from any thread."""

        def made(moment: Moment) -> d.Input | None:
            phrases = self._content.phrasebook.phrases(name)[:1]
            said = (d.Utterance(t=moment.now, text=p, speaking=moment.speaking) for p in phrases)
            return next(said, None)

        self.take(made)

    def take(self, make: Callable[[Moment], d.Input | Resumed | None]) -> None:
        """Let the dialogue take what `make` gives on the loop's thread; from any thread."""
        self._inbox.put(lambda: self._acting.made(make))

    def engine_busy(self) -> bool:
        """Whether an engine works for us (see LoopProbe)."""
        return self._crew.busy or self._speech.rendering

    def _nothing_to_do(self) -> bool:
        return self._crew.tts.state == "ready" and self._listener.idle and not self.engine_busy()

    @property
    def speaking(self) -> bool:
        """Whether something is being said, or about to be."""
        return not self._speech.idle

    def settle(self) -> None:
        """Return when all that was sent to the loop has been dealt with (see LoopProbe)."""
        self._inbox.settle()

    def quiet(self) -> bool:
        """Whether nothing is heard, thought or played (see LoopProbe)."""
        working = self.engine_busy() or not self._inbox.empty
        return not working and self._listener.idle and self._speech.idle and self._mixer.idle

    def _open(self, backend: Backend) -> None:
        on_mic = self._inbox.poster(self._on_mic)

        def arrived(start: int, block: MicBlock, strict: MicBlock | None = None) -> None:
            self._axis.note((start + len(block)) / INPUT_RATE)
            on_mic(start, block, strict)

        told = self._inbox.poster(lambda *news: self._health.device(*news))
        backend.start(arrived, self._mixer, told)

    def _learn(self, dialogue: Dialogue) -> None:
        """Take what there is to know, before the loop's thread begins."""
        self._content = dialogue.content
        known = dialogue.understanding
        self._speech.excuse = dialogue.content.phrase("voice_restarts")
        self._floor = floor = Floor(
            self._settings, known, self._speech, hears_itself=self._hears_itself
        )
        self._listener = heard.Listener(
            self._settings,
            self._turns,
            self._crew.tiny,
            self._transcribed,
            expected=lambda text: known.whole(text, self._acting.state) == "whole",
            settled=lambda text: known.settled(text, self._acting.state),
            urgent=lambda text: floor.urgent(text, self._acting.state),
            begins=lambda text: known.begins(text, self._acting.state),
            spot=floor.spot,
            hint=lambda: known.hint(self._acting.state),
            likely=lambda: known.likely(self._acting.state),
            chosen=lambda weighed: known.chosen(self._acting.state, weighed),
        )
        rooms = Rooms(
            log=self._log,
            axis=self._axis,
            observer=self._observer,
            play=self._mixer.tone,
            signals=self._signals,
            speech=self._speech,
            floor=floor,
            beats=self._beats,
            writer=self._writer,
            ahead=self._ahead,
            governor=self._governor,
            later=self._inbox.put,
            keep=self._settings.tts.keep,
        )
        self._acting = Acting(rooms, dialogue, self._listener)
        self._health = Health(
            rooms, self._turns, dialogue.content.phrase, now=lambda: self._acting.now
        )

    def _wait_for_engines(self, interrupted: threading.Event, needs_ear: bool) -> None:
        """Without its ear the assistant is of no use; without another engine it is of some."""
        states = self._crew.wait(LOAD_TIMEOUT_S, interrupted)
        if needs_ear and states["stt"] != "ready" and not interrupted.is_set():
            raise MissingError(f"speech recognition does not start: {self._crew.stt.detail}")

    def _close(self, backend: Backend) -> None:
        """End in order: the sound, the loop, the voice."""
        try:
            backend.close()
        finally:
            self._inbox.put(lambda: self._acting.close())
            self._inbox.close(timeout_s=2.0)
            self._ahead.close()
            self._speech.close()

    def _transcribed(self, result: Result, tag: heard.Tag) -> None:
        self._inbox.put(lambda: self._act_on(self._listener.on_transcript(result, tag)))

    # --- the loop's thread -------------------------------------------------------------------

    def _on_mic(self, start: int, block: MicBlock, strict: MicBlock | None = None) -> None:
        now = self._acting.now = (start + len(block)) / INPUT_RATE
        self._listener.half_duplex(self._floor.half(now))
        self._act_on(self._listener.push(start, block, strict))
        self._acting.fire()
        self._signals.tick(now)
        quiet = self._listener.idle and self._sounding <= {"beat"}
        if self._room_gain.hear(block, quiet):
            self._speech.fit_room(self._room_gain.db)
        if self._listener.settled:
            self._acting.settle()

    def _act_on(self, outputs: list[heard.Output]) -> None:
        for output in outputs:
            match output:
                case heard.Turn():
                    self._on_turn(output)
                case heard.Reopened():
                    self._signals.answered()
                    self._floor.taken(self._acting.now)
                case heard.Stirred():
                    self._floor.taken(self._acting.now)
                case heard.Settled():
                    self._floor.free()
                case heard.Alarm():
                    self._health.tell("cannot_hear")
                case SpeechStart():
                    self._log.write(output)
                    self._ahead.make_way()
                    self._floor.taken(self._acting.now)
                case _:
                    self._log.write(output)

    def _on_turn(self, turn: heard.Turn) -> None:
        acting = self._acting
        if turn.accepted and self._floor.for_us(turn, acting.state, acting.now):
            acting.turn(turn)
        elif acting.state.run and not turn.overlapped and turn.reason in gate.UNCERTAIN:
            self._signals.not_understood(acting.now)
        self._floor.free()

    # --- notices from the other rooms --------------------------------------------------------

    def _on_sound(self, event: SoundEvent) -> None:
        """Log a sound, and tell the listener while the voice is audible."""
        sounding = isinstance(event, SoundStarted)
        (self._sounding.add if sounding else self._sounding.discard)(event.source)
        if event.source == "voice":
            if sounding:
                self._signals.answered()
            self._act_on(self._listener.playback(round(event.t * INPUT_RATE), sounding))
            self._observer.spoken(self._speech.text(event.utterance) if sounding else "")
        for logged in self._speech.logged(event):
            self._log.write(logged)
