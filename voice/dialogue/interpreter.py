"""Reads an utterance in the present state: the order in which meanings are tried.

Whole commands and expected answers first (they are whole utterances, so they hide nothing), then
findings, the most urgent first, then phrasings of events, side questions, openings and the rest.
"""

from voice.dialogue import circumstances, words
from voice.dialogue.beginnings import URGENT, Beginnings
from voice.dialogue.circumstances import PRESENCE
from voice.dialogue.commands import MARK, Phrasebook
from voice.dialogue.content import Content
from voice.dialogue.meaning import (
    Answered,
    Asking,
    Begin,
    Command,
    Happened,
    Marked,
    Meaning,
    Noise,
    Talk,
    Told,
    Unclear,
)
from voice.dialogue.memo import remembered
from voice.dialogue.passages import Passages
from voice.dialogue.protocol import Answer, Event
from voice.dialogue.questions import is_question
from voice.dialogue.reactions import (
    LIKE_AN_EVENT,
    NO_BREATH,
    VERY_LIKE_AN_EVENT,
    Reactions,
)
from voice.dialogue.runner import Run, Runner
from voice.dialogue.side_questions import SideQuestions
from voice.dialogue.small_talk import small_talk, yes_or_no
from voice.dialogue.state import State
from voice.dialogue.triage.openings import Opening
from voice.dialogue.triage.rules import ANYTHING

_BACK = "back-to-first"
_SHORT = 8
"""Words of an utterance that may be an answer said twice."""


