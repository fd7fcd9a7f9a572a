"""Decides whether a sentence of the language model may be spoken.

The passage is reviewed, the model is not, so its sentence must say what one sentence of the
passage (or of the topic's never-lines) says: the same words with the same signs, under the same
condition, with the same numbers. What is refused costs little, because the passage itself is
spoken instead; what is wrongly let through may cost a life. Doubt therefore refuses.
"""

import re
from collections.abc import Iterable, Sequence

import msgspec

from voice.dialogue.guard.reading import Sign, Statement, Term, passage_statements, statement
from voice.dialogue.words import tokens

MAX_WORDS = 30
MAX_SENTENCES = 2
_MAIN = 0.5
_CONDITION = 0.7
"""More than these shares of a reviewed sentence must be said: what is left out may matter."""
_FORBIDDEN = 0.5
"""From this share of a never-line's words on, with its verb, a sentence advises it."""


class Verdict(msgspec.Struct, frozen=True):
    """Whether a sentence may be spoken, and if not, why."""

    ok: bool
    reason: str


_OK = Verdict(True, "")

_STRANGE = re.compile(r"[^A-Za-z0-9 .,;:!?'\"\N{RIGHT SINGLE QUOTATION MARK}°%()\-\u00c0-\u00ff]")
_ADDRESS = re.compile(r"\w\.\w+/|www\.|https?:|\w+\.(?:com|org|net|gov|edu)\b", re.IGNORECASE)
_SELF_TALK = re.compile(
    r"\b(?:i|i'm|we|ai|assistant|language model|question|answer|passage|context|example|article"
    r"|website|according to|the text)\b",
    re.IGNORECASE,
)
_BARE = re.compile(
    r"\s*(?:(?:yes|yeah|yep|yup|sure|ok|okay|absolutely|definitely|certainly|of course|correct)\b"
    r"|(?:no|nope|right|true|false|maybe|not really)\s*(?:[,.;:!]|$))",
    re.IGNORECASE,
)
_DELAY = re.compile(
    r"\b(?:wait|delay|postpone|later|hold off|take your time|no (?:need|rush|hurry)"
    r"|(?:not|never) (?:need|have) to|not (?:call|phone|ring|push|compress|press|start)"
    r"|(?:stop|pause|quit|cease|interrupt) (?:\w+ )?(?:push|compress|press|cpr|chest|call)\w*"
    r"|rest|relax|before (?:you )?(?:call|push|press|start))\b"
)


def check(
    sentence: str,
    passage: str,
    never: Sequence[str],
    question: str,
    said_before: Sequence[str] = (),
) -> Verdict:
    """Judge one sentence of an answer to `question`; `passage` has one line a reviewed text.

    The question supports nothing: a model that repeats it would turn doubt into advice.
    """
    reason = _form(sentence, said_before) or _content(sentence, passage, never)
    return Verdict(False, reason) if reason else _OK


def check_alone(sentence: str, never: Sequence[str]) -> Verdict:
    """Judge a sentence that nothing reviewed supports: by what speaks against it alone."""
    said, forbidden = statement(sentence), passage_statements("\n".join(never))
    reason = _form(sentence, ()) or _against(sentence, said, forbidden)
    return Verdict(False, reason) if reason else _OK


def _form(sentence: str, said_before: Sequence[str]) -> str:
    """What is wrong with the sentence as such."""
    words = tokens(sentence)
    said = [word for text in said_before for word in tokens(text)]
    if not words:
        return "empty"
    if _STRANGE.search(sentence) or _ADDRESS.search(sentence):
        return "markup"
    if len(said_before) >= MAX_SENTENCES:
        return "too many sentences"
    if len(sentence.split()) + sum(len(text.split()) for text in said_before) > MAX_WORDS:
        return "too long"
    if not re.search(r"[.!][\"')]*\s*$", sentence):
        return "not a finished statement"
    if _repeats(words) or (said and set(words) <= set(said)):
        return "repetition"
    return ""


