"""What is believed of what a recogniser gave: its words, or others that make more sense.

Puts what is known about an utterance before the gate (`gate.py`); for the loop's thread.
"""

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from voice.audio.interface import INPUT_RATE
from voice.engines.interfaces import Transcript, Weighed
from voice.listening import gate, levels
from voice.listening import turn_types as m

_SCRAP = 3
"""Words, up to which they may be what is left of our own voice while its echo is not known."""


class Belief:
    """The arguments are those of `Listener`."""

    def __init__(
        self,
        expected: Callable[[str], bool],
        urgent: Callable[[str], bool],
        begins: Callable[[str], bool],
        chosen: Callable[[Sequence[Weighed]], Weighed | None],
    ) -> None:
        self._expected = expected
        self._urgent = urgent
        self._begins = begins
        self._chosen = chosen

    def glance(self, said: Transcript) -> gate.Verdict | None:
        """The words of the quick recogniser, if they are a command that waits for nothing."""
        verdict = gate.judge(_evidence(said), self._urgent)
        return verdict if verdict.accepted and self._urgent(verdict.text) else None

    def verdict(
        self, said: Transcript, span: m.Span, audio: levels.Audio, *, echo_known: bool
    ) -> gate.Verdict:
        """The words of the better one, or others that explain the sound and make more sense.

        `echo_known`: our own voice is taken out of what is heard.
        """
        verdict = self._most_sensible(said, span, audio)
        unsure = verdict.accepted and span.overlapped and not echo_known
        if unsure and self._scrap(verdict.text):
            return replace(verdict, accepted=False, reason="may be our own voice")
        return verdict

    def _scrap(self, text: str) -> bool:
        """Whether words are too few to be somebody's for certain, as "he's choking" is."""
        few = len(text.split()) <= _SCRAP
        return few and not self._urgent(text) and not self._begins(text)

    def _most_sensible(self, said: Transcript, span: m.Span, audio: levels.Audio) -> gate.Verdict:
        snr_db = levels.speech_to_noise(audio)
        evidence = _evidence(said, voiced_s=span.voiced / INPUT_RATE, snr_db=snr_db)
        first = gate.judge(evidence, self._expected)
        chosen = self._chosen(said.weighed) if said.weighed else None
        if chosen is None:
            return first
        mean = chosen.logprob / chosen.tokens
        weighed = replace(evidence, text=chosen.text, avg_logprob=mean, looped=False, chosen=True)
        second = gate.judge(weighed, self._expected)
        return second if second.accepted else first


def _evidence(said: Transcript, voiced_s: float = 0.0, snr_db: float = 0.0) -> gate.Evidence:
    return gate.Evidence(
        text=said.text,
        avg_logprob=said.avg_logprob,
        no_speech_prob=said.no_speech_prob,
        voiced_s=voiced_s,
        snr_db=snr_db,
        looped=said.looped,
    )
