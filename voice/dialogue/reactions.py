"""What a running protocol makes of what was told: by findings, by likeness to its phrasings.

Findings are certain and general; phrasings are the protocol's own, and near or less near. Which of
these go first is the interpreter's business.
"""

from voice.dialogue import expected, words
from voice.dialogue.content import Content
from voice.dialogue.doubt import EASING
from voice.dialogue.expected import Closest, Expected
from voice.dialogue.match import Matcher
from voice.dialogue.meaning import Answered, Asking, Happened
from voice.dialogue.memo import remembered
from voice.dialogue.protocol import Answer, Event, applies, goto
from voice.dialogue.questions import is_question
from voice.dialogue.runner import Run, Runner
from voice.dialogue.side_questions import SideQuestions

LIKE_AN_EVENT = 0.74
VERY_LIKE_AN_EVENT = 0.92
NEAR, VERY_NEAR, AHEAD = 0.45, 0.6, 0.05
"""Score from which something is taken for what is expected, and its lead over the next best."""
CLOSE = 0.5
"""Score from which two events may be equally near: both are news, and the nearer is acted on."""
LIKELY, LIKELY_AHEAD = 0.32, 0.12
"""The same for news that nothing else was made of: better than to have understood nothing."""
FORETOLD_AHEAD = 0.25
"""The lead of an event that an opening tells of: it would be spoken without being asked for."""
FAR_AHEAD = 0.15
"""Lead with which NEAR is near enough for the protocol's own news to go before a finding."""
SELF = "self"
"""The finding that it is the speaker who needs help."""
NO_BREATH = frozenset(("not-breathing", "gasping"))
_RESUSCITATION = "cpr"
"""What the names of its protocols begin with."""
_SENTENCE = 3
"""Words in which a single one that carries meaning has to stand: "the power is off"."""


