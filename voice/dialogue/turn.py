"""One input being worked on: gathers the effects and the state that follows."""

from typing import Any

import msgspec

from voice.dialogue import interface as do
from voice.dialogue import words
from voice.dialogue.content import Content
from voice.dialogue.log import Entry
from voice.dialogue.passages import Passage, Passages
from voice.dialogue.protocol import Answer, Step
from voice.dialogue.runner import Run, Runner
from voice.dialogue.state import Outcome, State
from voice.events import Author, Kind, Reply

TIMER = "step"
"""The timer of the running step."""


class Turn:
    """Mutable, lives for one call of `Dialogue.step`."""

    def __init__(
        self, content: Content, runner: Runner, passages: Passages, state: State, now: float
    ) -> None:
        self.content = content
        self.runner = runner
        self.passages = passages
        self.state = state
        self.now = now
        """The time of the input in seconds on its axis."""
        self.done = False
        """Whether the rescuer has done what the step said at which the turn began."""
        self.kept: set[str] = set()
        """Entries that were kept for the crew in this turn."""
        self.preface = ""
        """Spoken before the step that is presented next."""
        self.besides: tuple[str, Answer] | None = None
        """A protocol's side answer, spoken after that step unless it says the same."""
        self.heard = "noise"
        """What the utterance was taken for; every reply carries it."""
        self._effects: list[do.Effect] = []

    @property
    def effects(self) -> tuple[do.Effect, ...]:
        """What is to be done so far."""
        return tuple(self._effects)

    @property
    def speaks(self) -> bool:
        """Whether something is to be said."""
        return any(isinstance(e, do.Say) and e.reply.say for e in self._effects)

    def outcome(self) -> Outcome:
        """The result of the turn."""
        return Outcome(self.state, self.effects)

    def set(self, **changes: Any) -> None:
        """Change fields of the state."""
        self.state = msgspec.structs.replace(self.state, **changes)

    def do(self, *effects: do.Effect) -> None:
        """Add effects."""
        self._effects.extend(effects)

    def take_back(self) -> bool:
        """Leave out the step that this turn speaks, for another; whether there was one."""
        left = [e for e in self._effects if not isinstance(e, do.Say) or e.reply.kind != "protocol"]
        had, self._effects = len(left) < len(self._effects), left
        return had

    def say(
        self,
        text: str,
        kind: Kind,
        *,
        by: Author = "fixed",
        keep: bool = False,
        append: bool = False,
        own: bool = False,
    ) -> None:
        """Reply with a fixed text; `keep` lets `repeat` say it again.

        `own`: these are the running protocol's own words, which a signature covers.
        """
        reply = msgspec.structs.replace(self._reply(text, kind, own), by=by)
        self.do(do.Say(reply=reply, append=append))
        if keep:
            self.set(last=reply)

    def phrase(self, name: str, kind: Kind, *, keep: bool = False, **values: str) -> None:
        """Reply with a fixed phrase."""
        self.say(self.content.phrase(name, **values), kind, keep=keep)

    def none(self) -> None:
        """Log that nothing is said back."""
        self.say("", "none")

    def answer(self, text: str, by: Author, topic: str, *, append: bool = False) -> None:
        """Reply to a side question with words about a topic."""
        protocol = self.content.protocol(topic)
        reply = msgspec.structs.replace(
            self._reply(text, "answer"),
            by=by,
            protocol=topic,
            sources=_sources(protocol.sources),
            reviewed=self.content.reviewed(topic) and by != "llm",
        )
        self.do(do.Say(reply=reply, append=append))
        before = self.state.last
        if append and before and before.kind == "answer":
            reply = msgspec.structs.replace(reply, say=f"{before.say} {reply.say}")
        self.set(last=reply)

    def ask_model(self, request: int, question: str, passage: Passage, deadline_s: float) -> None:
        """Have the language model answer."""
        self.do(
            do.AskModel(
                request=request, question=question, passage=passage.text, deadline_s=deadline_s
            )
        )

    def again(self) -> None:
        """Say the last words again, or where we are."""
        if self.state.last:
            reply = msgspec.structs.replace(self.state.last, heard=self.heard)
            self.do(do.Say(reply=reply))
        elif self.state.run:
            self.present(self.state.run)
        else:
            self.phrase("nothing_to_repeat", "clarify")

    def present(self, run: Run, *, append: bool = False) -> None:
        """Take this position and speak its step."""
        if run.nowhere:
            self._dead_end()
            return
        step = self.runner.step(run)
        drafted = self.runner.drafted(run)
        lines = [self.preface, *run.announce]
        self.preface = ""
        self.set(run=run, paused=False)
        said = [self.content.say(line) for line in lines if line]
        said.append(self.line(run))
        besides, reviewed = self._besides(" ".join(said))
        text = " ".join([*said, *besides])
        if step.alert:
            self.do(do.Tone(name="stand_clear"))
        by: Author = "llm" if drafted else "fixed"
        self.say(text, "protocol", by=by, keep=True, append=append, own=reviewed)
        self._switch_beat(step)
        self.arm(step)

    def _besides(self, said: str) -> tuple[list[str], bool]:
        """The side answer to go with a step, if it adds something; and whether all is reviewed."""
        if self.besides is None:
            return [], True
        (topic, answer), self.besides = self.besides, None
        text = self.content.say(answer.say)
        stems, known = words.content(text), set(words.content(said))
        if sum(stem in known for stem in stems) > len(stems) / 2:
            return [], True
        return [text], self.content.reviewed(topic)

    def line(self, run: Run) -> str:
        """What the step says."""
        return self.content.say(self.runner.drafted(run) or self.runner.step(run).say)

    def no_guidance(self) -> None:
        """Say that nothing usable is there for what was said, or for anything at all."""
        name = "no_guidance_idle" if self.content.protocols else "nothing_signed"
        self.phrase(name, "answer", keep=True)

    def ask_again(self, run: Run) -> None:
        """Put the pending question once more, in plainer words."""
        step = self.runner.step(run)
        self.set(run=run)
        self.say(self.content.say(step.on_unclear or step.say), "clarify", keep=True, own=True)

    def arm(self, step: Step) -> None:
        """Set the step's timer, or forget the one of the step before."""
        seconds = step.seconds or step.advance_after or step.repeat_after
        if seconds:
            self.do(do.SetTimer(name=TIMER, seconds=float(seconds)))
        else:
            self.do(do.CancelTimer(name=TIMER))

    def keep(self, entry: Entry) -> None:
        """Keep something for the crew, about the casualty that the conversation is about."""
        run = self.state.run
        entry = msgspec.structs.replace(
            entry,
            detail=self.content.say(entry.detail),
            protocol=run.place.slug if run else None,
            casualty=self.casualty,
        )
        self.set(log=self.state.log.add(entry))

    @property
    def casualty(self) -> int:
        """Whom the conversation is about now."""
        return self.state.run.casualty if self.state.run else 1

    def beat(self, on: bool) -> None:
        """Have the metronome on or off after this turn."""
        self.set(beat=on)

    def _dead_end(self) -> None:
        """What comes next may not be used. To go on with what was before would be wrong."""
        self.do(do.CancelTimer(name=TIMER))
        self.set(run=None, paused=False)
        self.no_guidance()

    def _switch_beat(self, step: Step) -> None:
        if step.beat:
            self.beat(step.beat == "on")

    def _reply(self, text: str, kind: Kind, own: bool = False) -> Reply:
        run = self.state.run
        if run is None:
            return Reply(say=text, heard=self.heard, kind=kind)
        protocol = self.runner.script(run).protocol
        return Reply(
            say=text,
            heard=self.heard,
            kind=kind,
            protocol=run.place.slug,
            step=run.place.step,
            sources=_sources(protocol.sources) if kind == "protocol" else (),
            reviewed=own and self.content.reviewed(run.place.slug),
        )


def _sources(sources: tuple[Any, ...]) -> tuple[str, ...]:
    return tuple(source.cite for source in sources)
