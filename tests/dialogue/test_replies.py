"""What the dialogue promises about every reply, from every state, whatever is said."""

from collections import deque
from collections.abc import Iterator

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.support.real_content import loaded
from tests.support.talking import Talk
from voice.config import Settings
from voice.dialogue import interface as d
from voice.dialogue import words
from voice.dialogue.command_acts import COMMANDS
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.protocol import WHO, Protocol, applies
from voice.dialogue.runner import Runner
from voice.dialogue.state import State
from voice.dialogue.triage.openings import Opening

CONTENT = loaded()
DIALOGUE = Dialogue(CONTENT, Settings(), always=True)
PROTOCOLS = sorted(CONTENT.protocols)

_HEARD = ("start", "question", "chat", "noise")
_PIECES = words.wordset(
    "he she is not breathing choking bleeding stop next yes no what if how do I the blood a baby "
    "awake gasping wait another one it came out pulse leg arm help and but ? . ,"
)
_FRAGMENTS = st.lists(
    st.sampled_from(sorted(_PIECES)),
    max_size=9,
).map(" ".join)


def _phrases(protocol: Protocol) -> list[str]:
    """Everything that the protocol's file expects to hear."""
    found = [*protocol.triggers, *protocol.procedures]
    for event in protocol.events:
        found += event.hear
    for answer in protocol.answers:
        found += answer.ask
    for step in CONTENT.script(protocol.id).steps.values():
        for choice in step.choices:
            found += choice.hear
    return found


SAYABLE = st.one_of(
    st.sampled_from([p for name in sorted(COMMANDS) for p in CONTENT.phrasebook.phrases(name)]),
    st.sampled_from([text for p in CONTENT.protocols.values() for text in _phrases(p)]),
    _FRAGMENTS,
    st.text(max_size=40),
)


SIDE_ANSWERS = {"", *(CONTENT.say(a.say) for p in CONTENT.library.values() for a in p.answers)}
"""What may follow a step: nothing, or what was planned or asked in one breath with news."""
NOISE = ("hum de dum de dum", "", "???", "\u266a", "\u0441\u0442\u043e\u043f", "krzk wff zzt")
"""Nothing that is an answer to anything: mutterings, no words at all, another script."""


class Conversations(RuleBasedStateMachine):
    """Any sequence of utterances, timers and words of a model."""

    @initialize(slug=st.sampled_from([None, *PROTOCOLS]))
    def begin(self, slug: str | None) -> None:
        self.talk = Talk(DIALOGUE, DIALOGUE.start(slug))

    @rule(
        text=SAYABLE,
        confidence=st.sampled_from([1.0, 0.8, 0.1]),
        other=st.none() | SAYABLE,
        speaking=st.booleans(),
    )
    def say(self, text: str, confidence: float, other: str | None, speaking: bool) -> None:
        before = self.talk.place
        alternatives = (other,) if other else ()
        reply = self.talk.say(
            text, confidence=confidence, alternatives=alternatives, speaking=speaking
        )
        if reply.heard == "question":
            assert self.talk.place == before

    @rule(name=st.sampled_from(["step", "other"]))
    def timer(self, name: str) -> None:
        self.talk.step(d.TimerFired(t=0.0, name=name))

    @rule(request=st.integers(0, 3), text=st.text(max_size=60))
    def stray_sentence(self, request: int, text: str) -> None:
        """A sentence that nobody waits for any more is not spoken."""
        self.talk.step(d.ModelSentence(t=0.0, request=request, text=text))
        assert self.talk.of(d.Say) == []

    @invariant()
    def replies_are_as_promised(self) -> None:
        if not hasattr(self, "talk"):
            return
        for effect in self.talk.effects:
            if isinstance(effect, d.Say):
                _check(effect, self.talk.state)

    @invariant()
    def what_holds_in_every_state(self) -> None:
        if hasattr(self, "talk"):
            _stop_and_repeat_work(self.talk.state)
            _noise_leads_to_the_safe_choice(self.talk.state, NOISE[0])


def _stop_and_repeat_work(state: State) -> None:
    """Stop silences and moves nothing, repeat says the same words at the same step."""
    before = Talk(DIALOGUE, state).place
    stopped = Talk(DIALOGUE, state)
    reply = stopped.say("stop", speaking=True)
    assert reply.heard == "command:stop"
    assert stopped.of(d.StopSpeaking)
    assert stopped.place == before
    again = Talk(DIALOGUE, state)
    if state.last:
        reply = again.say("say that again")
        assert (reply.say, reply.step) == (state.last.say, state.last.step)
    assert again.place == before


