"""What openings, findings, answers and talk lead to."""

from collections.abc import Callable

import msgspec

from voice.dialogue import record
from voice.dialogue.protocol import Event
from voice.dialogue.runner import Run
from voice.dialogue.state import Confirm
from voice.dialogue.triage.openings import Opening
from voice.dialogue.triage.rules import LIFE_THREATS
from voice.dialogue.turn import Turn

CARRIED = frozenset(("adult", "child", "infant", "pregnant", "alone", "no-phone", "self", "called"))
"""Facts that hold whatever else happens to the casualty."""
_THREATS = LIFE_THREATS | {"heavy-bleeding", "choking"}
Foretold = Callable[[Run], Event | None]
"""Finds the event of a protocol that its opening told of besides."""


def nothing_else(_run: Run) -> None:
    """For openings that tell of nothing besides."""


def take_over(turn: Turn, opening: Opening, foretold: Foretold) -> None:
    """Begin what is more urgent, knowing what is known, and say that it comes first."""
    turn.heard = f"event:{opening.slug}"
    run = turn.state.run
    known = tuple(sorted(run.facts & CARRIED)) if run else ()
    casualty = turn.casualty
    run = turn.runner.start(msgspec.structs.replace(opening, facts=(*known, *opening.facts)))
    run = turn.runner.foretell(msgspec.structs.replace(run, casualty=casualty), foretold(run))
    announce = (turn.content.phrases["takes_over"], *run.announce)
    turn.present(msgspec.structs.replace(run, announce=announce))


def begin(turn: Turn, opening: Opening, another: bool, foretold: Foretold) -> None:
    """Start a protocol; the one that runs waits when this is a further casualty."""
    turn.heard = "start"
    run = turn.runner.start(opening)
    if another and run.nowhere:
        turn.no_guidance()
        return
    run = msgspec.structs.replace(run, casualty=record.whom(turn, another))
    run = turn.runner.foretell(run, foretold(run))
    if another and turn.state.run:
        turn.set(parked=(*turn.state.parked, turn.state.run))
        announce = (turn.content.phrases["parked"], *run.announce)
        run = msgspec.structs.replace(run, announce=announce)
    turn.present(run)


def nothing_signed(turn: Turn) -> None:
    """Somebody needs guidance, and none of it may be used."""
    turn.heard = "start"
    turn.no_guidance()


def wonder(turn: Turn, question: str, told: str) -> None:
    """Ask one short question back; what is said next is understood together with this."""
    turn.heard = "start"
    turn.set(before=told, wondered=question)
    turn.phrase(f"ask_{question}", "clarify", keep=True)


def happened(turn: Turn, event: Event, facts: tuple[str, ...]) -> None:
    """An event of the running protocol."""
    if turn.state.run is None:
        return
    turn.heard = f"event:{event.id}"
    if event.log:
        record.tell(turn, event.log)
    turn.present(turn.runner.happen(turn.state.run, event, facts))


def answered(turn: Turn, choice: str, facts: tuple[str, ...]) -> None:
    """The answer to the pending question."""
    if turn.state.run is None:
        return
    turn.heard = f"choice:{choice}"
    turn.done = True
    turn.present(turn.runner.choose(turn.runner.learn(turn.state.run, facts), choice))


def unclear(turn: Turn, facts: tuple[str, ...]) -> None:
    """No clear answer: the question once more in plainer words, then its safe choice."""
    if turn.state.run is None:
        return
    run = turn.runner.learn(turn.state.run, facts)
    again = turn.runner.unclear(run)
    if again:
        turn.ask_again(again)
    else:
        turn.heard = f"choice:{turn.runner.step(run).safe}"
        turn.present(turn.runner.advance(run))


def told(turn: Turn, facts: tuple[str, ...]) -> None:
    """Findings that set off nothing; the casualty's age may change the protocol.

    What the running step is there for is answered by the step; a pending question stays.
    """
    turn.heard = f"event:{facts[0]}"
    if turn.state.run is None:
        turn.phrase("what_happened", "clarify")
        return
    run = turn.runner.learn(turn.state.run, facts)
    step = turn.runner.step(run)
    if other := turn.runner.for_age(run):
        turn.present(other)
    elif _THREATS.intersection(facts):
        turn.present(msgspec.structs.replace(run, announce=()))
    else:
        turn.set(run=run)
        understood = turn.content.phrase("understood")
        asks = step.kind == "ask"
        turn.say(f"{understood} {turn.line(run)}", "clarify" if asks else "chat", keep=asks)


def read_back(turn: Turn, event: Event, facts: tuple[str, ...]) -> None:
    """Ask whether a doubtful finding that would make things less urgent was heard rightly."""
    turn.heard = f"event:{event.id}"
    turn.set(confirm=Confirm("event", event.id, facts))
    heard = event.hear[0] if event.hear else event.id.replace("-", " ")
    turn.phrase("did_you_say", "clarify", keep=True, heard=heard)


def confirmed(turn: Turn, confirm: Confirm, yes: bool) -> None:
    """The answer to `read_back` or to 'Stop the beat?'."""
    turn.heard = "choice:yes" if yes else "choice:no"
    if confirm.what == "stop-beat":
        turn.beat(not yes)
        turn.phrase("beat_off" if yes else "beat_kept", "command")
        return
    if confirm.what == "delete-log":
        record.delete(turn, yes)
        return
    run = turn.state.run
    event = turn.runner.script(run).event(confirm.event) if run else None
    if yes and event:
        happened(turn, event, confirm.facts)
    else:
        turn.phrase("not_taken", "clarify")


def talk(turn: Turn, about: str, always: bool) -> None:
    """Greetings are answered; chatter is, while a protocol runs or where a reply is expected."""
    turn.heard = "chat"
    run = turn.state.run
    if run is not None:
        standing = turn.runner.script(run).protocol.standing
        if about == "chat":  # whatever it was: what is to be done is said once more
            turn.say(f"{turn.content.phrase('not_understood')} {turn.line(run)}", "clarify")
        else:
            name = "thanks" if about == "thanks" else "comfort"
            turn.phrase(name, "chat", standing=standing)
    elif about == "greeting" or always:
        turn.phrase("greeting" if about == "greeting" else "chat", "chat")
    else:
        turn.none()


def noise(turn: Turn, always: bool) -> None:
    """Nothing that could be words; where each turn gets a reply, it is no clear answer either."""
    run = turn.state.run
    if not always:
        turn.none()
    elif run and turn.runner.step(run).kind == "ask":
        unclear(turn, facts=())
    else:
        turn.phrase("say_again", "clarify")
