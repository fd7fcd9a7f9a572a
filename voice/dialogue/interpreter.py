"""Reads an utterance in the present state: the order in which meanings are tried.

Whole commands and expected answers first (they are whole utterances, so they hide nothing), then
findings, the most urgent first, then phrasings of events, side questions, openings and the rest.
"""

from voice.dialogue import circumstances, expected, words
from voice.dialogue.circumstances import PRESENCE
from voice.dialogue.commands import MARK, Phrasebook
from voice.dialogue.content import Content
from voice.dialogue.doubt import EASING
from voice.dialogue.expected import Closest, Expected
from voice.dialogue.match import Matcher
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
    Wondering,
)
from voice.dialogue.memo import remembered
from voice.dialogue.passages import Passages
from voice.dialogue.protocol import Answer, Event, applies, goto
from voice.dialogue.questions import is_question
from voice.dialogue.runner import Run, Runner
from voice.dialogue.side_questions import SideQuestions
from voice.dialogue.small_talk import pleads, small_talk, yes_or_no
from voice.dialogue.state import State
from voice.dialogue.triage.findings import ELSEWHERE
from voice.dialogue.triage.openings import ANYTHING, ONE_MORE, OVERHEARD, SPOKEN_TO, Opening, Vague

LIKE_AN_EVENT = 0.74
VERY_LIKE_AN_EVENT = 0.92
NEAR, VERY_NEAR, AHEAD = 0.45, 0.6, 0.05
"""Score from which something is taken for what is expected, and its lead over the next best."""
CLOSE = 0.5
"""Score from which two events may be equally near: both are news, and the nearer is acted on."""
FAR_AHEAD = 0.15
"""Lead with which NEAR is near enough for the protocol's own news to go before a finding."""
WHAT = "awake"
"""The question that is asked back when nothing was told."""
_BACK = "back-to-first"
_RESUSCITATION = "cpr"
"""What the names of its protocols begin with."""
_SHORT = 8
"""Words of an utterance that may be an answer said twice."""
_TELLING = 2
"""Words that carry meaning; one alone has to stand in a sentence, as in "the power is off"."""
_SENTENCE = 3
NO_BREATH = frozenset(("not-breathing", "gasping"))
URGENT = frozenset(("not-breathing", "gasping", "unresponsive", "heavy-bleeding", "choking"))
WORRYING = frozenset(("minor-bleeding", "cyanosis", "cannot-speak"))
"""Findings that are no opening by themselves but deserve a question back."""