def _noise_leads_to_the_safe_choice(state: State, noise: str, confidence: float = 1.0) -> None:
    """The question once more in plainer words, then its safe choice: also where `next` leads."""
    run = state.run
    step = CONTENT.script(run.place.slug).step(run.place.step) if run else None
    if run is None or step is None or step.kind != "ask":
        return
    by_next, talk = Talk(DIALOGUE, state), Talk(DIALOGUE, state)
    by_next.say("next")
    if not run.unclear:
        reply = talk.say(noise, confidence=confidence)
        assert (reply.say, reply.kind) == (CONTENT.say(str(step.on_unclear)), "clarify")
        assert talk.place == Talk(DIALOGUE, state).place
    reply = talk.say(noise, confidence=confidence)
    assert reply.heard == f"choice:{step.safe}"
    assert talk.place == by_next.place


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_whatever_is_said_a_protocol_can_be_stopped_repeated_and_gone_through(slug: str) -> None:
    own = st.sampled_from(_phrases(CONTENT.protocols[slug]))
    said = st.tuples(own | SAYABLE, st.sampled_from([1.0, 1.0, 0.5, 0.1]))

    @settings(max_examples=3, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(
        st.lists(said, min_size=3, max_size=7), st.sampled_from(NOISE), st.sampled_from([1, 0.1])
    )
    def converse(utterances: list[tuple[str, float]], noise: str, doubt: float) -> None:
        talk = Talk(DIALOGUE, DIALOGUE.start(slug))
        for text, confidence in utterances:
            talk.say(text, confidence=confidence)
            _stop_and_repeat_work(talk.state)
            _noise_leads_to_the_safe_choice(talk.state, noise, doubt)

    converse()


def _two_answers(said: str) -> bool:
    """Whether these are two side answers, one after the other."""
    rests = (said.removeprefix(f"{one} ") for one in SIDE_ANSWERS if said.startswith(f"{one} "))
    return any(rest in SIDE_ANSWERS for rest in rests)


def _check(effect: d.Say, state: State) -> None:
    reply = effect.reply
    kind, _, name = reply.heard.partition(":")
    assert reply.heard in _HEARD or (kind in ("command", "choice", "event") and name)
    assert not reply.reviewed
    assert (reply.kind == "none") == (reply.say == "") or reply.heard == "command:stop"
    assert reply.by == "fixed" or reply.kind == "answer"
    if reply.kind == "answer":
        assert words.count(reply.say) <= 30
        assert words.sentences(reply.say) <= 2 or _two_answers(reply.say)
    if reply.kind == "protocol":
        assert reply.protocol in CONTENT.protocols
        assert reply.sources
        step = CONTENT.script(reply.protocol).step(str(reply.step))
        spoken = CONTENT.say(step.say)
        assert spoken in reply.say
        assert reply.say.rpartition(spoken)[2].strip() in SIDE_ANSWERS
        assert words.count(spoken) <= 20
        assert words.sentences(spoken) <= 2
    if reply.kind in ("protocol", "command", "clarify") and state.run:
        assert reply.protocol == state.run.place.slug


Conversations.TestCase.settings = settings(
    max_examples=50, stateful_step_count=30, deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)  # fmt: skip
TestConversations = Conversations.TestCase


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_every_step_can_be_reached_by_speaking(slug: str) -> None:
    """Search the states: a step with those of the known facts that the protocol asks about."""
    script = CONTENT.script(slug)
    protocol = CONTENT.protocols[slug]
    here = {event.id for event in protocol.events}
    own = [s for s in script.steps.values() if s.id not in script.detours]
    own += [script.steps[name] for name, event in script.detours.items() if event.id in here]
    wanted = {step.id for step in own if step.kind != "goto"}
    asked = {fact for item in (*own, *protocol.events) for fact in (item.if_, item.unless)}
    asked |= {fact for step in own for choice in step.choices for fact in choice.known}
    seen: set[tuple[str, frozenset[str]]] = set()
    reached: set[str] = set()
    # States at steps not reached before come first: this keeps the search short.
    new, others = deque(_starts(slug, asked)), deque[State]()
    while (new or others) and wanted - reached:
        state = new.popleft() if new else others.popleft()
        run = state.run
        if run is None or run.place.slug != slug:
            continue
        name = run.place.step
        key = (name, run.facts & asked)
        if key in seen:
            continue
        seen.add(key)
        reached.add(name)
        for after in _onward(state, reached, len(seen)):
            known = after.run is not None and after.run.place.step in reached
            (others if known else new).append(after)
    assert wanted - reached == set()


def _starts(slug: str, asked: set[str | None]) -> Iterator[State]:
    """Conversations that begin with the protocol: any age, any region, any finding told first."""
    runner = Runner(CONTENT)
    findings = sorted(CONTENT.findings.names.intersection(asked) - set(WHO))
    for regional in sorted({region.facts for region in CONTENT.regions.regions.values()}):
        for told in [(), *((finding,) for finding in findings)]:
            for who in WHO:
                yield State(run=runner.start(Opening(slug, (who, *regional, *told))))


def _onward(state: State, reached: set[str], turn: int) -> Iterator[State]:
    """The states after one utterance; a finding may be told together with the age.

    An event whose steps have been reached by speaking before is not put into words again.
    """
    assert state.run is not None
    runner = Runner(CONTENT)
    script = runner.script(state.run)
    lines = ["next", *(choice.hear[0] for choice in runner.step(state.run).choices)]
    for event in script.protocol.events:
        place = script.entrance(event) or event.then
        if event.finding is None and place in script.steps and place not in reached:
            lines.append(event.hear[turn % len(event.hear)])
        elif applies(event, state.run.facts):
            told = (event.finding,) if event.finding else ()
            for who in [(), *((who,) for who in WHO)] if told else [()]:
                yield State(run=runner.happen(state.run, event, (*told, *who)))
    for line in lines:
        talk = Talk(DIALOGUE, state)
        talk.say(line)
        yield talk.state


@pytest.mark.parametrize("slug", PROTOCOLS)
def test_noise_and_next_go_through_a_protocol(slug: str) -> None:
    state = DIALOGUE.start(slug)
    for turn in range(20):
        _noise_leads_to_the_safe_choice(state, NOISE[turn % len(NOISE)])
        talk = Talk(DIALOGUE, state)
        talk.say("next")
        state = talk.state


def test_a_state_can_be_replayed_from() -> None:
    talk = Talk(DIALOGUE)
    talk.say("he is not breathing")
    kept = talk.state
    first = Talk(DIALOGUE, kept).say("next")
    talk.say("he woke up")
    assert Talk(DIALOGUE, kept).say("next") == first
    assert msgspec.structs.replace(kept) == kept
