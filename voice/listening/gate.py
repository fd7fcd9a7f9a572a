"""Which transcripts are believed. Whisper always writes something, also for a cough or a siren.

Pure; the thresholds were chosen on recordings of speech and noise, see tests/evals/listening.py.
"""

import math
import re
import unicodedata
from collections.abc import Callable

import msgspec

LOWEST = -1.0
"""Mean log probability a token below which words are taken for noise."""
LOWEST_EXPECTED = -1.25
"""The same for a short utterance that is one of those expected now."""
LOWEST_CHOSEN = -1.6
"""The same for words that were chosen because they make sense now."""
LOWEST_EXPECTED_CHOSEN = -4.5
"""The same for a short one of those expected now: it has been weighed against all the others."""
LEAST_CHOSEN = 0.35
"""Confidence of a command that was chosen: by itself its score says little, as a recogniser spreads
its belief over the spellings of what no sentence surrounds."""
NOT_SPEECH = 0.7
"""Whisper's probability of no speech from which words have to be certain: nearly all coughs are
above 0.94, people below 0.5 even at 5 dB, but for single words whispered from afar or misheard."""
LOWEST_NOT_SPEECH = -0.25
"""Mean log probability a token of such words: whispers are above -0.2, coughs below -0.5."""
UNCERTAIN = frozenset(("low score", "loop", "too many words"))
"""Reasons to refuse what may well have been somebody's words."""
_EXPECTED_WORDS = 4
_WORDS_PER_S = 6.5
"""Nobody speaks faster, counted over voiced time only."""
_SPARE_WORDS = 1.5

# What Whisper writes for noise: closing words of the videos it learnt from.
_INVENTED = re.compile(
    r"you|bye( bye)*"
    r"|(thanks|thank you)( (so|very) much)?( (for|to) (watching|listening|viewing).*)"
    r"|.*\bsubscribe( to)?( (my|our|the|this) channel)?"
    r"|.*\b(subtitles?|captions?|captioning|transcription|transcribed|translated) (by|created)\b.*"
    r"|(i ll )?see you (in the )?next (time|video|one).*"
    r"|to be continued|the end"
)
# Cries, barks and coughs written as words or a letter; nobody asks for anything with these alone.
_CRIES = re.compile(r"(([aou]+h+|h[aou]+h*|u+m+|h+m+|e+r+m*|m+|woo+f*|ow+|u+gh+|b[aou]h) ?)+|[a-z]")
_SOUNDS = re.compile(r"\[[^\]]*\]|\([^)]*\)|\*[^*]*\*|♪[^♪]*♪?|♫")
_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*")


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about one transcript."""

    text: str
    avg_logprob: float
    no_speech_prob: float
    voiced_s: float
    """Seconds of voiced frames in the audio."""
    snr_db: float
    """Speech above the noise before it."""
    looped: bool = False
    chosen: bool = False
    """Not what was read first, but explains the sound nearly as well and makes more sense."""


class Verdict(msgspec.Struct, frozen=True):
    """What the gate makes of it."""

    accepted: bool
    confidence: float
    """Geometric mean of the token probabilities, 0 to 1."""
    text: str
    """Without notes on sounds, and said once where it was repeated in a loop."""
    reason: str = ""
    """Why it was refused."""


def judge(evidence: Evidence, expected: Callable[[str], bool]) -> Verdict:
    """Believe a transcript or not; `expected` knows the short utterances that make sense now."""
    text = " ".join(_SOUNDS.sub(" ", evidence.text).split())
    once = unrepeated(text)
    if evidence.looped or (once != text and expected(once)):
        text = once
    confidence = math.exp(min(evidence.avg_logprob, 0.0))
    if evidence.chosen and expected(text):
        confidence = max(confidence, LEAST_CHOSEN)
    reason = _refusal(text, evidence, expected)
    return Verdict(not reason, confidence, text, reason)


def _refusal(text: str, evidence: Evidence, expected: Callable[[str], bool]) -> str:
    words = _WORD.findall(text.lower())
    if not words:
        return "no words"
    if not _latin(text):
        return "foreign script"
    if evidence.no_speech_prob >= NOT_SPEECH and evidence.avg_logprob < LOWEST_NOT_SPEECH:
        return "no speech"
    if len(words) <= _EXPECTED_WORDS and expected(text):
        lowest = LOWEST_EXPECTED_CHOSEN if evidence.chosen else LOWEST_EXPECTED
        return "" if evidence.avg_logprob >= lowest else "low score"
    if evidence.looped:
        return "loop"
    spoken = " ".join(words).replace("'", " ")
    if _INVENTED.fullmatch(spoken):
        return "invented"
    if _CRIES.fullmatch(spoken):
        return "no words"
    if len(words) > _SPARE_WORDS + _WORDS_PER_S * evidence.voiced_s:
        return "too many words"
    if evidence.avg_logprob < (LOWEST_CHOSEN if evidence.chosen else LOWEST):
        return "low score"
    return ""


def _latin(text: str) -> bool:
    letters = (c for c in text if c.isalpha())
    return all(unicodedata.name(c, "").startswith("LATIN") for c in letters)


def unrepeated(text: str) -> str:
    """Give the phrase that the text consists of three or more times, else the text itself."""
    words = [w.lower() for w in _WORD.findall(text)]
    for size in range(1, len(words) // 3 + 1):
        phrase = words[:size]
        if words == (phrase * (len(words) // size + 1))[: len(words)]:
            return " ".join(phrase)
    return text
