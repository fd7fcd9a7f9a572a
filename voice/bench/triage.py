"""How well openings, follow-ups and chatter are understood: the project's evaluation set, run
through the real dialogue in text. Totals and confusions, never a pass mark.
"""

import statistics
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from voice.dialogue import interface as d
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import State
from voice.events import Reply


class Said(msgspec.Struct, frozen=True):
    """A turn with the recogniser's confidence."""

    text: str
    confidence: float = 1.0


class Case(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One line of the set: what is said and what may come of it."""

    id: str
    kind: str
    """`opening`, `nothing`, `ambiguous`, `takeover`, `follow_up`, `command_words` or
    `lost_negation`."""
    turns: tuple[str | Said, ...]
    protocol: str | None = None
    """Where the conversation has to stand at the end."""
    protocol_before: str | None = None
    accept: tuple[str, ...] = ()
    accept_protocol: tuple[str, ...] = ()
    never_protocol: tuple[str, ...] = ()
    reply: str | None = None
    heard: str | None = None
    says_any: tuple[str, ...] = ()
    never_says: tuple[str, ...] = ()
    not_command: bool = False
    note: str = ""


class Seen(msgspec.Struct, frozen=True):
    """What came of a case."""

    case: Case
    right: bool
    question: bool
    """One question came back, and nothing else began."""
    protocol: str | None
    """Where the conversation stood at the end."""
    reply: Reply
    seconds: tuple[float, ...]
    """Time of each decision."""


class Talk:
    """One conversation without engines: a model that is asked never comes in time."""

    def __init__(self, dialogue: Dialogue, protocol: str | None) -> None:
        self._dialogue = dialogue
        self.state: State = dialogue.start(protocol)
        self.seconds: list[float] = []

    def say(self, turn: str | Said) -> Reply:
        """Say something and get the last reply."""
        said = Said(turn) if isinstance(turn, str) else turn
        utterance = d.Utterance(t=0.0, text=said.text, confidence=said.confidence)
        begun = time.perf_counter()
        replies = self._step(utterance)
        self.seconds.append(time.perf_counter() - begun)
        if self.state.asked:
            late = d.ModelEnded(t=0.0, request=self.state.asked.request, reason="late")
            replies += self._step(late)
        return replies[-1]

    @property
    def protocol(self) -> str | None:
        """The protocol that runs."""
        return self.state.run.place.slug if self.state.run else None

    def _step(self, event: d.Input) -> list[Reply]:
        outcome = self._dialogue.step(self.state, event)
        self.state = outcome.state
        return [effect.reply for effect in outcome.effects if isinstance(effect, d.Say)]


def read_cases(file: Path) -> list[Case]:
    """The cases of a file, one JSON object a line."""
    lines = file.read_text(encoding="utf-8").splitlines()
    return [msgspec.json.decode(line, type=Case) for line in lines if line.strip()]


def run(cases: Iterable[Case], asked: Dialogue, listening: Dialogue) -> list[Seen]:
    """Run the cases; `asked` answers everything, `listening` keeps silent about chatter."""
    return [_run(case, asked, listening) for case in cases]


def _run(case: Case, asked: Dialogue, listening: Dialogue) -> Seen:
    talk = Talk(asked, case.protocol_before)
    replies = [talk.say(turn) for turn in case.turns]
    reply = replies[-1]
    question = reply.kind == "clarify" and talk.protocol in (None, case.protocol_before)
    right = _right(case, talk.protocol, replies, question)
    if case.kind == "nothing":
        idle = Talk(listening, None)
        kinds = [idle.say(turn).kind for turn in case.turns]
        right = right and idle.protocol is None and set(kinds) <= {"none", "chat"}
    return Seen(case, right, question, talk.protocol, reply, tuple(talk.seconds))


def _right(case: Case, protocol: str | None, replies: Sequence[Reply], question: bool) -> bool:
    reply = replies[-1]
    said = " ".join(reply.say.lower() for reply in replies)
    if any(words.lower() in said for words in case.never_says):
        return False
    if case.not_command and reply.heard.startswith("command"):
        return False
    if case.kind == "nothing":
        return protocol is None
    if case.kind == "ambiguous":
        return question or protocol in case.accept_protocol
    if case.kind == "lost_negation":
        asks = reply.kind == case.reply or protocol in case.accept_protocol
        return asks and protocol not in case.never_protocol
    if case.heard and not reply.heard.startswith(case.heard):
        return False
    if case.says_any and not any(words.lower() in said for words in case.says_any):
        return False
    if case.protocol is None:
        return case.protocol_before is not None or protocol is None
    return protocol in (case.protocol, *case.accept)


def report(seen: Sequence[Seen]) -> dict[str, Any]:
    """Totals by kind, wrong pairs of protocols, and time."""
    kinds: dict[str, Any] = {}
    for kind in dict.fromkeys(item.case.kind for item in seen):
        rows = [item for item in seen if item.case.kind == kind]
        kinds[kind] = {"n": len(rows), "right": sum(item.right for item in rows)}
        if kind == "opening":
            kinds[kind]["right_or_question"] = sum(item.right or item.question for item in rows)
    wrong = Counter(
        (str(item.case.protocol), "a question" if item.question else str(item.protocol))
        for item in seen
        if item.case.kind == "opening" and not item.right
    )
    times = sorted(1000 * seconds for item in seen for seconds in item.seconds)
    return {
        "kinds": kinds,
        "confusions": [[*pair, n] for pair, n in wrong.most_common()],
        "decisions": len(times),
        "p50_ms": round(statistics.median(times), 1) if times else None,
        "p95_ms": round(times[int(0.95 * (len(times) - 1))], 1) if times else None,
    }


def mistakes(seen: Iterable[Seen]) -> list[str]:
    """One line for each case that went wrong."""
    return [_mistake(item) for item in seen if not item.right]


def _mistake(item: Seen) -> str:
    last = item.case.turns[-1]
    text = last if isinstance(last, str) else f"{last.text} ({last.confidence})"
    became = f"{item.reply.heard}, {item.reply.kind}, {item.protocol}"
    return f"{item.case.id}: {text!r} -> {became}: {item.reply.say!r}"


def table(found: dict[str, Any]) -> str:
    """The report for reading."""
    lines = [f"{'kind':<16}{'n':>5}{'right':>7}{'':>8}"]
    for kind, row in found["kinds"].items():
        line = f"{kind:<16}{row['n']:>5}{row['right']:>7}{row['right'] / row['n']:>8.1%}"
        if "right_or_question" in row:
            share = row["right_or_question"] / row["n"]
            line += f"   right or a question {row['right_or_question']} ({share:.1%})"
        lines.append(line)
    if found["confusions"]:
        lines += ["", "openings that went wrong: meant, taken for, how often"]
        lines += [f"  {meant:<24}{taken:<24}{n:>3}" for meant, taken, n in found["confusions"]]
    lines += [
        "",
        f"{found['decisions']} decisions, median {found['p50_ms']} ms, p95 {found['p95_ms']} ms; "
        f"loaded in {found['load_s']} s",
    ]
    return "\n".join(lines)
