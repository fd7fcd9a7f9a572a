"""Moves through protocols: a pure function from a position and what happened to a position.

A `Run` is a position with what is known; it is immutable, so keeping an old one is free.
Every move settles: steps that do not apply are skipped, `goto` steps are passed through, and
questions whose answer is already known are not asked.
"""

import msgspec

from voice.dialogue.content import DRAFT, Content
from voice.dialogue.protocol import CALLED, GOTO, RETURN, WHO, Choice, Event, Step, applies, goto
from voice.dialogue.script import Script
from voice.dialogue.triage.openings import Opening

DRAFTED = "drafted-"
"""How the names of the steps begin that speak a draft's lines; a fact of the same name is set."""
_TRAIL = 100
"""How many positions `back` remembers."""
_SETTLE = 64
"""More silent moves than this in a row mean content that goes round in circles."""


class Place(msgspec.Struct, frozen=True):
    """A step of a protocol, and where an event has to return to afterwards."""

    slug: str
    step: str
    """Empty in a protocol that may not be used."""
    home: str | None = None
    """The step of the same protocol at which the event happened."""


class Run(msgspec.Struct, frozen=True):
    """A running protocol."""

    place: Place
    facts: frozenset[str] = frozenset()
    trail: tuple[Place, ...] = ()
    """The places spoken before, the latest last."""
    announce: tuple[str, ...] = ()
    """Lines to speak before the step's own, slots unfilled."""
    unclear: int = 0
    """How often in a row the pending question got no clear answer."""
    told: str = ""
    """What was told or asked last: a short question may lean on it."""
    drafted: tuple[str, ...] = ()
    """The words of the draft that runs, or ran before."""
    casualty: int = 1
    """Whom it is about, counted in the order in which they were told of."""
    foretold: str = ""
    """The event that the opening told of; it happens once the first step, and the call, is done."""

    @property
    def nowhere(self) -> bool:
        """Whether it led to a protocol that may not be used: there is nothing more to say."""
        return not self.place.step


