"""The commands of the log for the crew: elapsed times, marks, the summary, deleting it."""

from collections.abc import Callable

from voice.dialogue import record
from voice.dialogue.durations import When
from voice.dialogue.state import Confirm
from voice.dialogue.turn import Turn


def mark(turn: Turn, what: str, when: When | None) -> str:
    """Keep what the rescuer says was done, and give the words that confirm it.

    A step that is spoken next has a shorter confirmation before it.
    """
    turn.heard = f"command:mark-{what}"
    handover = turn.content.handover
    turn.preface = handover.phrases.noted_briefly
    if record.tell(turn, what, when):
        return handover.noted(what, when.clock if when else "")
    return handover.known(turn.state.log.of(turn.casualty, what)[-1], turn.now)


def _elapsed(turn: Turn) -> None:
    said = turn.content.handover.elapsed(turn.state.log, turn.casualty, turn.now)
    turn.say(said, "command", keep=True)


def _tourniquet_time(turn: Turn) -> None:
    said = turn.content.handover.tourniquet(turn.state.log, turn.casualty, turn.now)
    turn.say(said, "command", keep=True)


def _arrived(turn: Turn) -> None:
    """The crew is here: what is kept for them is said at once."""
    turn.heard = "command:handover"
    if turn.state.run:
        record.arrived(turn)
    _handover(turn)


def _handover(turn: Turn) -> None:
    """The summary, and what else the protocol wants the crew to be told."""
    run, log = turn.state.run, turn.state.log
    if run is None and not log.entries:
        turn.phrase("nothing_running", "command")
        return
    lines = [turn.content.handover.summary(log, turn.casualty, turn.now)]
    if run:
        lines.append(turn.runner.script(run).protocol.handover)
    turn.say(" ".join(turn.content.say(line) for line in lines), "command", keep=True)


def _delete_log(turn: Turn) -> None:
    turn.set(confirm=Confirm("delete-log"))
    turn.phrase("delete_log", "clarify")


ACTS: dict[str, Callable[[Turn], None]] = {
    "arrived": _arrived,
    "handover": _handover,
    "elapsed": _elapsed,
    "tourniquet-time": _tourniquet_time,
    "delete-log": _delete_log,
}
