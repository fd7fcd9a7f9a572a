"""The dialogue: `step(state, input) -> Outcome`, pure, the one place where replies are decided."""

from collections.abc import Iterator
from functools import partial

import msgspec

from voice.config import Settings
from voice.dialogue import (
    acts,
    ahead,
    coaching,
    command_acts,
    doubt,
    doubt_acts,
    draft_acts,
    memo,
    question_acts,
    record,
    record_acts,
    talk,
    visit_acts,
    words,
)
from voice.dialogue import meaning as m
from voice.dialogue.content import Content
from voice.dialogue.interface import (
    Input,
    ModelDraft,
    ModelEnded,
    ModelSentence,
    NewPerson,
    SetTimer,
    StillThere,
    TimerFired,
    Utterance,
)
from voice.dialogue.interpreter import Interpreter
from voice.dialogue.passages import Passages
from voice.dialogue.protocol import step_lines
from voice.dialogue.runner import Runner
from voice.dialogue.state import Outcome, Resumed, State
from voice.dialogue.triage.openings import Opening
from voice.dialogue.turn import TIMER, Turn
from voice.dialogue.understanding import Understanding
from voice.errors import UserError

_BUSY_S = 5.0
"""How long a step's timer is put off while a question is open."""


class Dialogue:
    """Decides every reply. Immutable; may be shared by threads, each with its own states.

    `always`: answer chatter and noise as well, as a person typing expects.
    """

    def __init__(
        self,
        content: Content,
        settings: Settings,
        *,
        always: bool = False,
        prepare: bool = True,
    ) -> None:
        """`prepare`: load what the first utterance needs now, and not when it comes."""
        self.content = content
        self._settings = settings
        self._always = always
        self._runner = Runner(content)
        self._passages = Passages(content)
        self._interpreter = Interpreter(content, self._runner, self._passages, overhears=not always)
        self.understanding = Understanding(content, self._runner, self._interpreter)
        if prepare:
            content.prepare()

    def start(self, protocol: str | None = None) -> State:
        """A fresh conversation, inside a protocol at its first step if one is named."""
        if protocol is None:
            return State()
        if protocol not in self.content.protocols:
            if protocol in self.content.library:
                raise UserError(f"'{protocol}' is not signed, which content.require_signed asks")
            known = ", ".join(sorted(self.content.protocols))
            raise UserError(f"no protocol '{protocol}'; there are {known}")
        turn = self._turn(State(), now=0.0)
        turn.present(self._runner.start(Opening(protocol)))
        record.observe(turn, State())
        return turn.state

    def step(self, state: State, event: Input | Resumed) -> Outcome:
        """The state after an input and the effects to carry out, in order."""
        turn = self._turn(state, event.t)
        match event:
            case Utterance():
                talk.outdated(turn)
                self._utterance(turn, event)
                talk.note(turn, event.text)
            case TimerFired(name=name):
                if name == TIMER:
                    self._timer(turn)
                elif name == coaching.TIMER:
                    coaching.tick(turn)
            case StillThere():
                visit_acts.still_there(turn)
            case NewPerson(silent=silent):
                turn.heard = f"command:{visit_acts.NEW}"
                (visit_acts.forget if silent else visit_acts.begin_anew)(turn)
            case Resumed():
                visit_acts.resume(turn, event)
                state = msgspec.structs.replace(turn.state, beat=state.beat)
            case ModelSentence(request=request, text=text):
                question_acts.sentence(turn, request, text)
            case ModelDraft(request=request, text=text):
                draft_acts.arrived(turn, request, text)
            case ModelEnded():
                question_acts.ended(turn, event)
                draft_acts.ended(turn, event)
        draft_acts.look(turn)
        record.observe(turn, state)
        coaching.observe(turn, state)
        return turn.outcome()

    @staticmethod
    def forget() -> None:
        """Keep nothing that was worked out from anybody's words; the next ones take longer."""
        memo.forget()

    def ahead(self, state: State) -> Iterator[str]:
        """The lines that may be spoken soon, the likeliest first; for whoever renders them.

        Whoever takes them also has worked out what may be heard next, which the first question of a
        protocol would wait for; with nothing running, what the openings of those that are about a
        threat to life may tell besides.
        """
        if state.run:
            self._interpreter.expect(state.run)
            yield from ahead.lines(self.content, self._runner, state.run)
            return
        for run in ahead.threats(self.content, self._runner):
            self._interpreter.expect_news(run)
            yield from map(self.content.say, step_lines(self._runner.step(run)))

    def _turn(self, state: State, now: float) -> Turn:
        return Turn(self.content, self._runner, self._passages, state, now)

    def _utterance(self, turn: Turn, said: Utterance) -> None:
        if not self._always and coaching.counting_along(turn, said.text):
            turn.none()
            return
        unsure = doubt.doubtful(said, self._settings.listening.min_confidence)
        if turn.state.confirm and self._confirmed(turn, said, unsure):
            return
        understood = self._interpreter.read(said.text, turn.state)
        foretold = partial(self._interpreter.foretold, said.text)
        turn.set(before="")
        speaking = said.speaking or turn.state.asked is not None
        if not isinstance(understood, m.Noise):
            question_acts.drop(turn)
        if doubt_acts.heeded(turn, said, understood, unsure=unsure, always=self._always):
            return
        if turn.state.run and isinstance(understood, m.Answered | m.Happened):
            turn.besides = self._interpreter.besides(said.text, turn.state.run)
        match understood:
            case m.Begin() | m.Wondering() | m.Told() | m.Talk(about="greeting") if (
                not self.content.protocols
            ):
                acts.nothing_signed(turn)
            case m.Command(name=name):
                if name == "stop":
                    draft_acts.drop(turn)
                command_acts.act(turn, name, speaking)
            case m.Marked():
                self._marked(turn, understood, foretold)
            case m.Answered(choice=choice, facts=facts):
                acts.answered(turn, choice, facts)
            case m.Happened(event=event, facts=facts):
                acts.happened(turn, event, facts)
            case m.Begin(opening=opening, takes_over=True):
                acts.take_over(turn, opening, foretold)
            case m.Begin(opening=opening, another=another, unrecognised=told):
                acts.begin(turn, opening, another, foretold)
                draft_acts.begin(turn, told, self._draft_deadline)
            case m.Wondering(question=question, text=text):
                acts.wonder(turn, question, text)
            case m.Asking() as asking:
                self._asking(turn, said, asking)
            case m.Told(facts=facts):
                acts.told(turn, facts)
            case m.Unclear(facts=facts):
                acts.unclear(turn, facts)
            case m.Talk(about=about):
                acts.talk(turn, about, self._always)
            case m.Noise():
                acts.noise(turn, self._always)
        _remember(turn, said.text, understood)

    def _asking(self, turn: Turn, said: Utterance, asking: m.Asking) -> None:
        """Answer a question; how to do what no protocol is about can be drafted."""
        deadline = self._draft_deadline
        drafted = deadline > 0 and draft_acts.wanted(turn, said.text)
        answered = question_acts.ask(
            turn,
            said.text,
            asking,
            self._model_deadline,
            always=self._always or drafted,
            strange=doubt.strange(said),
        )
        if drafted and not answered:
            draft_acts.begin(turn, said.text, deadline)

    def _marked(self, turn: Turn, marked: m.Marked, foretold: acts.Foretold) -> None:
        """Keep something for the crew; then the protocol has its way."""
        noted = record_acts.mark(turn, marked.what, marked.when)
        run = turn.state.run
        if run and self._runner.step(run).log == marked.what:
            turn.present(self._runner.advance(run))
            return
        match marked.reaction:
            case m.Happened(event=event, facts=facts):
                acts.happened(turn, event, facts)
            case m.Answered(choice=choice, facts=facts):
                acts.answered(turn, choice, facts)
            case m.Begin(opening=opening, another=another):
                acts.begin(turn, opening, another, foretold)
            case None:
                turn.say(self.content.say(noted), "command")

    def _confirmed(self, turn: Turn, said: Utterance, unsure: bool) -> bool:
        """Take the utterance as the answer to what waits for yes or no; anything else drops it."""
        confirm = turn.state.confirm
        answer = self._interpreter.whole(said.text, turn.state)
        turn.set(confirm=None)
        if confirm and confirm.what in visit_acts.QUESTIONS and isinstance(answer, m.Command):
            turn.heard = f"command:{answer.name}"
            return not unsure and visit_acts.confirmed(turn, confirm, answer.name)
        if confirm is None or unsure or answer not in (m.Command("yes"), m.Command("no")):
            return False
        acts.confirmed(turn, confirm, yes=answer == m.Command("yes"))
        return True

    def _timer(self, turn: Turn) -> None:
        """The running step's time is up: go on, go round, or say it again."""
        run = turn.state.run
        if run is None or turn.state.paused:
            return
        if turn.state.asked or turn.state.confirm:
            turn.do(SetTimer(name=TIMER, seconds=_BUSY_S))
            return
        turn.heard = "event:timer"
        step = self._runner.step(run)
        turn.done = step.kind == "timer"
        if not step.repeat_after:
            run = self._runner.advance(run)
        turn.present(msgspec.structs.replace(run, announce=()), append=True)

    @property
    def _draft_deadline(self) -> float:
        """Seconds that a language model has for a draft; 0 where there may be none."""
        allowed = self._settings.answers.drafts and not self._settings.content.require_signed
        return self._settings.answers.draft_s if allowed and self._settings.llm.model else 0.0

    @property
    def _model_deadline(self) -> float:
        """Seconds that a language model has for its first sentence; 0 when there is none."""
        return self._settings.llm.first_sentence_s if self._settings.llm.model else 0.0


def _remember(turn: Turn, text: str, understood: m.Meaning) -> None:
    """Keep what was told or asked for as long as a short question may lean on it."""
    leaned_on = m.Asking | m.Answered | m.Happened | m.Told | m.Begin
    if turn.state.run and isinstance(understood, leaned_on) and words.content(text):
        turn.set(run=msgspec.structs.replace(turn.state.run, told=words.printable(text)))
