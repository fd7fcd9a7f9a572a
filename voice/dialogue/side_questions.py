"""What of the running protocol a question or a remark is about: a side answer, lines, or nothing.

A remark is a plan, a wish or a report of what others do or say: "I'll give him some water".
"""

import re
from functools import lru_cache

from voice.dialogue import expected, medicines, words
from voice.dialogue.content import Content
from voice.dialogue.expected import OUTSIDE, Expected, Line
from voice.dialogue.meaning import Asking
from voice.dialogue.protocol import Answer
from voice.dialogue.questions import is_question
from voice.dialogue.runner import Run
from voice.dialogue.triage.findings import BY_THE_WAY
from voice.dialogue.triage.rules import LIFE_THREATS

NEAR_QUESTION = 0.38
"""Score from which a question is about something the protocol says; it moves nothing."""
NEAR_SHORT = 0.55
"""The same for a question or a plan of a single word that carries meaning."""
NEAR_PLAN = 0.28
"""The score from which a remark is, if it is plainly a plan, a wish or hearsay."""
NEAR_REMARK, NEAR_OTHER = 0.35, 0.45
"""The same for any other words that nothing else was made of, and for those that tell of something
besides or sound like talk about something else.
"""
JUST_THAT = 0.65
"""The score from which a side answer is about just what was said."""
BESIDES = 0.6
"""The same for a plan or question that came in one breath with news."""
ABOUT_AS_NEAR, LONGEST = 0.05, 30
"""By how much a second side answer may be less near to be given as well, and the words of both."""
_OUTSIDE_LEADS = 0.05
"""How much nearer a question has to be to those that no first aid answers: they are many."""
_PLAINER = 0.5
"""How much the plain words for everyday names count beside those that were said."""
_BEFORE = 0.5
"""How much what was told before counts in a question that leans on it."""
_LINES = 8
"""Lines of a passage."""
_PLAN = re.compile(
    r"\b(?:(?:i|we|he|she|they) (?:will|would (?:rather|like)|want(?:s|ed)?|am|are|could|might|may"
    r"|plan|reckons?|thinks?|thought|swears?|says?|said|told|insists?|begs?|keeps? asking)"
    r"|(?:is|are|was|were) (?:going|about|tempted|trying|ready) to|let me|might as well|may as well"
    r"|no (?:need|sense|point|use)|not worth|surely|(?:is|are|does|do|will|would|can) not"
    r" (?:it|they|he|she|we|i)$|(?:am|is|are) (?:just )?\w+ing (?:him|her|it|them|the|some|a)\b"
    r"|(?:says|said|reckons|swears|insists|wants|thinks|told)|have got|all i have|got a|got some"
    r"|ready|how about|what about)\b"
)
_LEANS = re.compile(
    r"^(?:(?:right|ok|okay|yes|yeah|well|oh|um) )*(?:and|or|so|what about|how about)\b.*\w"
    r"|\w.* then$|^(?:for )?how (?:long|often|much|many|soon)(?: (?:for|exactly|though))?$"
    r"|^(?:with|from|on|in|by) (?:what|which)$|^(?:what|which) (?:with|kind|sort|one|side|way)$"
    r"|^why(?: not| so \w+)?$|^where (?:to|exactly)$"
)
_HOW = re.compile(r"^(?:for )?how (?:long|often|much|many|soon)\b")
_REFERS = re.compile(r"\b(?:it|they|them|that|this|those|these|one)\b")
_LEANING_WORDS, _REFERRING_WORDS = 5, 2
"""Words that carry meaning; a longer question stands by itself: "and on his face", "when do they
come off"."""

THREATS = LIFE_THREATS | {"heavy-bleeding", "choking"}


