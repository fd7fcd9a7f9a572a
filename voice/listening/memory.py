"""The last half minute of what was heard, in both views, and pieces of it for the recognisers."""

from voice.audio.interface import INPUT_RATE, MicBlock
from voice.listening import levels
from voice.listening.ring import Ring
from voice.listening.turn_types import Span

_ONSET = round(0.32 * INPUT_RATE)
"""How much of a word may lie before its first voiced sample, which comes late in an echo."""


class Memory:
    """Addressed by sample index; for one thread."""

    def __init__(self, capacity: int) -> None:
        self._ring = Ring(capacity)
        self._strict = Ring(capacity)

    @property
    def end(self) -> int:
        """Index of the next sample to come."""
        return self._ring.end

    def append(self, block: MicBlock, strict: MicBlock | None) -> None:
        """Add the next samples; `strict` is the view without anything of our own voice."""
        self._ring.append(block)
        self._strict.append(block if strict is None else strict)

    def clear(self, end: int) -> None:
        """Make silence of what is before `end`."""
        self._ring.clear(end)
        self._strict.clear(end)

    def read(self, start: int, end: int) -> levels.Audio:
        """Copy samples [start, end), those that are still there."""
        return self._ring.read(start, end)

    def turn(self, span: Span, end: int) -> levels.Audio:
        """Copy a turn up to `end`, pre-roll included.

        Our own voice in the pre-roll would be taken down with the rest, so that part is strict.
        """
        audio = self._ring.read(span.audio_start, end)
        if span.overlapped:
            before = self._strict.read(span.audio_start, span.first - _ONSET)
            audio[: len(before)] = before
        return audio

    def edges(self, span: Span) -> tuple[float, float]:
        """First and last moment of a turn in seconds, by its energy."""
        offset = max(span.audio_start, self._ring.start)
        audio = self._ring.read(offset, self._ring.end)
        first, last = levels.edges(audio, span.first - offset, span.last - offset)
        return (first + offset) / INPUT_RATE, (last + offset) / INPUT_RATE
