"""`bench answers`: which rows are measured with which models, and their report."""

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from voice import config
from voice.cli import options
from voice.config import Settings
from voice.errors import UserError

if TYPE_CHECKING:
    from voice.bench.answers import Answerer, Seen
    from voice.bench.writer import Writer
    from voice.dialogue.content import Content

SET = config.ROOT / "tests" / "evals" / "answers.jsonl"
OWN_ADAPTER = config.ROOT / "models" / "adapters" / "answers-en.gguf"
"""Our own for the embedded model: measured even where the profile does not use it."""


def configure(parser: argparse.ArgumentParser) -> None:
    """Add the rows, a limit and the settings."""
    parser.add_argument(
        "--rows",
        default="",
        metavar="A,B",
        help="of constant, model, model-passage, adapter, passage, whole (default: all)",
    )
    parser.add_argument(
        "--limit", type=_positive, metavar="N", help="that many questions, spread over the set"
    )
    parser.add_argument("--set-file", type=Path, default=SET, metavar="FILE.jsonl", help="the set")
    parser.add_argument("--show", action="store_true", help="list the answers that are not right")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parser.set_defaults(run=run)
    options.add_settings(parser)


def run(args: argparse.Namespace) -> int:
    """Measure and print."""
    from voice.bench import answer_set, answers
    from voice.dialogue import content

    settings = options.settings(args)
    names = _rows(args.rows)
    names, notes = _available(names, settings, chosen=bool(args.rows))
    cases = answer_set.spread(answer_set.read(args.set_file), args.limit)
    loaded = content.load(settings)
    share = answers.BUDGET_S / max(len(answers.MODEL_ROWS.intersection(names)), 1)
    rows: dict[str, Sequence[Seen]] = {}
    for name in names:
        with ExitStack() as opened:
            answer = _answerer(name, loaded, settings, opened)
            rows[name] = answers.ask(cases, answer, share, _progress(name, len(cases)))
    found = answers.report(rows, len(cases))
    if args.json:
        print(json.dumps({"rows": found, "notes": notes}))
    else:
        print(answers.table(found, notes))
        if args.show:
            print("\n".join(("", "not right:", *answers.mistakes(rows))))
    return 0


def _rows(text: str) -> list[str]:
    from voice.bench.answers import ROWS

    chosen = text.split(",") if text else ROWS
    if unknown := [name for name in chosen if name not in ROWS]:
        raise UserError(f"--rows {text}: no row '{unknown[0]}'; there are {', '.join(ROWS)}")
    return [name for name in ROWS if name in chosen]


def _available(names: list[str], settings: Settings, chosen: bool) -> tuple[list[str], list[str]]:
    """The rows that can be measured, and a note for each that cannot."""
    from voice.bench.answers import MODEL_ROWS
    from voice.engines import roster

    absent = roster.llm_absent(settings)
    notes = []
    for name in list(names):
        why = absent if name in MODEL_ROWS else ""
        if name == "adapter" and not _adapter(settings):
            why = why or "llm.adapter is empty, and there is none of our own for this model"
        if why:
            names.remove(name)
            notes.append(f"{name}: left out: {why}")
    if chosen and not names:
        raise UserError("; ".join(notes))
    return names, notes


def _adapter(settings: Settings) -> str:
    """The adapter of the profile, or our own for the embedded model; empty without either."""
    embedded = settings.llm.model == Settings().llm.model and OWN_ADAPTER.is_file()
    return settings.llm.adapter or (str(OWN_ADAPTER) if embedded else "")


def _answerer(name: str, content: "Content", settings: Settings, opened: ExitStack) -> "Answerer":
    from voice.bench import answers
    from voice.conversation import LazyModel
    from voice.dialogue.dialogue import Dialogue

    match name:
        case "constant":
            return answers.constant
        case "passage" | "whole":
            used = settings if name == "whole" else _with_llm(settings, model="")
            model = opened.enter_context(closing(LazyModel(used)))
            return answers.in_dialogue(Dialogue(content, used, always=True), model)
        case "model":
            return answers.bare(_writer(_with_llm(settings, adapter=""), opened), content)
        case "model-passage":
            return answers.with_passage(_writer(_with_llm(settings, adapter=""), opened), content)
        case _:
            adapted = _with_llm(settings, adapter=_adapter(settings))
            return answers.with_passage(_writer(adapted, opened), content)


def _writer(settings: Settings, opened: ExitStack) -> "Writer":
    from voice.bench.writer import Writer
    from voice.engines import roster
    from voice.engines.host import WorkerHost

    spec = roster.llm(settings)
    host = opened.enter_context(closing(WorkerHost(spec, lambda state, pid, detail: None)))
    host.start()
    if host.wait(spec.load_timeout_s) != "ready":
        raise UserError(f"the language model did not start ({host.state}); try doctor")
    return Writer(host)


def _with_llm(settings: Settings, **changes: str) -> Settings:
    llm = msgspec.structs.replace(settings.llm, **changes)
    return msgspec.structs.replace(settings, llm=llm)


def _progress(name: str, of: int) -> Callable[[int], None]:
    def report(done: int) -> None:
        if done % 50 == 0 or done == of:
            print(f"{name}: {done} of {of} questions", file=sys.stderr)

    return report


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not a positive number")
    return number
