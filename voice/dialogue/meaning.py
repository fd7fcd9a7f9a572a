"""What an utterance means in the present state: the order in which readings are tried.

Whole commands and expected answers first (they are whole utterances, so they hide nothing), then
findings, the most urgent first, then phrasings of events, side questions, openings and the rest.
"""

import re
from functools import lru_cache

import msgspec

from voice.dialogue import words
from voice.dialogue.commands import MARK, Phrasebook
from voice.dialogue.content import Content
from voice.dialogue.doubt import EASING
from voice.dialogue.durations import When
from voice.dialogue.match import Matcher
from voice.dialogue.passages import Passages
from voice.dialogue.protocol import Event, applies, goto
from voice.dialogue.runner import Run, Runner
from voice.dialogue.small_talk import About, small_talk, yes_or_no
from voice.dialogue.state import State
from voice.dialogue.triage.nearness import Nearest, Vectors
from voice.dialogue.triage.openings import ANYTHING, Opening, Vague, is_question

LIKE_AN_EVENT = 0.74
VERY_LIKE_AN_EVENT = 0.92
NEAR, VERY_NEAR, AHEAD = 0.5, 0.72, 0.1
"""Likeness in meaning from which something is taken for an expected answer or event."""
_TELLING = 2
"""Words that carry meaning; fewer are matched by spelling alone."""
PRESENCE = frozenset(("alone", "helper", "no-phone"))
"""Commands that state a finding: the running protocol reacts to them."""
URGENT = frozenset(("not-breathing", "gasping", "unresponsive", "heavy-bleeding", "choking"))
WORRYING = frozenset(("minor-bleeding", "cyanosis", "cannot-speak"))
"""Findings that are no opening by themselves but deserve a question back."""

_ANOTHER = re.compile(
    r"\b(another (one|person|casualty|victim|man|woman|guy|child)|"
    r"(second|other) (person|casualty|victim|man|woman|guy|child|patient))\b"
)


class Command(msgspec.Struct, frozen=True):
    """A whole-utterance command."""

    name: str
    when: When | None = None
    """A time that was said with it."""


class Answered(msgspec.Struct, frozen=True):
    """An answer to the pending question."""

    choice: str
    facts: tuple[str, ...] = ()


class Happened(msgspec.Struct, frozen=True):
    """A finding or report that sets off an event of the running protocol."""

    event: Event
    facts: tuple[str, ...] = ()


class Begin(msgspec.Struct, frozen=True):
    """The opening of an emergency, of a further casualty (`another`), or of the same one."""

    opening: Opening
    another: bool = False
    takes_over: bool = False


class Marked(msgspec.Struct, frozen=True):
    """Something to keep for the crew, and what the same words mean to the running protocol."""

    what: str
    when: When | None = None
    reaction: Answered | Happened | Begin | None = None


class Wondering(msgspec.Struct, frozen=True):
    """An opening that could be several things; `text` is all that was said of it."""

    question: str
    text: str


class Asking(msgspec.Struct, frozen=True):
    """A side question."""


class Told(msgspec.Struct, frozen=True):
    """Findings that move nothing."""

    facts: tuple[str, ...]


class Unclear(msgspec.Struct, frozen=True):
    """Something, but no clear answer to the pending question."""

    facts: tuple[str, ...] = ()


class Talk(msgspec.Struct, frozen=True):
    """Words that need no first aid."""

    about: About


class Noise(msgspec.Struct, frozen=True):
    """No words at all."""


Meaning = (
    Command
    | Marked
    | Answered
    | Happened
    | Begin
    | Wondering
    | Asking
    | Told
    | Unclear
    | Talk
    | Noise
)


