"""What begins: a protocol while none runs, a graver one in its place, one for another casualty."""

from voice.dialogue import circumstances, talk, words
from voice.dialogue.content import Content
from voice.dialogue.meaning import Asking, Begin, Meaning, Talk, Told, Wondering
from voice.dialogue.passages import SAME_QUESTION, WORD_FOR_WORD, Passages
from voice.dialogue.protocol import Answer, Event
from voice.dialogue.questions import is_question
from voice.dialogue.reactions import CLOSE, Reactions
from voice.dialogue.runner import Run, Runner
from voice.dialogue.side_questions import SideQuestions
from voice.dialogue.small_talk import pleads, small_talk
from voice.dialogue.state import State
from voice.dialogue.triage.certainty import SURELY
from voice.dialogue.triage.findings import ELSEWHERE
from voice.dialogue.triage.openings import (
    AMID_TALK,
    AWAKE,
    ONE_MORE,
    OVERHEARD,
    SPOKEN_TO,
    Opening,
    Vague,
)
from voice.dialogue.triage.rules import ANYTHING

ANYONE = "anyone"
"""The question when something was told to us that may have to do with an emergency."""
ABOUT_LIFE = frozenset((AWAKE, "fall", "swallowed"))
"""Questions back to which "no" means that somebody may not be awake, or not breathe."""
URGENT = frozenset(("not-breathing", "gasping", "unresponsive", "heavy-bleeding", "choking"))
WORRYING = frozenset(("minor-bleeding", "cyanosis", "cannot-speak"))
"""Findings that are no opening by themselves but deserve a question back."""
_ANSWER = 8
"""Words of an utterance that may be an answer to what we asked back."""


class Beginnings:
    """Decides whether words begin something. Immutable; safe in any thread."""

    def __init__(
        self,
        content: Content,
        runner: Runner,
        passages: Passages,
        side: SideQuestions,
        reactions: Reactions,
        *,
        overhears: bool,
    ) -> None:
        """`overhears`: what is said may not be meant for us, so that it has to be plainer."""
        self._content = content
        self._runner = runner
        self._passages = passages
        self._side = side
        self._reactions = reactions
        self._overhears = overhears
        self._near = OVERHEARD if overhears else SPOKEN_TO

    def idle(self, text: str, state: State) -> Meaning:
        """What words mean while nothing runs; something too vague may have been told before."""
        if pleads(text):
            return Wondering(AWAKE, text)
        before = state.before
        if before and self._overhears and not self._goes_on(text):
            before = ""  # somebody's talk, no answer to what we asked back
        told = f"{before}. {text}" if before else text
        amid_talk = self._overhears and talk.goes_on(state)
        opening = self._content.openings.find(told, near=AMID_TALK if amid_talk else self._near)
        if isinstance(opening, Vague):
            if not before:
                return Wondering(opening.question, text)
            return Begin(Opening(ANYTHING, opening.facts), unrecognised=told)
        if opening:
            return Begin(opening)
        if about := small_talk(text):
            return Talk(about)
        if self._content.openings.chatter(text):
            return self._nothing_told(text, before)
        facts = self._content.findings.read(text)
        perhaps = self._content.openings.perhaps(text)
        answer = None if ELSEWHERE in facts else self._answer(text, perhaps)
        if perhaps and is_question(text):
            asks_back = not answer and self._passages.depends(text)
            return Wondering(ANYONE, text) if asks_back else Asking(answer)
        if answer:
            return Asking(answer)
        if WORRYING.intersection(facts) and ELSEWHERE not in facts:
            return Told(facts)
        return self._nothing_told(text, before)

    def said_idly(self, name: str, state: State) -> Begin | Talk | None:
        """What a "yes" or "no" means while nothing runs, besides itself.

        Whoever may not be awake is looked at; where nothing was asked it is somebody's talk.
        """
        if not state.before:
            return Talk("chat") if self._overhears else None
        if name == "yes" or state.wondered not in ABOUT_LIFE:
            return None
        facts = self._content.findings.read(state.before)
        return Begin(Opening(ANYTHING, facts), unrecognised=state.before)

    def anew(self, text: str, facts: tuple[str, ...], run: Run, another: bool) -> Opening | None:
        """The opening of a further emergency; without another casualty, of a different kind."""
        told = circumstances.of_the_other(text) if another else text
        opening = self._content.openings.find(told, ONE_MORE)
        if isinstance(opening, Vague):
            opening = None
        if another:
            told_of = bool(facts) or circumstances.further(text, person=True)
            return opening or (Opening(ANYTHING, facts) if told_of else None)
        same = opening and self._content.resolve(opening.slug) == run.place.slug
        known = {event.finding for event in self._runner.script(run).events}
        return None if same or known.intersection(facts) else opening

    def taking_over(self, text: str, run: Run) -> Begin | None:
        """Another emergency of the same casualty that is clearly told and no less urgent.

        What the protocol knows an answer to is none: "a swig of rum for the fright".
        """
        opening = self._content.openings.overtakes(text, run.place.slug)
        if opening is None or not self._content.usable(opening.slug):
            return None
        return None if self._side.knows(text, run) else Begin(opening, takes_over=True)

    def graver(self, text: str, facts: tuple[str, ...], run: Run) -> Begin | None:
        """A threat to life that takes over, unless the protocol has words for just that."""
        found = None if URGENT.intersection(facts) else self.taking_over(text, run)
        if found is None or not self._content.openings.critical(found.opening.slug):
            return None
        own = self._reactions.closest(text, run)
        known = own is not None and isinstance(own.key, Event) and own.score >= CLOSE
        return None if known else found

    def _answer(self, text: str, perhaps: bool) -> tuple[str, Answer] | None:
        """The fixed answer to a question, or to what may be a plan: about nothing else, then."""
        answer = self._passages.answer(text, None, SAME_QUESTION if perhaps else WORD_FOR_WORD)
        if answer is None or not perhaps or is_question(text):
            return answer
        return answer if self._content.openings.about(text) == answer[0] else None

    def _goes_on(self, text: str) -> bool:
        """Whether it may be an answer to what we asked back, and is not just somebody's talk."""
        return (
            len(words.tokens(text)) <= _ANSWER
            or bool(self._content.findings.read(text))
            or self._content.openings.find(text, near=self._near) is not None
        )

    def _nothing_told(self, text: str, before: str) -> Talk | Wondering:
        """What begins nothing; said to us, it is asked about unless it is surely mere talk."""
        if self._overhears or before or self._content.openings.chatter(text, SURELY):
            return Talk("chat")
        return Wondering(ANYONE, text)