class SideQuestions:
    """Finds what is asked about. Immutable apart from caches; safe in any thread."""

    def __init__(self, content: Content) -> None:
        self._content = content
        self._of = lru_cache(maxsize=128)(self._of_protocol)

    def expect(self, run: Run) -> None:
        """Work out what may be asked of a protocol; it is kept."""
        self._of(run.place.slug)

    def asked(self, text: str, run: Run) -> Asking | None:
        """The side answer, or the lines that a question without an answer is about."""
        found = self._ranked(text, run)
        if found is None:
            return Asking(unknown=True)
        telling = words.telling(text) or _leans(text, run)
        if not found or found[0][1] < (NEAR_QUESTION if telling else NEAR_SHORT):
            return None
        match found[0][0]:
            case Answer() as answer:
                return Asking((run.place.slug, answer), self._also(found))
            case key if key == OUTSIDE:
                return Asking(unknown=True)
        lines = (key.text for key, _ in found[:_LINES] if isinstance(key, Line))
        return Asking(about=tuple(lines))

    def remarked(self, text: str, facts: tuple[str, ...], run: Run) -> Asking | None:
        """What the protocol says to a remark. It has to be nearer where the words tell of something
        besides (`facts`), or may be about something else entirely; a danger to life is no remark.
        """
        if THREATS.intersection(facts):
            return None
        leans = _leans(text, run)
        scant = not words.telling(text) and not leans
        if scant and not _PLAN.search(words.normalise(text)):
            return None
        found = self._ranked(text, run)
        if found is None:
            return Asking(unknown=True)
        near = NEAR_SHORT if scant else NEAR_PLAN if leans else self._near(text, facts)
        best = next((item for item in found if item[0] != OUTSIDE), None)
        if best is None or best[1] < near or (near > NEAR_PLAN and found[0][0] == OUTSIDE):
            return None
        match best[0]:
            case Answer() as answer:
                return Asking((run.place.slug, answer), self._also(found), facts=facts)
            case Line(text=line):
                return Asking(about=(line,), facts=facts)
        return None

    def knows(self, text: str, run: Run) -> bool:
        """Whether the protocol has a side answer about just that."""
        found = self._ranked(text, run)
        best, score = found[0] if found else (None, 0.0)
        return isinstance(best, Answer) and score >= JUST_THAT

    def besides(self, text: str, run: Run) -> Answer | None:
        """The side answer to what is planned or asked in one breath with news.

        "He's out cold, I'll pour some syrup in": the news moves on, and the syrup is answered too.
        """
        plans = bool(_PLAN.search(words.normalise(text))) or is_question(text)
        near = BESIDES if plans else JUST_THAT
        found = [
            item
            for part in dict.fromkeys((words.normalise(text), *words.clauses(text)))
            if words.telling(part)
            for item in (self._ranked(part, run) or ())[:1]
        ]
        best, score = max(found, key=lambda item: item[1], default=("", 0.0))
        return best if isinstance(best, Answer) and score >= near else None

    def _near(self, text: str, facts: tuple[str, ...]) -> float:
        """The score that a remark has to have."""
        if _PLAN.search(words.normalise(text)):
            return NEAR_PLAN
        other = self._content.openings.chatter(text) or not BY_THE_WAY.issuperset(facts)
        return NEAR_OTHER if other else NEAR_REMARK

    def _ranked(self, text: str, run: Run) -> list[tuple[expected.Key, float]] | None:
        """What a question may be about, the nearest first; of a medicine only what speaks of it, or
        else is asked about it.

        None when it is about a medicine that nothing here names.
        """
        of = self._of(run.place.slug)
        found = dict(of.ranked(text))
        plainer = self._content.everyday.plainer(text)
        if plainer != text:
            found = _mixed(found, of.ranked(plainer), _PLAINER)
        if _leans(text, run):
            found = _mixed(found, of.ranked(f"{run.told}. {text}"), _BEFORE)
        found[OUTSIDE] = found.get(OUTSIDE, 0.0) - _OUTSIDE_LEADS
        ranked = sorted(found.items(), key=lambda item: -item[1])
        asked = medicines.named(text)
        if not asked:
            return ranked
        saying = [item for item in ranked if asked <= medicines.named(_words(item[0]))]
        fitting = [item for item in ranked if medicines.answered(text, *_words_and_asks(item[0]))]
        near = bool(saying) and saying[0][1] >= NEAR_QUESTION
        return (saying if near else fitting) or None

    def _also(self, found: list[tuple[expected.Key, float]]) -> Answer | None:
        """The second of two answers that are about as near, if both can be kept in mind."""
        answers = [(key, score) for key, score in found if isinstance(key, Answer)]
        if len(answers) < 2:
            return None
        (first, near), (second, nearly) = answers[:2]
        close = near - nearly <= ABOUT_AS_NEAR and nearly >= NEAR_REMARK
        spoken = (words.count(self._content.say(answer.say)) for answer in (first, second))
        return second if close and sum(spoken) <= LONGEST else None

    def _of_protocol(self, slug: str) -> Expected:
        content = self._content
        more = content.more(slug)
        return expected.of_questions(content.script(slug), more, content.outside, content.vectors)


def _leans(text: str, run: Run) -> bool:
    """Whether a question is short and refers to something that was said before."""
    if not run.told:
        return False
    plain, telling = words.normalise(text), len(words.content(text))
    most = _LEANING_WORDS if _HOW.search(plain) else _REFERRING_WORDS
    if telling <= most and _REFERS.search(plain):
        return True
    return telling <= _LEANING_WORDS and bool(_LEANS.search(plain))


def _mixed(
    found: dict[expected.Key, float], other: list[tuple[expected.Key, float]], share: float
) -> dict[expected.Key, float]:
    return {key: (1 - share) * found[key] + share * score for key, score in other}


def _words(key: expected.Key) -> str:
    """What an answer or a line says."""
    match key:
        case Answer(say=text) | Line(text=text):
            return text
    return ""


def _words_and_asks(key: expected.Key) -> tuple[str, tuple[str, ...]]:
    return _words(key), key.ask if isinstance(key, Answer) else ()