class Interpreter:
    """Gives utterances their meaning. Immutable apart from caches; safe in any thread."""

    def __init__(self, content: Content, runner: Runner, passages: Passages) -> None:
        self._content = content
        self._runner = runner
        self._passages = passages
        self._expected = lru_cache(maxsize=256)(self._expected_at)
        self._reports = lru_cache(maxsize=128)(self._reports_in)
        self._nearest = lru_cache(maxsize=512)(self._nearest_at)
        self._phrasings = lru_cache(maxsize=None)(self._phrasings_of)

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
            case Command(name=name) if name in PRESENCE and state.run:
                return self._in_protocol(text, state.run, (name,))
            case Command(name=name) if name in PRESENCE:
                return self._idle(text, state.before)
            case None if state.run:
                return self._in_protocol(text, state.run)
            case None:
                return self._idle(text, state.before)
        return found

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
        another = bool(_ANOTHER.search(words.normalise(text)))
        if (another or self._runner.step(run).kind == "end") and (
            opening := self._new_opening(text, facts, run, another)
        ):
            return Begin(opening, another)
        found = (
            self._by_findings(facts, URGENT, run)
            or self._answer_by_finding(facts, run)
            or self._by_report(text, facts, run, VERY_LIKE_AN_EVENT)
            or self._taking_over(text, run)
            or self._meant(text, facts, run)
            or self._by_findings(facts, frozenset(facts), run)
        )
        if found:
            return found
        if about := small_talk(text):
            return Talk(about)
        if is_question(text):
            return Asking()
        if found := self._by_report(text, facts, run, LIKE_AN_EVENT):
            return found
        if self._passages.answer(text, run.place.slug):
            return Asking()
        step = self._runner.step(run)
        if step.kind == "ask":
            answer = yes_or_no(text)
            names = [choice.name for choice in step.choices]
            return Answered(answer, facts) if answer in names else Unclear(facts)
        return Told(facts) if facts else Talk("chat")

    def _meant(self, text: str, facts: tuple[str, ...], run: Run) -> Answered | Happened | None:
        """The answer or event that comes closest in meaning, when one clearly does.

        What would make things less urgent has to be nearer than the rest.
        """
        if is_question(text) or len(words.content(text)) < _TELLING:
            return None
        nearest = self._nearest(run.place.slug, run.place.step)
        found = nearest.clear(text, NEAR, AHEAD)
        if found is None:
            return None
        if isinstance(found.key, Event):
            easing = found.key.eases or found.key.finding in EASING
            if (easing and found.score < VERY_NEAR) or not self._leads_on(found.key, run):
                return None
            return Happened(found.key, facts)
        step = self._runner.step(run)
        if found.key != step.safe and found.score < VERY_NEAR:
            return None
        return Answered(found.key, facts)

    def _taking_over(self, text: str, run: Run) -> Begin | None:
        """Another emergency of the same casualty that is clearly told and no less urgent."""
        opening = self._content.openings.overtakes(text, run.place.slug)
        usable = opening and self._content.usable(opening.slug)
        return Begin(opening, takes_over=True) if opening and usable else None

    def _new_opening(
        self, text: str, facts: tuple[str, ...], run: Run, another: bool
    ) -> Opening | None:
        """The opening of a further emergency; without another casualty, of a different kind."""
        opening = self._content.openings.find(text)
        if isinstance(opening, Vague):
            opening = None
        if another:
            return opening or (Opening(ANYTHING, facts) if facts else None)
        same = opening and self._content.resolve(opening.slug) == run.place.slug
        known = {event.finding for event in self._runner.script(run).events}
        return None if same or known.intersection(facts) else opening

    def _idle(self, text: str, before: str) -> Meaning:
        told = f"{before}. {text}" if before else text
        opening = self._content.openings.find(told)
        if isinstance(opening, Vague):
            return (
                Begin(Opening(ANYTHING, opening.facts))
                if before
                else Wondering(opening.question, text)
            )
        if opening:
            return Begin(opening)
        if about := small_talk(text):
            return Talk(about)
        if self._content.openings.chatter(text):
            return Talk("chat")
        if is_question(text) or self._passages.answer(text, None):
            return Asking()
        facts = self._content.findings.read(text)
        worrying = WORRYING.intersection(facts) and "elsewhere" not in facts
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

    def _nearest_at(self, slug: str, name: str) -> Nearest[Event | str]:
        script = self._content.script(slug)
        answers = [(c.name, said) for c in script.step(name).choices for said in c.hear]
        events = [(event, said) for event in script.events for said in event.hear]
        return Nearest([*answers, *events], self._phrasings(slug))

    def _phrasings_of(self, slug: str) -> Vectors:
        """The vectors of all that a protocol expects to hear, worked out once for all its steps."""
        script = self._content.script(slug)
        said = [line for event in script.events for line in event.hear]
        for step in script.steps.values():
            said += (line for choice in step.choices for line in choice.hear)
        return self._content.openings.learned.vectors(dict.fromkeys(said))

    def _reports_in(self, slug: str) -> Matcher[Event]:
        script = self._content.script(slug)
        return Matcher((event, phrase) for event in script.events for phrase in event.hear)
