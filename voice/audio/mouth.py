"""All that is spoken, one thing at a time: utterances, and the words that go with the beat.

Utterances come before the numbers of the count, and stand still while an announcement of a pause
is made. Every method is called under the mixer's lock.
"""

from voice.audio.count_track import FADE_S, CountTrack
from voice.audio.gain import Ramp
from voice.audio.interface import SpeakerBlock
from voice.audio.voice_track import Note, VoiceTrack


class Mouth:
    """The voice and the count as one source of the mixer."""

    def __init__(self, rate: int, block: int, note: Note) -> None:
        self.voice = VoiceTrack(rate, block, note)
        self.count = CountTrack(rate)
        self._gate = Ramp(rate, block, FADE_S)
        """Of the utterances: shut while the count insists."""

    @property
    def pending(self) -> bool:
        """Whether anything sounds or waits to be said."""
        return self.voice.pending or self.count.sounding

    def render(self, out: SpeakerBlock, start: int, *, signal: bool) -> None:
        """Overwrite `out`, whose first sample has index `start`.

        `signal`: a tone sounds, so no utterance begins.
        """
        end = start + len(out)
        self._gate.target = 0.0 if self.count.insists(start, end) else 1.0
        shut = self._gate.value == self._gate.target == 0.0
        if (shut and not self.voice.leaving) or (signal and not self.voice.sounding):
            out.fill(0.0)
        else:
            self.voice.render(out, start)
            self._gate.apply(out)
        if self.voice.sounding or self.voice.paused:
            self.count.hush(start, end)
        self.count.add_to(out, start)
