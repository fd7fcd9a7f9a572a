"""Carries out what the dialogue wants of the beat, with the words that are said in time with it.

The words come from the cache or, when they were not rendered ahead, one by one from the engine;
until all of them are there the beat goes on without pauses: no pause is ever silent. Used by the
loop's thread; what the speaker's thread makes comes through the loop's inbox.
"""

from collections.abc import Callable

import numpy as np

from voice.audio.beats import Sets
from voice.audio.count_track import Count, trimmed
from voice.audio.interface import SpeakerBlock
from voice.audio.mixer import Mixer
from voice.dialogue import interface as d
from voice.engines.speaker import Speaker, Spoken
from voice.engines.speech_cache import Pcm, SpeechCache

_UNCANCELLED = 1 << 60
"""A generation later than any utterance's: words for the beat are made whatever is interrupted."""

Post = Callable[[Callable[[], None]], None]
"""Puts a call into the loop's inbox."""


class Beats:
    """Switches the mixer's beat, and knows how it is to sound now."""

    def __init__(
        self,
        mixer: Mixer,
        speaker: Speaker,
        cache: SpeechCache,
        post: Post,
        *,
        length_scale: float,
    ) -> None:
        self._mixer = mixer
        self._speaker = speaker
        self._cache = cache
        self._post = post
        self._length_scale = length_scale
        self._words: dict[str, SpeakerBlock] = {}
        """By their text: at the mixer's rate, from the first audible sample on."""
        self._counts: dict[d.Sets, Count] = {}
        self._making: str | None = None
        self.now = d.Beat(on=False)

    def set(self, beat: d.Beat) -> bool:
        """Have it sound like this from now on; false when it does already."""
        if beat == self.now:
            return False
        self.now = beat
        self.go_on()
        return True

    def go_on(self) -> None:
        """Let it sound as wanted, as far as the words are there; make those that are not."""
        sets = self.now.sets
        missing = [text for text in _texts(sets) if not self._known(text)] if sets else []
        count = None if sets is None or missing else self._count(sets)
        self._mixer.beat(self.now.on, self.now.rate, count)
        if missing and self._making is None:
            self._make(missing[0])

    def _count(self, sets: d.Sets) -> Count:
        """The same object for the same sets: to the mixer another one is a change."""
        if sets not in self._counts:
            self._counts[sets] = Count(
                Sets(sets.pushes, sets.pause_s),
                {number: self._words[text] for number, text in sets.numbers},
                breaths=self._words[sets.breaths],
                again=self._words[sets.again],
            )
        return self._counts[sets]

    def _known(self, text: str) -> bool:
        if text not in self._words:
            kept = self._cache.get(text, self._length_scale)
            if kept is not None:
                self._take(text, kept, self._cache.rate)
        return text in self._words

    def _take(self, text: str, pcm: Pcm, rate: int) -> None:
        samples = trimmed(self._mixer.convert(pcm, rate))
        if len(samples):
            self._words[text] = samples

    def _make(self, text: str) -> None:
        """Have the engine say a word; utterances that come meanwhile wait for this one alone."""
        self._making = text
        heard: list[tuple[Pcm, int]] = []
        self._speaker.say(
            text,
            _UNCANCELLED,
            lambda pcm, rate: heard.append((pcm, rate)),
            lambda end: self._post(lambda: self._made(text, heard, end)),
            keep=True,
            length_scale=self._length_scale,
        )

    def _made(self, text: str, heard: list[tuple[Pcm, int]], end: Spoken) -> None:
        self._making = None
        if end.outcome == "finished" and heard:
            self._take(text, np.concatenate([pcm for pcm, _ in heard]), heard[0][1])
        if text in self._words or end.outcome == "late":
            self.go_on()


def _texts(sets: d.Sets) -> tuple[str, ...]:
    return (sets.breaths, sets.again, *(text for _, text in sets.numbers))