class Interpreter:
    """Gives utterances their meaning. Immutable apart from caches; safe in any thread."""

    def __init__(
        self, content: Content, runner: Runner, passages: Passages, *, overhears: bool
    ) -> None:
        """`overhears`: what is said may not be meant for us, so that it has to be plainer."""
        self._content = content
        self._runner = runner
        self._passages = passages
        self._near = OVERHEARD if overhears else SPOKEN_TO
        self._expected = remembered(256)(self._expected_at)
        self._reports = remembered(128)(self._reports_in)
        self._expectations = remembered(512)(self._expectations_at)
        self._side = SideQuestions(content)

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
            case None if state.run and self._returns(text):
                return Command(_BACK)
            case Command(name=name) if name in PRESENCE and state.run:
                return self._in_protocol(text, state.run, (name,))
            case Command(name=name) if name in PRESENCE:
                return self._idle(text, state.before)
            case None if state.run:
                return self._in_protocol(text, state.run)
            case None:
                return self._idle(text, state.before)
        return found

    def expect(self, run: Run) -> None:
        """Work out what may be heard at this step; it is kept."""
        self._expectations(run.place.slug, run.place.step)
        self._side.expect(run)

    def _returns(self, text: str) -> bool:
        """Whether the last of several clauses sends us back to the casualty from before."""
        *before, last = words.clauses(text) or ("",)
        heard = self._content.phrasebook.heard(last) if before else None
        return heard is not None and heard.meaning == _BACK

    def _reaction(self, what: str, text: str, state: State) -> Answered | Happened | Begin | None:
        """What words that mark something mean besides: to be like some phrasing is not enough."""
        run = state.run
        if run is None:
            opening = self._idle(text, state.before)
            return opening if isinstance(opening, Begin) else None
        facts = self._content.findings.read(text)
        for event in self._runner.script(run).events:
            if event.log == what and self._leads_on(event, run):
                return Happened(event, facts)
        return self._by_findings(facts, frozenset(facts), run)

    def _in_protocol(self, text: str, run: Run, stated: tuple[str, ...] = ()) -> Meaning:
        facts = self._content.findings.read(text)
        facts += tuple(fact for fact in stated if fact not in facts)
        another = circumstances.another(text)
        if another and (event := self._in_these_words(text, run)):
            return event
        if stated or circumstances.nothing_else(text, facts, self._content.findings):
            return self._circumstances(text, facts, run)
        if (another or self._runner.step(run).kind == "end") and (
            opening := self._new_opening(text, facts, run, another)
        ):
            return Begin(opening, another)
        found = (
            self._lifeless(facts, run)
            or self._by_findings(facts, NO_BREATH, run)
            or self._answer_by_finding(facts, run)
            or self._graver(text, facts, run)
            or self._own_news(text, facts, run)
            or self._by_findings(facts, URGENT, run)
            or self._by_report(text, facts, run, _alike(text, VERY_LIKE_AN_EVENT))
            or self._meant(text, facts, run)
            or self._taking_over(text, run)
            or self._known_remark(text, facts, run)
            or self._by_findings(facts, frozenset(facts), run)
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
        if found := self._by_report(text, facts, run, _alike(text, LIKE_AN_EVENT)):
            return found
        if fixed := self._passages.answer(text, run.place.slug):
            return Asking(fixed)
        step = self._runner.step(run)
        if step.kind == "ask":
            answer = yes_or_no(text) or self._answer_in_part(text, run)
            names = [choice.name for choice in step.choices]
            if answer in names:
                return Answered(answer, facts)
        if remark:
            return remark
        if step.kind == "ask":
            return Unclear(facts)
        return Told(facts) if facts else Talk("chat")

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
            self._answer_by_finding(facts, run)
            or self._in_these_words(text, run)
            or self._by_findings(facts, frozenset(facts), run)
            or Told(facts)
        )

    def _in_these_words(self, text: str, run: Run) -> Happened | None:
        """The event that has just these words among its phrasings."""
        plain = words.normalise(text)
        for event in self._runner.script(run).events:
            if self._leads_on(event, run) and plain in map(words.normalise, event.hear):
                return Happened(event, self._content.findings.read(text))
        return None

    def _meant(
        self, text: str, facts: tuple[str, ...], run: Run
    ) -> Answered | Happened | Asking | None:
        """The answer, event or side question that comes closest, when one clearly does."""
        if is_question(text):
            return self._side.asked(text, run)
        if not _telling(text):
            return None
        step, closest = self._runner.step(run), self._closest(text, run)
        if closest is None or closest.score < NEAR:
            return None
        ahead = closest.lead >= AHEAD
        match closest.key:
            case Answer() if ahead and closest.score >= VERY_NEAR:
                return self._side.remarked(text, facts, run)
            case Event() as event if ahead or (closest.score >= CLOSE and not _eases(event)):
                return self._reported(event, closest.score, facts, run)
            case str() as choice if ahead:
                sure = choice == step.safe or closest.score >= VERY_NEAR
                return Answered(choice, facts) if sure else None
        return None

    def _known_remark(self, text: str, facts: tuple[str, ...], run: Run) -> Asking | None:
        """A plan or report that the protocol knows an answer to, whoever is named in passing."""
        if is_question(text) or not self._side.knows(text, run):
            return None
        return self._side.remarked(text, facts, run)

    def _own_news(self, text: str, facts: tuple[str, ...], run: Run) -> Happened | None:
        """An event that the protocol has words for: it knows better than a general finding."""
        if is_question(text) or not _telling(text):
            return None
        closest = self._closest(text, run)
        if closest is None or not isinstance(closest.key, Event):
            return None
        event, far = closest.key, closest.lead >= FAR_AHEAD
        plain = closest.score >= VERY_NEAR and (
            far or (closest.lead >= AHEAD and not _eases(event))
        )
        clear = closest.score >= NEAR and far and not _eases(event)
        return Happened(event, facts) if (plain or clear) and self._leads_on(event, run) else None

    def _reported(
        self, event: Event, score: float, facts: tuple[str, ...], run: Run
    ) -> Happened | None:
        """An event; one that would make things less urgent has to be nearer than the rest."""
        if (_eases(event) and score < VERY_NEAR) or not self._leads_on(event, run):
            return None
        return Happened(event, facts)

    def _taking_over(self, text: str, run: Run) -> Begin | None:
        """Another emergency of the same casualty that is clearly told and no less urgent.

        What the protocol knows an answer to is none: "a swig of rum for the fright".
        """
        opening = self._content.openings.overtakes(text, run.place.slug)
        if opening is None or not self._content.usable(opening.slug):
            return None
        return None if self._side.knows(text, run) else Begin(opening, takes_over=True)

    def _graver(self, text: str, facts: tuple[str, ...], run: Run) -> Begin | None:
        """A threat to life that takes over, unless the protocol has words for just that."""
        found = None if URGENT.intersection(facts) else self._taking_over(text, run)
        if found is None or not self._content.openings.critical(found.opening.slug):
            return None
        own = self._closest(text, run)
        known = own is not None and isinstance(own.key, Event) and own.score >= CLOSE
        return None if known else found

    def _new_opening(
        self, text: str, facts: tuple[str, ...], run: Run, another: bool
    ) -> Opening | None:
        """The opening of a further emergency; without another casualty, of a different kind."""
        told = circumstances.of_the_other(text) if another else text
        opening = self._content.openings.find(told, ONE_MORE)
        if isinstance(opening, Vague):
            opening = None
        if another:
            return opening or (Opening(ANYTHING, facts) if facts else None)
        same = opening and self._content.resolve(opening.slug) == run.place.slug
        known = {event.finding for event in self._runner.script(run).events}
        return None if same or known.intersection(facts) else opening

    def _idle(self, text: str, before: str) -> Meaning:
        if pleads(text):
            return Wondering(WHAT, text)
        told = f"{before}. {text}" if before else text
        opening = self._content.openings.find(told, near=self._near)
        if isinstance(opening, Vague):
            return (
                Begin(Opening(ANYTHING, opening.facts), unrecognised=told)
                if before
                else Wondering(opening.question, text)
            )
        if opening:
            return Begin(opening)
        if about := small_talk(text):
            return Talk(about)
        if self._content.openings.chatter(text):
            return Talk("chat")
        facts = self._content.findings.read(text)
        answer = None if ELSEWHERE in facts else self._passages.answer(text, None)
        if answer or is_question(text):
            return Asking(answer)
        worrying = WORRYING.intersection(facts) and ELSEWHERE not in facts
        return Told(facts) if worrying else Talk("chat")

    def _answer_by_finding(self, facts: tuple[str, ...], run: Run) -> Answered | None:
        """The answer to the pending question that the most urgent telling finding gives."""
        choices = (self._runner.known_choice(run, frozenset((fact,))) for fact in facts)
        return next((Answered(choice.name, facts) for choice in choices if choice), None)

    def _by_findings(
        self, facts: tuple[str, ...], among: frozenset[str], run: Run
    ) -> Answered | Happened | None:
        """What the most urgent of these findings answers or sets off."""
        events = self._runner.script(run).events
        for fact in facts:
            if fact not in among:
                continue
            if answer := self._answer_by_finding((fact,), run):
                return Answered(answer.choice, facts)
            for event in events:
                if event.finding == fact and self._leads_on(event, run):
                    return Happened(event, facts)
        return None

    def _lifeless(self, facts: tuple[str, ...], run: Run) -> Happened | None:
        """No answer and no breath: where it is C P R that the first of these leads to.

        Without a breath alone somebody who chokes is still to be slapped on the back.
        """
        if "unresponsive" not in facts or NO_BREATH.isdisjoint(facts):
            return None
        for event in self._runner.script(run).events:
            resuscitates = (goto(event.then) or "").startswith(_RESUSCITATION)
            if event.finding == "unresponsive" and resuscitates and self._leads_on(event, run):
                return Happened(event, facts)
        return None

    def _by_report(
        self, text: str, facts: tuple[str, ...], run: Run, like: float
    ) -> Happened | None:
        if is_question(text):
            return None
        match = self._reports(run.place.slug).best(text, like)
        if match is None or not self._leads_on(match.key, run):
            return None
        return Happened(match.key, facts)

    def _leads_on(self, event: Event, run: Run) -> bool:
        """False for an event that does not apply, or would only begin the same protocol again."""
        if not applies(event, run.facts):
            return False
        slug = goto(event.then)
        return bool(event.steps) or not slug or self._content.usable(slug) != run.place.slug

    def _expected_at(self, slug: str, name: str) -> Phrasebook:
        """The commands together with the answers that this step expects."""
        book = self._content.phrasebook
        step = self._content.script(slug).step(name)
        heard = {
            f"choice:{choice.name}": [*book.phrases(choice.name), *choice.hear]
            for choice in step.choices
        }
        return book.extended(heard) if heard else book

    def _closest(self, text: str, run: Run) -> Closest | None:
        """What the text comes closest to of all that may be heard at this step."""
        return self._expectations(run.place.slug, run.place.step).closest(text)

    def _expectations_at(self, slug: str, name: str) -> Expected:
        script = self._content.script(slug)
        more, vectors = self._content.more(slug), self._content.vectors
        return expected.of_step(script, script.step(name), more, vectors)

    def _reports_in(self, slug: str) -> Matcher[Event]:
        script = self._content.script(slug)
        return Matcher((event, phrase) for event in script.events for phrase in event.hear)


def _telling(text: str) -> bool:
    """Whether the text says enough to be compared by meaning; else it is matched by spelling."""
    return len(words.content(text)) >= _TELLING or _one_in_a_sentence(text)


def _alike(text: str, like: float) -> float:
    """How like a phrasing in spelling a text has to be, where `like` is enough for most.

    One word that carries meaning is the same in very different sentences: "he still chokes" is not
    "I am choking".
    """
    return 1.0 if _one_in_a_sentence(text) else like


def _one_in_a_sentence(text: str) -> bool:
    return len(words.content(text)) == 1 and len(words.tokens(text)) >= _SENTENCE


def _eases(event: Event) -> bool:
    """Whether the event makes things less urgent."""
    return event.eases or event.finding in EASING
