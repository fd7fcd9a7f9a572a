"""Who has the floor: our voice holds while somebody speaks, and goes on if that was not for us.

For the loop's thread. The voice is held at the first sound that may be speech, long before anybody
knows what is said; whoever coughs, agrees or talks to somebody else costs a pause and no words.
"""

from voice.config import Settings
from voice.dialogue.state import State
from voice.dialogue.understanding import Understanding
from voice.dialogue.words import tokens
from voice.listening.messages import Turn
from voice.speaking import Speech

SHORTEST_S = 0.2
"""Voiced sound below which words over our own voice are what is left of it where the path from
speaker to microphone changed: a "no" has 0.3 s there, "stop" is let through however short."""
SETTLING_S = 3.0
"""After a device came back, or another in its place, the room has to be learnt anew."""


class Floor:
    """Decides on holding and going on; time is that of the input's axis in seconds."""

    def __init__(
        self,
        settings: Settings,
        understanding: Understanding,
        speech: Speech,
        *,
        hears_itself: bool,
    ) -> None:
        """`hears_itself`: the speaker may reach the microphone."""
        self._understanding = understanding
        self._speech = speech
        self._hears_itself = hears_itself
        # What is heard while we speak may be ourselves, unless that is taken out.
        self._yields = settings.audio.echo_cancel or not hears_itself
        self._always_half = settings.audio.duplex == "half"
        self._half_until = 0.0
        self._ours: Turn | None = None
        """The turn that was for us last."""

    def device_came(self, now: float) -> None:
        """A microphone or a speaker was opened while we were running."""
        self._half_until = now + SETTLING_S

    def half(self, now: float) -> bool:
        """Whether nothing but urgent commands is to be heard while we speak."""
        return self._hears_itself and (self._always_half or now < self._half_until)

    def forget(self) -> None:
        """Keep no words of what was said."""
        self._ours = None

    def taken(self, now: float) -> None:
        """Somebody seems to speak."""
        if self._yields and not self.half(now):
            self._speech.pause()

    def free(self) -> None:
        """Nobody speaks any more and nothing is to be answered."""
        self._speech.resume()

    def for_us(self, turn: Turn, state: State, now: float) -> bool:
        """Whether these are somebody's words for us, and not our own come back as an echo."""
        ours = self._new(turn) and self._somebodys(turn, state, now)
        if ours:
            self._ours = turn
        return ours

    def _new(self, turn: Turn) -> bool:
        """Whether a turn that went on says more than it did, besides the beginning of our reply."""
        if not turn.revision or self._ours is None or self._ours.turn != turn.turn:
            return True
        before, now = tokens(self._ours.text), tokens(turn.text)
        more = now[len(before) :]
        return now[: len(before)] != before or more != tokens(self._speech.last)[: len(more)]

    def _somebodys(self, turn: Turn, state: State, now: float) -> bool:
        if not turn.overlapped or self.urgent(turn.text, state):
            return True  # "stop" always works
        if self.half(now) or turn.voiced_s < SHORTEST_S:
            return False
        if not self._speech.idle and self._understanding.agrees(turn.text, state):
            return False
        if self._understanding.whole(turn.text, state) == "whole":
            return True
        return not self._speech.sounds_like_us(turn.text, echo=self._hears_itself)

    def urgent(self, text: str, state: State) -> bool:
        """Whether the whole text is a command that waits for nothing."""
        return self._understanding.silences(text, state)

    def spot(self, text: str) -> str | None:
        """The urgent command in a text that may hold our own words, or None."""
        phrases = self._understanding.silencers_in(text)
        return next((phrase for phrase in phrases if not self._speech.said(phrase)), None)
