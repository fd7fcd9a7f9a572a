"""The assistant's mouth: replies become utterances of the mixer, one after the other.

Used by the loop's thread only; what the speaker's thread reports comes through the loop's inbox,
but audio and its end go to the mixer at once. An utterance knows which turn it answers, so that the
latency of its first sample can be told.
"""

from collections import deque
from collections.abc import Callable
from typing import Literal

import msgspec
from rapidfuzz import fuzz

from voice.audio.interface import SoundEvent, SoundStarted
from voice.audio.mixer import Mixer
from voice.engines.speaker import Speaker, Spoken
from voice.events import AudioEnd, AudioStart, Latency
from voice.latency import Trace

STEP_DB = 6.0
STEP_PACE = 1.15
FASTEST, SLOWEST = 0.75, 1.6
"""Bounds of the pace, as the length of words relative to the profile's."""
VERBATIM, GARBLED = 85.0, 60.0
"""Likeness in percent from which a transcript counts as our own words."""
SHORTEST = 12
"""Letters; less could be anybody's."""
_UNSAID = ("failed", "late")
"""How an utterance ends that was not said as it should be."""

Post = Callable[[Callable[[], None]], None]
"""Puts a call into the loop's inbox."""


class _Utterance(msgspec.Struct):
    text: str
    answers: Trace | None
    """The turn that it is the answer to, when this is the first sound of it."""
    rendered: bool = False


class Speech:
    """Speaks replies through the mixer."""

    def __init__(
        self,
        speaker: Speaker,
        mixer: Mixer,
        post: Post,
        *,
        length_scale: float,
        excuse: str = "",
        on_mute: Callable[[], None],
    ) -> None:
        """`on_mute` is called when not even the excuse can be said."""
        self._speaker = speaker
        self._mixer = mixer
        self._post = post
        self._length_scale = length_scale
        self.excuse = excuse
        """What is said, from the cache, while the engine cannot say what it should."""
        self._on_mute = on_mute
        self._utterances: dict[int, _Utterance] = {}
        self.begun = 0
        """Number of the utterance begun last."""
        self._chosen_db = 0.0
        """What the rescuer asked for, louder or quieter."""
        self._room_db = 0.0
        self._pace = 1.0
        self._unsaid: str | None = None
        """What the engine failed to say and will be asked again."""
        self._recent: deque[str] = deque(maxlen=4)

    @property
    def idle(self) -> bool:
        """Whether every utterance has ended."""
        return not self._utterances

    @property
    def rendering(self) -> bool:
        """Whether audio is still being made."""
        return any(not utterance.rendered for utterance in list(self._utterances.values()))

    @property
    def length_scale(self) -> float:
        """Length of words as they are spoken now."""
        return self._length_scale * self._pace

    def say(
        self, text: str, *, append: bool, answers: Trace | None = None, fixed: bool = True
    ) -> None:
        """Speak a text, instead of or after what is being said; fixed words are kept as audio."""
        if not append:
            self.stop("interrupted")
        self.begun += 1
        number = self.begun
        self._utterances[number] = _Utterance(text, answers)
        self._recent.appendleft(text)
        self._mixer.begin_voice(number)
        self._speaker.say(
            text,
            number,
            lambda audio, rate: self._mixer.feed_voice(number, audio, rate),
            lambda end: self._made(number, end),
            on_engine=answers.synthesised if answers else lambda: None,
            keep=fixed,
            length_scale=self.length_scale,
        )

    def stop(self, reason: Literal["stopped", "interrupted"]) -> None:
        """Be silent now and forget what was to be said."""
        self._unsaid = None
        self._mixer.stop_voice(reason)
        self._speaker.cancel(before=self.begun + 1)

    def text(self, utterance: int | None) -> str:
        """The words of an utterance that has not ended."""
        known = self._utterances.get(utterance or 0)
        return known.text if known else ""

    def forget(self) -> None:
        """Keep no words of what was said."""
        self._unsaid = None
        self._recent.clear()
        for utterance in self._utterances.values():
            utterance.text, utterance.answers = "", None

    def pause(self) -> None:
        """Hold while somebody speaks."""
        self._mixer.pause_voice()

    def resume(self) -> None:
        """Go on where `pause` held."""
        self._mixer.resume_voice()

    def voice_is_back(self) -> None:
        """The engine serves again: say what it failed to say, unless that is past."""
        if self._unsaid is not None:
            text, self._unsaid = self._unsaid, None
            self.say(text, append=True)

    def adjust(self, *, louder: int, slower: int) -> None:
        """Change loudness and pace by steps, for all that follows."""
        self._chosen_db += STEP_DB * louder
        self._set_gain()
        self._pace = min(max(self._pace * STEP_PACE**slower, FASTEST), SLOWEST)

    def fit_room(self, db: float) -> None:
        """Get so much louder for the noise around; what the rescuer chose comes on top."""
        self._room_db = db
        self._set_gain()

    def logged(self, event: SoundEvent) -> list[AudioStart | AudioEnd | Latency]:
        """The log's form of a mixer's notice; an utterance that ended is forgotten."""
        if isinstance(event, SoundStarted):
            utterance = self._utterances.get(event.utterance or 0)
            return self._began(event, utterance.answers if utterance else None)
        self._utterances.pop(event.utterance or 0, None)
        return [AudioEnd(t=event.t, source=event.source, reason=event.reason)]

    @staticmethod
    def _began(event: SoundStarted, answers: Trace | None) -> list[AudioStart | AudioEnd | Latency]:
        if answers is None:
            return [AudioStart(t=event.t, source=event.source)]
        latency = round((event.t - answers.last_voiced) * 1000, 1)
        start = AudioStart(t=event.t, source=event.source, latency_ms=latency)
        return [start, *answers.close(event.t)]

    def sounds_like_us(self, text: str, *, echo: bool) -> bool:
        """Whether a transcript is our own words, come back through the microphone.

        With `echo` a likeness is enough, because the room garbles what comes back.
        """
        words = text.lower()
        enough = GARBLED if echo else VERBATIM
        return len(words) >= SHORTEST and any(
            fuzz.partial_ratio(words, said.lower()) >= enough for said in self._recent
        )

    @property
    def last(self) -> str:
        """What was begun to be said last."""
        return self._recent[0] if self._recent else ""

    def said(self, phrase: str) -> bool:
        """Whether a phrase is part of what we said lately."""
        return any(phrase in said.lower() for said in self._recent)

    def close(self) -> None:
        """End the speaker's thread."""
        self._speaker.close()

    def _made(self, number: int, end: Spoken) -> None:
        """Tell that no more audio will come, on the speaker's thread.

        The mixer is told at once: until the loop runs, while all else loads, the greeting would
        count as going on, and what is said after it as said over our voice.
        """
        if end.outcome not in _UNSAID:
            self._mixer.end_voice(number)
        self._post(lambda: self._rendered(number, end))

    def _rendered(self, number: int, end: Spoken) -> None:
        """No more audio will come; what could not be made is excused."""
        utterance = self._utterances.get(number)
        if utterance is None:
            return
        utterance.rendered = True
        if end.outcome not in _UNSAID:
            return
        self._mixer.end_voice(number)
        if utterance.text == self.excuse:
            self._on_mute()
            return
        if self.excuse:
            self.say(self.excuse, append=True)
        self._unsaid = utterance.text

    def _set_gain(self) -> None:
        self._mixer.gain(self._chosen_db + self._room_db)
