"""Plain words out of transcripts: one spelling for contractions, no punctuation, light stems."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

from voice.dialogue.memo import remembered

MAX_CHARS = 4000
"""What is longer is cut before it is understood; nobody says that much in one turn."""
_TELLING = 2
"""Words that carry meaning."""

_IS = (
    "he|she|it|that|what|who|there|here|where|how|someone|somebody|everyone|everybody|nobody"
    "|something|everything|nothing"
)
_AFTER_IS = (
    r"(?:not|\w+ing|gone|got|been|stopped|collapsed|fainted|unconscious|awake|dead|hurt"
    r"|here|there|over|off|on|down|out|outside)"
)
"""What follows 's where it means "is" after any noun ("dad's not breathing")."""
_CONTRACTIONS = tuple(
    (re.compile(pattern), replacement)
    for pattern, replacement in (
        (r"\bcan(?:no|')?t\b", "can not"),
        (r"\bwon't\b|\bwont\b", "will not"),
        (r"\bain'?t\b", "is not"),
        (
            r"\b(is|are|was|were|do|does|did|has|have|had|could|would|should|might|must)n'?t\b",
            r"\1 not",
        ),
        (rf"\b({_IS})'s\b", r"\1 is"),
        (r"\b(he|she|that|what|there|where)s\b", r"\1 is"),
        (rf"\b(\w+)'s (?={_AFTER_IS}\b)", r"\1 is "),
        (r"\b(i)'?m\b", r"\1 am"),
        (r"\b(you|we|they)'re\b|\b(they)re\b", r"\1\2 are"),
        (r"\b(i|you|we|they)'ve\b", r"\1 have"),
        (r"\b(\w+)'ll\b", r"\1 will"),
        (r"\b(i|you|we|they|he|she|it)'d\b", r"\1 would"),
        (r"\blet'?s\b", "let us"),
        (r"\bgonna\b", "going to"),
        (r"\bgotta\b", "got to"),
    )
)
_CONTRACTED = re.compile("|".join(f"(?:{pattern.pattern})" for pattern, _ in _CONTRACTIONS))
"""Anything to write out at all? Mostly not, and one look is quicker than all the patterns."""
_NOT_A_WORD = re.compile(r"[^a-z0-9']+")
_SPLIT = re.compile(r"[.!?;:\n]+|,")


def wordset(text: str) -> frozenset[str]:
    """The words of a text as a set, to write such sets legibly."""
    return frozenset(text.split())


NEGATIONS = wordset("not no never without nothing none nobody neither nor")
_STOP_WORDS = wordset(
    """a an the this that these those i me my we us our you your he him his she her hers it its they
    them their there here is are am was were be been being do does did done have has had having will
    would shall should can could may might must to of in on at by for with from up down out off over
    and or but if so as than then just now very really quite too also again still please okay ok oh
    um uh er hmm well like what which who whom whose how why when where any some all get gets got
    go goes going one someone somebody something anything thing things let lets about into onto
    s t think know mean say tell want need"""
)
_IRREGULAR = {
    "bled": "bleed",
    "blood": "blood",
    "bleeds": "bleed",
    "broke": "break",
    "broken": "break",
    "breathe": "breath",
    "breathes": "breath",
    "breathing": "breath",
    "breaths": "breath",
    "stopping": "stop",
    "stopped": "stop",
    "given": "give",
    "giving": "give",
    "gave": "give",
    "hitting": "hit",
    "taken": "take",
    "took": "take",
    "taking": "take",
    "choking": "choke",
    "choked": "choke",
    "squeezing": "squeeze",
    "using": "use",
    "children": "child",
    "people": "person",
}


def normalise(text: str) -> str:
    """Lower-case words with single spaces; contractions written out, punctuation dropped."""
    return " ".join(tokens(text))


def tokens(text: str) -> list[str]:
    """The words of `normalise`, as a list."""
    return list(_cached_tokens(text))


def tokens_of(lines: Iterable[str]) -> list[list[str]]:
    """The words of many single lines, worked out together: several times as fast as one by one."""
    text = "\n".join(lines)
    return [_tokens(line) for line in _spelled_out(text).split("\n")] if text else []


def clauses(text: str) -> list[str]:
    """The normalised pieces between punctuation marks, empty ones left out."""
    pieces = (" ".join(_tokens(piece)) for piece in _SPLIT.split(_plain(text)))
    return [piece for piece in pieces if piece]


@remembered(4096)
def content(text: str) -> tuple[str, ...]:
    """The stems that carry the meaning, each once, in order; negations are left out."""
    stems = (stem(word) for word in tokens(text) if word not in _STOP_WORDS | NEGATIONS)
    return tuple(dict.fromkeys(stems))


def telling(text: str) -> bool:
    """Whether enough words carry meaning to bear each other out, or to be compared."""
    return len(content(text)) >= _TELLING


def negated(words: Sequence[str]) -> bool:
    """Whether the words hold a negation; people say it twice to mean it ("no, nobody has one")."""
    return not NEGATIONS.isdisjoint(words)


@remembered(8192)
def stem(word: str) -> str:
    """A light English stem, enough to match 'pushing', 'pushes' and 'push'."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    for suffix in ("ing", "ies", "ed", "es", "s", "ly"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3 and not word.endswith("ss"):
            return word[: -len(suffix)] + ("y" if suffix == "ies" else "")
    return word


def printable(text: str) -> str:
    """The text on one line, without control characters or broken Unicode."""
    text = text[:MAX_CHARS].encode("utf-8", "ignore").decode()
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def sentences(text: str) -> int:
    """How many sentences a written line has; a colon or comma does not end one."""
    return len(re.findall(r"[^.!?]*[a-zA-Z0-9][^.!?]*[.!?]+|[^.!?]*[a-zA-Z0-9][^.!?]*$", text))


def count(text: str) -> int:
    """How many words a written line has."""
    return len(text.split())


@remembered(32768)
def _cached_tokens(text: str) -> tuple[str, ...]:
    return tuple(_tokens(_plain(text)))


def _plain(text: str) -> str:
    return _spelled_out(text[:MAX_CHARS])


def _spelled_out(text: str) -> str:
    text = unicodedata.normalize("NFKC", text).lower()
    text = text.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'").replace("`", "'")
    if _CONTRACTED.search(text):
        for pattern, replacement in _CONTRACTIONS:
            text = pattern.sub(replacement, text)
    return text


def _tokens(plain: str) -> list[str]:
    words = (word.strip("'") for word in _NOT_A_WORD.sub(" ", plain).split())
    return [word for word in words if word]
