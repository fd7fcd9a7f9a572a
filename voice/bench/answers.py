"""How good answers to side questions are: the assistant, its parts and the bare model, asked the
questions of the evaluation set. Figures by patterns, never a pass mark.
"""

import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from voice.bench.answer_set import LONGEST, Case, Verdict, judge
from voice.bench.writer import Writer
from voice.conversation import Conversation, LazyModel
from voice.dialogue import prompts
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.passages import Passages

ROWS = ("constant", "model", "model-passage", "adapter", "passage", "whole")
"""In the order of the table; `model`, `model-passage`, `adapter` and `whole` need the model."""
MODEL_ROWS = frozenset(("model", "model-passage", "adapter", "whole"))
BUDGET_S = 840.0
"""All rows together; a row whose share is over is cut short, and says so."""
CONSTANT = (
    "Call emergency services now, keep them still and warm, and give nothing to eat or drink."
)

_OTHER_FIGURES = """\
The published figures of the medical Gemma-3n (36.15 % without its adapter, 71.54 % with it) are of
another set, its own 130 questions, and of another judge, an AI. They cannot be compared with these.
"""


class Answer(msgspec.Struct, frozen=True):
    """What was answered."""

    text: str
    by: str
    """`fixed`, `passage` or `llm`."""
    claims: bool = True
    """Whether it was given as knowledge, not as a question back, a refusal or a word of comfort."""


class Seen(msgspec.Struct, frozen=True):
    """One question, its answer and what that is worth."""

    case: Case
    answer: Answer
    verdict: Verdict
    seconds: float


Answerer = Callable[[Case], Answer]


def constant(_case: Case) -> Answer:
    """The same safe sentence to everything: what the set gives away for nothing."""
    return Answer(CONSTANT, "fixed", claims=False)


def bare(writer: Writer, content: Content) -> Answerer:
    """The model's own words, told only the topic."""

    def answer(case: Case) -> Answer:
        title = content.protocols[case.protocol].title if case.protocol else "First aid"
        return Answer(writer.write(_bare_prompt(writer.style, title, case.question)), "llm")

    return answer


def with_passage(writer: Writer, content: Content) -> Answerer:
    """The model's words from the passage that the assistant would give it, unchecked."""
    passages = Passages(content)

    def answer(case: Case) -> Answer:
        found = passages.passage(case.question, case.protocol)
        if found is None:
            return Answer(prompts.NO_GUIDANCE, "fixed", claims=False)
        prompt = prompts.answer_prompt(writer.style, case.question, found.text)
        return Answer(writer.write(prompt), "llm")

    return answer


def in_dialogue(dialogue: Dialogue, model: LazyModel) -> Answerer:
    """The assistant itself in text: fixed answers, passages, the model and its guard."""

    def answer(case: Case) -> Answer:
        conversation = Conversation(dialogue, model, case.protocol)
        for said in case.before:
            conversation.turn(said)
        reply = conversation.turn(case.question)
        return Answer(reply.say, reply.by, claims=reply.kind in ("answer", "protocol"))

    return answer


def ask(
    cases: Iterable[Case], answer: Answerer, budget_s: float, on_done: Callable[[int], None]
) -> list[Seen]:
    """Ask the questions one after the other, as many as the budget allows."""
    seen: list[Seen] = []
    end = time.monotonic() + budget_s
    for case in cases:
        if time.monotonic() > end:
            break
        begun = time.perf_counter()
        given = answer(case)
        seconds = time.perf_counter() - begun
        seen.append(Seen(case, given, judge(case, given.text, given.claims), seconds))
        on_done(len(seen))
    return seen


def report(rows: Mapping[str, Sequence[Seen]], asked: int) -> dict[str, Any]:
    """Figures of each row; shares are of the questions that the row came to."""
    return {name: _figures(seen, asked) for name, seen in rows.items() if seen}


def _figures(seen: Sequence[Seen], asked: int) -> dict[str, Any]:
    known = [item for item in seen if item.case.answerable]
    outside = [item for item in seen if not item.case.answerable]
    return {
        "n": len(known),
        "right": sum(item.verdict.right for item in known),
        "n_outside": len(outside),
        "right_outside": sum(item.verdict.right for item in outside),
        "dangerous": sum(item.verdict.dangerous for item in seen),
        "refused": sum(item.verdict.refused for item in known),
        "wordy": sum(item.verdict.wordy for item in seen),
        "p50_s": round(statistics.median(item.seconds for item in seen), 3),
        "share_llm": round(sum(item.answer.by == "llm" for item in seen) / len(seen), 3),
        "cut_short": len(seen) < asked,
    }


def table(found: Mapping[str, Mapping[str, Any]], notes: Iterable[str]) -> str:
    """The report for reading."""
    columns = f"{'outside':>10}{'dangerous':>11}{'refused':>9}{'wordy':>7}{'p50 s':>8}{'by LLM':>8}"
    lines = [f"{'row':<15}{'right':>14}{columns}"]
    for name, row in found.items():
        right = f"{row['right']}/{row['n']} {row['right'] / max(row['n'], 1):6.1%}"
        outside = f"{row['right_outside']}/{row['n_outside']}"
        lines.append(
            f"{name:<15}{right:>14}{outside:>10}{row['dangerous']:>11}{row['refused']:>9}"
            f"{row['wordy']:>7}{row['p50_s']:>8.3f}{row['share_llm']:>8.0%}"
            + ("   cut short: its time was over" if row["cut_short"] else "")
        )
    legend = (
        "right: of the questions that the collection answers; outside: of those it does not, how"
        "\nmany were refused or got no claim to know; dangerous: of both; refused: of the first;"
        f"\nwordy: over {LONGEST} words. Judged by patterns, which a clinician has not reviewed."
    )
    return "\n".join([*lines, *notes, "", legend, _OTHER_FIGURES.rstrip()])


def mistakes(rows: Mapping[str, Sequence[Seen]]) -> list[str]:
    """One line for each answer that was not right, the dangerous ones first."""
    wrong = [(name, item) for name, seen in rows.items() for item in seen if not item.verdict.right]
    wrong.sort(key=lambda pair: not pair[1].verdict.dangerous)
    return [_mistake(name, item) for name, item in wrong]


def _mistake(name: str, item: Seen) -> str:
    verdict = item.verdict
    mark = "DANGEROUS" if verdict.dangerous else "refused" if verdict.refused else "missed"
    question = f"{item.case.id}: {item.case.question!r}"
    return f"{name}, {mark}: {question} -> {item.answer.by}: {item.answer.text!r}"


def _bare_prompt(style: prompts.Style, title: str, question: str) -> prompts.Prompt:
    text = f"{title}.\nQuestion: {question.rstrip(' ?.!')}?\n"
    if style == "completion":
        return prompts.Prompt("", f"{text}Answer:", ("\n",))
    turn = f"<start_of_turn>user\n{text}<end_of_turn>\n<start_of_turn>model\n"
    return prompts.Prompt("", turn, ("\n",))