class Runner:
    """Knows the content and the moves. Immutable; safe in any thread."""

    def __init__(self, content: Content) -> None:
        self._content = content

    def script(self, run: Run) -> Script:
        """The protocol that runs."""
        return self._content.script(run.place.slug)

    def step(self, run: Run) -> Step:
        """The step at which the protocol stands."""
        return self.script(run).step(run.place.step)

    def start(self, opening: Opening) -> Run:
        """Begin a protocol with what its opening told."""
        facts = frozenset(self._content.region.facts)
        facts = self._content.findings.add(facts, opening.facts)
        slug = self._content.resolve(self._for_age(opening.slug, facts))
        return self._settle(Run(self._entrance(slug, facts), facts))

    def foretell(self, run: Run, event: Event | None) -> Run:
        """A protocol that just began, with what its opening told of besides.

        It happens once the first step is done, and the call if that comes next; help for oneself
        is worded for oneself from the start.
        """
        if event is None or not applies(event, run.facts):
            return run
        if event.finding:
            return self.happen(run, event)
        return msgspec.structs.replace(run, foretold=event.id)

    def draft(self, run: Run | None, lines: tuple[str, ...]) -> Run:
        """Begin a draft of the language model, knowing what is known."""
        first = Place(DRAFT, self._content.script(DRAFT).first)
        run = run or Run(first, frozenset(self._content.region.facts))
        steps = {name for name in self._content.script(DRAFT).steps if _number(name)}
        used = {name for name in steps if _number(name) <= len(lines)}
        facts = run.facts - steps | used
        return self._settle(
            self._at(msgspec.structs.replace(run, facts=facts, drafted=lines), first)
        )

    def drafted(self, run: Run) -> str:
        """What the step says in the draft that runs; empty for a step with words of its own."""
        number = _number(run.place.step) if run.place.slug == DRAFT else 0
        return run.drafted[number - 1] if number else ""

    def start_over(self, run: Run) -> Run:
        """The running protocol from its first step, nothing known."""
        if run.place.slug == DRAFT:
            return self.draft(msgspec.structs.replace(run, facts=frozenset()), run.drafted)
        again = self.start(Opening(run.place.slug))
        return msgspec.structs.replace(again, casualty=run.casualty)

    def learn(self, run: Run, facts: tuple[str, ...]) -> Run:
        """The same position, knowing more."""
        known = self._content.findings.add(run.facts, facts)
        return msgspec.structs.replace(run, facts=known)

    def for_age(self, run: Run) -> Run | None:
        """The protocol for the casualty's age, if it is another one that may be used."""
        slug = self._for_age(run.place.slug, run.facts)
        return None if slug == run.place.slug else self._settle(self._jump(run, GOTO + slug))

    def advance(self, run: Run) -> Run:
        """`next`: the following step; at a question its safe choice."""
        step = self.step(run)
        if step.kind == "ask":
            return self._take(run, _choice(step, step.safe), certain=False)
        return self._go(run, self.script(run).after(step.id))

    def choose(self, run: Run, name: str) -> Run:
        """Answer the pending question."""
        return self._take(run, _choice(self.step(run), name), certain=True)

    def unclear(self, run: Run) -> Run | None:
        """No clear answer: once the same question again, then (None) the safe choice is due."""
        if run.unclear:
            return None
        return msgspec.structs.replace(run, unclear=1, announce=())

    def happen(self, run: Run, event: Event, facts: tuple[str, ...] = ()) -> Run:
        """An event: its steps, the place it leads to, or both; `facts` were said with it."""
        known = self._content.findings.add(run.facts - set(event.forgets), (*facts, *event.sets))
        announce = (event.say,) if event.say else ()
        foretold = "" if run.foretold == event.id else run.foretold
        run = msgspec.structs.replace(run, facts=known, announce=announce, foretold=foretold)
        first = self.script(run).entrance(event)
        if first is None:
            return self._settle(self._jump(run, event.then or RETURN))
        home = run.place.home or run.place.step
        return self._settle(self._at(run, Place(run.place.slug, first, home)))

    def back(self, run: Run) -> Run | None:
        """The place spoken before, or None at the first."""
        if not run.trail:
            return None
        return msgspec.structs.replace(
            run, place=run.trail[-1], trail=run.trail[:-1], announce=(), unclear=0
        )

    def known_choice(self, run: Run, facts: frozenset[str]) -> Choice | None:
        """The answer to the pending question that the facts give, the safe one first."""
        step = self.step(run)
        choices = sorted(step.choices, key=lambda choice: choice.name != step.safe)
        return next((choice for choice in choices if facts & set(choice.known)), None)

    def _take(self, run: Run, choice: Choice, certain: bool) -> Run:
        if certain:
            run = self.learn(run, choice.sets)
        following = self.script(run).following(run.place.step)
        return self._go(run, choice.then or following)

    def _go(self, run: Run, target: str) -> Run:
        slug, foretold = run.place.slug, run.foretold
        run = msgspec.structs.replace(run, announce=(), foretold="")
        run = self._pass(self._jump(run, target))
        event = self.script(run).event(foretold) if foretold and run.place.slug == slug else None
        if event is None or not applies(event, run.facts):
            return self._spoken(run)
        if _calls(self.step(run)):  # the event may lead past it, and nobody would call
            return msgspec.structs.replace(self._spoken(run), foretold=foretold)
        return self.happen(run, event)

    def _jump(self, run: Run, target: str) -> Run:
        slug = goto(target)
        if slug is not None:
            return self._enter(run, slug)
        place = run.place
        if target == RETURN:
            return self._at(run, Place(place.slug, place.home or place.step))
        inside = target in self.script(run).detours
        return self._at(run, Place(place.slug, target, place.home if inside else None))

    def _enter(self, run: Run, slug: str) -> Run:
        """Begin another protocol with the facts so far."""
        return self._at(run, self._entrance(self._for_age(slug, run.facts), run.facts))

    def _entrance(self, slug: str, facts: frozenset[str]) -> Place:
        """Where a protocol begins: its first step, or what it has for an age it is not for."""
        if slug not in self._content.protocols:
            return Place(slug, "")
        script = self._content.script(slug)
        ages = facts - set(script.protocol.who)
        fitting = (e for e in script.events if e.finding in WHO and e.finding in ages)
        event = next((e for e in fitting if applies(e, facts)), None)
        detour = event and script.entrance(event)
        return Place(slug, detour, script.first) if detour else Place(slug, script.first)

    def _for_age(self, slug: str, facts: frozenset[str]) -> str:
        """The protocol or its stand-in, for the casualty's age where that may be used."""
        slug = self._content.usable(slug) or slug
        written = self._content.library.get(slug)
        for who, other in written.other_ages.items() if written else ():
            if who in facts and (usable := self._content.usable(other)):
                return usable
        return slug

    def _at(self, run: Run, place: Place) -> Run:
        trail = run.trail
        if place != run.place:
            trail = (*trail, run.place)[-_TRAIL:]
        return msgspec.structs.replace(run, place=place, trail=trail, unclear=0, told="")

    def _settle(self, run: Run) -> Run:
        """Come to the step that is spoken next, and speak it."""
        return self._spoken(self._pass(run))

    def _spoken(self, run: Run) -> Run:
        """Know what is known once the step is spoken."""
        return run if run.nowhere else self.learn(run, self.step(run).sets)

    def _pass(self, run: Run) -> Run:
        """Pass what needs no words of the rescuer; the places passed leave no trail."""
        trail = run.trail
        for _ in range(_SETTLE):
            if run.nowhere:
                break
            step = self.step(run)
            if not applies(step, run.facts):
                run = self._jump(run, self.script(run).following(step.id))
            elif step.kind == "goto":
                run = msgspec.structs.replace(run, announce=(*run.announce, step.say)[-1:])
                run = self._jump(run, self.script(run).after(step.id))
            elif step.kind == "ask" and (choice := self.known_choice(run, run.facts)):
                run = self.learn(run, choice.sets)
                run = self._jump(run, choice.then or self.script(run).following(step.id))
            else:
                break
        return msgspec.structs.replace(run, trail=trail)


def _number(name: str) -> int:
    """Which line of a draft a step of this name speaks, from 1; 0 for other steps."""
    number = name.removeprefix(DRAFTED)
    return int(number) if number != name else 0


def _calls(step: Step) -> bool:
    """Whether help is called at this step."""
    return CALLED in step.sets or "{emergency}" in step.say


def _choice(step: Step, name: str | None) -> Choice:
    return next(choice for choice in step.choices if choice.name == name)
