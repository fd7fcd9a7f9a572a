"""What is asked back because it was heard in doubt, and what an answer to that leads to."""

from voice.dialogue import acts, doubt
from voice.dialogue import meaning as m
from voice.dialogue.interface import Utterance
from voice.dialogue.questions import is_question
from voice.dialogue.triage.openings import Opening
from voice.dialogue.triage.rules import ANYTHING
from voice.dialogue.turn import Turn


def heeded(
    turn: Turn, said: Utterance, understood: m.Meaning, *, unsure: bool, always: bool
) -> bool:
    """Ask back, or take the safer way, where words are in doubt; False: they are acted on."""
    return (
        (unsure and _asked_back(turn, understood, held=said.held, always=always))
        or (doubt.uncertain(said) and _eased(turn, said.text, understood))
        or _unanswered(turn, said, understood)
    )


def _asked_back(turn: Turn, understood: m.Meaning, *, held: bool, always: bool) -> bool:
    """Ask back what was doubtful, unless acting on it can only be the safer course.

    A voice that was `held` goes on instead: the words may be its own, come back as an echo.
    `always`: as well where nothing runs.
    """
    run = turn.state.run
    match understood:
        case m.Command(name="stop") | m.Begin() | m.Noise():
            return False
        case m.Happened(event=event, facts=facts) if event.eases:
            acts.read_back(turn, event, facts)
        case m.Happened():
            return False
        case m.Answered(choice=choice) if run and choice == turn.runner.step(run).safe:
            return False
        case _ if held:
            turn.none()
        case m.Answered() | m.Unclear() if run:
            acts.unclear(turn, facts=())
        case _ if run or always:
            turn.phrase("say_again", "clarify")
        case _:
            turn.none()
    return True


def _eased(turn: Turn, text: str, understood: m.Meaning) -> bool:
    """Ask back when uncertain words would make things less urgent: a "not" may be lost."""
    run = turn.state.run
    match understood:
        case m.Happened(event=event, facts=facts):
            if not event.eases and not doubt.EASING.intersection((*facts, event.finding)):
                return False
            acts.read_back(turn, event, facts)
        case m.Answered(choice=choice) if run and choice != turn.runner.step(run).safe:
            acts.unclear(turn, facts=())
        case m.Begin(opening=opening) if doubt.EASING.intersection(opening.facts):
            urgent = tuple(fact for fact in opening.facts if fact not in doubt.EASING)
            acts.begin(turn, Opening(ANYTHING, urgent), False, acts.nothing_else)
        case _:
            return False
    return True


def _unanswered(turn: Turn, said: Utterance, understood: m.Meaning) -> bool:
    """Ask back when words that may be the remains of others would be answered like a question."""
    if turn.state.run is None or not isinstance(understood, m.Asking):
        return False
    if not doubt.remains(said) and (is_question(said.text) or not doubt.faint(said)):
        return False
    turn.phrase("say_again", "clarify")
    return True