class Reactions:
    """Finds what was told among what may be. Immutable apart from caches; safe in any thread."""

    def __init__(self, content: Content, runner: Runner, side: SideQuestions) -> None:
        self._content = content
        self._runner = runner
        self._side = side
        self._reports = remembered(128)(self._reports_in)
        self._expectations = remembered(512)(self._expectations_at)

    def expect(self, run: Run) -> None:
        """Work out what may be heard at this step; it is kept."""
        self._expected(run)

    def answer_by_finding(self, facts: tuple[str, ...], run: Run) -> Answered | None:
        """The answer to the pending question that the most urgent telling finding gives."""
        choices = (self._runner.known_choice(run, frozenset((fact,))) for fact in facts)
        return next((Answered(choice.name, facts) for choice in choices if choice), None)

    def by_findings(
        self, facts: tuple[str, ...], among: frozenset[str], run: Run
    ) -> Answered | Happened | None:
        """What the most urgent of these findings answers or sets off."""
        events = self._runner.script(run).events
        for fact in facts:
            if fact not in among:
                continue
            if answer := self.answer_by_finding((fact,), run):
                return Answered(answer.choice, facts)
            for event in events:
                if event.finding == fact and self.leads_on(event, run):
                    return Happened(event, facts)
        return None

    def lifeless(self, facts: tuple[str, ...], run: Run) -> Happened | None:
        """No answer and no breath: where it is C P R that the first of these leads to.

        Without a breath alone somebody who chokes is still to be slapped on the back.
        """
        if "unresponsive" not in facts or NO_BREATH.isdisjoint(facts):
            return None
        for event in self._runner.script(run).events:
            resuscitates = (goto(event.then) or "").startswith(_RESUSCITATION)
            if event.finding == "unresponsive" and resuscitates and self.leads_on(event, run):
                return Happened(event, facts)
        return None

    def in_these_words(self, text: str, run: Run) -> Happened | None:
        """The event that has just these words among its phrasings."""
        plain = words.normalise(text)
        for event in self._runner.script(run).events:
            if self.leads_on(event, run) and plain in map(words.normalise, event.hear):
                return Happened(event, self._content.findings.read(text))
        return None

    def own_news(self, text: str, facts: tuple[str, ...], run: Run) -> Happened | None:
        """An event that the protocol has words for: it knows better than a general finding."""
        if not _telling(text):
            return None
        closest = self.closest(text, run)
        if closest is None or not isinstance(closest.key, Event):
            return None
        event, far = closest.key, closest.lead >= FAR_AHEAD
        if is_question(text) and not (far and closest.score >= VERY_NEAR):
            return None
        plain = closest.score >= VERY_NEAR and (
            far or (closest.lead >= AHEAD and not _eases(event))
        )
        clear = closest.score >= NEAR and far and not _eases(event)
        return Happened(event, facts) if (plain or clear) and self.leads_on(event, run) else None

    def foretold(self, text: str, run: Run) -> Event | None:
        """The event that the protocol's opening told of besides, in one of its clauses.

        What leads to another protocol would have been found as that; who it is (a child) and what
        threatens life is known as a fact, for steps that depend on it.
        """
        if SELF in run.facts:
            return next((e for e in self._runner.script(run).events if e.finding == SELF), None)
        clauses = words.clauses(text)
        parts = (text, *clauses) if len(clauses) > 1 else (text,)
        found = (self.closest(part, run) for part in parts if _telling(part))
        plain = [
            each
            for each in found
            if each and each.score >= VERY_NEAR and each.lead >= FORETOLD_AHEAD
        ]
        event = max(plain, key=lambda each: each.score).key if plain else None
        if not isinstance(event, Event) or event.finding or event.log or _eases(event):
            return None
        return None if goto(event.then) else event

    def meant(
        self, text: str, facts: tuple[str, ...], run: Run
    ) -> Answered | Happened | Asking | None:
        """The answer, event or side question that comes closest, when one clearly does."""
        if is_question(text):
            return self._side.asked(text, run)
        if not _telling(text):
            return None
        step, closest = self._runner.step(run), self.closest(text, run)
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

    def likely(self, text: str, facts: tuple[str, ...], run: Run) -> Answered | Happened | None:
        """What it most likely tells, where all else failed; nothing that would ease matters."""
        closest = self.closest(text, run) if _telling(text) and not is_question(text) else None
        if closest is None or closest.score < LIKELY or closest.lead < LIKELY_AHEAD:
            return None
        match closest.key:
            case Event() as event if not _eases(event) and self.leads_on(event, run):
                return Happened(event, facts)
            case str() as choice if choice == self._runner.step(run).safe:
                return Answered(choice, facts)
        return None

    def _reported(
        self, event: Event, score: float, facts: tuple[str, ...], run: Run
    ) -> Happened | None:
        """An event; one that would make things less urgent has to be nearer than the rest."""
        if (_eases(event) and score < VERY_NEAR) or not self.leads_on(event, run):
            return None
        return Happened(event, facts)

    def by_report(
        self, text: str, facts: tuple[str, ...], run: Run, like: float
    ) -> Happened | None:
        """An event that has a phrasing spelt like this text."""
        if is_question(text):
            return None
        match = self._reports(run.place.slug).best(text, _alike(text, like))
        if match is None or not self.leads_on(match.key, run):
            return None
        return Happened(match.key, facts)

    def leads_on(self, event: Event, run: Run) -> bool:
        """False for an event that does not apply, or would only begin the same protocol again."""
        if not applies(event, run.facts):
            return False
        slug = goto(event.then)
        return bool(event.steps) or not slug or self._content.usable(slug) != run.place.slug

    def closest(self, text: str, run: Run) -> Closest | None:
        """What the text comes closest to of all that may be heard at this step."""
        return self._expected(run).closest(text)

    def _expected(self, run: Run) -> Expected:
        step = self._runner.step(run)
        return self._expectations(run.place.slug, step.id if step.choices else None)

    def _expectations_at(self, slug: str, asking: str | None) -> Expected:
        script, more = self._content.script(slug), self._content.more(slug)
        step = script.step(asking) if asking else None
        return expected.of_script(script, step, more, self._content.vectors)

    def _reports_in(self, slug: str) -> Matcher[Event]:
        script = self._content.script(slug)
        return Matcher((event, phrase) for event in script.events for phrase in event.hear)


def _telling(text: str) -> bool:
    """Whether the text says enough to be compared by meaning; else it is matched by spelling."""
    return words.telling(text) or _one_in_a_sentence(text)


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