def _repeats(words: Sequence[str]) -> bool:
    """Whether three words come again in the same order, or one word three times running."""
    triples = [tuple(words[i : i + 3]) for i in range(len(words) - 2)]
    return len(set(triples)) < len(triples) or any(len(set(triple)) == 1 for triple in triples)


def _content(sentence: str, passage: str, never: Sequence[str]) -> str:
    """What is wrong with what the sentence says."""
    said = statement(sentence)
    reviewed = passage_statements(passage)
    forbidden = passage_statements("\n".join(never))
    if any(said.words == source.words and not source.proviso for source in (*reviewed, *forbidden)):
        return ""
    return _against(sentence, said, forbidden) or _support(sentence, said, (*reviewed, *forbidden))


def _against(sentence: str, said: Statement, forbidden: Sequence[Statement]) -> str:
    """What speaks against a sentence, whatever the passage."""
    if _BARE.match(sentence):
        return "bare yes or no"
    if _SELF_TALK.search(sentence):
        return "talks about itself"
    if _DELAY.search(" ".join(said.words)):
        return "may delay help"
    if any(_advises(said, line) for line in forbidden):
        return "advises what is forbidden"
    return ""


def _advises(said: Statement, line: Statement) -> bool:
    """Whether the sentence affirms what a never-line denies: its verb and half of its words."""
    denied = [term.stem for term in line.main if term.sign is not Sign.YES]
    affirmed = {term.stem for term in (*said.main, *said.condition) if term.sign is not Sign.NO}
    if not denied or denied[0] not in affirmed:
        return False
    shared = len(affirmed & set(denied))
    return shared >= min(2, len(denied)) and shared >= _FORBIDDEN * len(set(denied))


def _support(sentence: str, said: Statement, sources: Sequence[Statement]) -> str:
    """Why no reviewed sentence says this; empty when one does, or one for each of its parts."""
    reason = _objection(said, sources)
    if not reason or said.markers:
        return reason
    parts = [part for part in re.split(r"[,;]|\b(?:and|then)\b", sentence) if tokens(part)]
    if len(parts) > 1 and not any(_objection(statement(part), sources) for part in parts):
        return ""
    return reason


def _objection(said: Statement, sources: Sequence[Statement]) -> str:
    """Empty if one source says it; else what the source with most of its words says otherwise."""
    if not said.main:
        return "says nothing"
    known = _stems(said.main) | _stems(said.condition)
    nearest = "not in the passage"
    most = 0
    for source in sources:
        difference = _difference(said, source)
        if not difference:
            return ""
        shared = len(known & (_stems(source.main) | _stems(source.condition)))
        if shared > most:
            most, nearest = shared, difference
    return nearest


def _difference(said: Statement, source: Statement) -> str:
    """What the sentence says otherwise than one reviewed sentence."""
    if said.unclear or source.unclear:
        return "unclear negation"
    if not set(said.quantities) <= set(source.quantities):
        return "number not in the passage"
    for mine, theirs in ((said.main, source.main), (said.condition, source.condition)):
        if not _stems(mine) <= _stems(theirs):
            return "not in the passage"
        if any(term.sign is Sign.UNCLEAR for term in mine) or not set(mine) <= set(theirs):
            return "opposite of the passage"
        if not _in_order(mine, theirs):
            return "words in another order"
    if said.markers != source.markers or _left_out(said.condition, source.condition, _CONDITION):
        return "condition left out or changed"
    if said.qualifiers != source.qualifiers:
        return "qualifier left out or added"
    if _left_out(said.main, source.main, _MAIN):
        return "too little of the passage"
    return "a proviso follows" if source.proviso else ""


def _stems(terms: Iterable[Term]) -> set[str]:
    return {term.stem for term in terms}


def _in_order(mine: Iterable[Term], theirs: Iterable[Term]) -> bool:
    rest = iter(theirs)
    return all(term in rest for term in mine)


def _left_out(mine: Sequence[Term], theirs: Sequence[Term], share: float) -> bool:
    """Whether no more than this share of the reviewed words is said."""
    return bool(theirs) and len(set(mine) & set(theirs)) <= share * len(set(theirs))