class Interpreter:
    """Gives utterances their meaning. Immutable apart from caches; safe in any thread."""

    def __init__(
        self, content: Content, runner: Runner, passages: Passages, *, overhears: bool
    ) -> None:
        """`overhears`: what is said may not be meant for us, so that it has to be plainer."""
        self._content = content
        self._runner = runner
        self._passages = passages
        self._expected = remembered(256)(self._expected_at)
        self._side = SideQuestions(content)
        self._reactions = Reactions(content, runner, self._side)
        self._beginnings = Beginnings(
            content, runner, passages, self._side, self._reactions, overhears=overhears
        )

    def whole(self, text: str, state: State) -> Command | Answered | None:
        """The command or expected answer that the whole utterance is."""
        if state.run is None or state.confirm:
            heard = self._content.phrasebook.heard(text)
        else:
            place = state.run.place
            heard = self._expected(place.slug, place.step).heard(text)
        if heard is None:
            return None
        kind, _, name = heard.meaning.partition(":")
        return Answered(name) if kind == "choice" else Command(kind, heard.when)

    def read(self, text: str, state: State) -> Meaning:
        """What the utterance means now."""
        if not words.tokens(text):
            return Noise()
        found = self.whole(text, state)
        match found:
            case Command(name=name, when=when) if name.startswith(MARK):
                what = name.removeprefix(MARK)
                return Marked(what, when, self._reaction(what, text, state))
            case Command(name="yes" | "no" as name) if not (state.run or state.confirm):
                return self._beginnings.said_idly(name, state) or found
            case None if state.run and self._returns(text):
                return Command(_BACK)
            case Command(name=name) if name in PRESENCE and state.run:
                return self._in_protocol(text, state.run, (name,))
            case Command(name=name) if name in PRESENCE:
                return self._beginnings.idle(text, state)
            case None if state.run:
                return self._in_protocol(text, state.run)
            case None:
                return self._beginnings.idle(text, state)
        return found

    def settled(self, text: str, state: State) -> bool:
        """Whether words of a running protocol leave nothing open: see `Understanding.settled`."""
        if state.run is None or state.confirm:
            return False
        match self.read(text, state):
            case Answered():
                return True
            case Asking():
                return text.rstrip().endswith("?")
        return False

    def expect(self, run: Run) -> None:
        """Work out what may be heard at this step; it is kept."""
        self.expect_news(run)
        self._side.expect(run)

    def expect_news(self, run: Run) -> None:
        """Work out what may be told at this step; it is kept."""
        self._reactions.expect(run)

    def foretold(self, text: str, run: Run) -> Event | None:
        """The event of a protocol that just began which its opening told of besides."""
        return None if run.nowhere else self._reactions.foretold(text, run)

    def besides(self, text: str, run: Run) -> tuple[str, Answer] | None:
        """The running protocol's answer to what was planned or asked in one breath with news."""
        answer = self._side.besides(text, run)
        return (run.place.slug, answer) if answer else None

    def _returns(self, text: str) -> bool:
        """Whether the last of several clauses sends us back to the casualty from before."""
        *before, last = words.clauses(text) or ("",)
        heard = self._content.phrasebook.heard(last) if before else None
        return heard is not None and heard.meaning == _BACK

    def _reaction(self, what: str, text: str, state: State) -> Answered | Happened | Begin | None:
        """What words that mark something mean besides: to be like some phrasing is not enough."""
        run = state.run
        if run is None:
            opening = self._beginnings.idle(text, state)
            return opening if isinstance(opening, Begin) else None
        facts = self._content.findings.read(text)
        for event in self._runner.script(run).events:
            if event.log == what and self._reactions.leads_on(event, run):
                return Happened(event, facts)
        return self._reactions.by_findings(facts, frozenset(facts), run)

    def _in_protocol(self, text: str, run: Run, stated: tuple[str, ...] = ()) -> Meaning:
        facts = self._content.findings.read(text)
        facts += tuple(fact for fact in stated if fact not in facts)
        another = circumstances.another(text)
        if another and (event := self._reactions.in_these_words(text, run)):
            return event
        if stated or circumstances.nothing_else(text, facts, self._content.findings):
            return self._circumstances(text, facts, run)
        if (another or self._runner.step(run).kind == "end") and (
            opening := self._beginnings.anew(text, facts, run, another)
        ):
            return Begin(opening, another)
        found = (
            self._reactions.lifeless(facts, run)
            or self._reactions.by_findings(facts, NO_BREATH, run)
            or self._reactions.answer_by_finding(facts, run)
            or self._beginnings.graver(text, facts, run)
            or self._reactions.own_news(text, facts, run)
            or self._reactions.by_findings(facts, URGENT, run)
            or self._reactions.by_report(text, facts, run, VERY_LIKE_AN_EVENT)
            or self._reactions.meant(text, facts, run)
            or self._beginnings.taking_over(text, run)
            or self._known_remark(text, facts, run)
            or self._yes_or_no(text, facts, run)
            or self._reactions.by_findings(facts, frozenset(facts), run)
        )
        return found or self._otherwise(text, facts, run)

    def _otherwise(self, text: str, facts: tuple[str, ...], run: Run) -> Meaning:
        """What is left when nothing that is expected was said."""
        about = small_talk(text)
        remark = self._side.remarked(text, facts, run)
        if about and not (remark and (about == "comfort" or self._side.knows(text, run))):
            return Talk(about)
        if is_question(text):
            return Asking()
        if circumstances.further(text):
            return Begin(Opening(ANYTHING, facts), another=True)
        if found := self._reactions.by_report(text, facts, run, LIKE_AN_EVENT):
            return found
        if fixed := self._passages.answer(text, run.place.slug):
            return Asking(fixed)
        step = self._runner.step(run)
        if step.kind == "ask" and (answer := self._answer_in_part(text, run)):
            return Answered(answer, facts)
        if not self._content.openings.chatter(text) and (
            likely := self._reactions.likely(text, facts, run)
        ):
            return likely
        if remark:
            return remark
        if step.kind == "ask":
            return Unclear(facts)
        return Told(facts) if facts else Talk("chat")

    def _yes_or_no(self, text: str, facts: tuple[str, ...], run: Run) -> Answered | None:
        """The answer to the pending question that the utterance begins with."""
        answer = yes_or_no(text)
        names = [choice.name for choice in self._runner.step(run).choices]
        return Answered(answer, facts) if answer in names and not small_talk(text) else None

    def _answer_in_part(self, text: str, run: Run) -> str | None:
        """The one answer that some clause of a short utterance is, as in "nothing, not a thing"."""
        if len(words.tokens(text)) > _SHORT:
            return None
        book = self._expected(run.place.slug, run.place.step)
        heard = filter(None, map(book.heard, words.clauses(text)))
        meant = {found.meaning for found in heard}
        kind, _, name = meant.pop().partition(":") if len(meant) == 1 else ("", "", "")
        return name if kind == "choice" else None

    def _circumstances(self, text: str, facts: tuple[str, ...], run: Run) -> Meaning:
        """What is told of who it is and who is there; it is never like anything else."""
        return (
            self._reactions.answer_by_finding(facts, run)
            or self._reactions.in_these_words(text, run)
            or self._reactions.by_findings(facts, frozenset(facts), run)
            or Told(facts)
        )

    def _known_remark(self, text: str, facts: tuple[str, ...], run: Run) -> Asking | None:
        """A plan or report that the protocol knows an answer to, whoever is named in passing."""
        if is_question(text) or not self._side.knows(text, run):
            return None
        return self._side.remarked(text, facts, run)

    def _expected_at(self, slug: str, name: str) -> Phrasebook:
        """The commands together with the answers that this step expects."""
        book = self._content.phrasebook
        step = self._content.script(slug).step(name)
        heard = {
            f"choice:{choice.name}": [*book.phrases(choice.name), *choice.hear]
            for choice in step.choices
        }
        return book.extended(heard) if heard else book
