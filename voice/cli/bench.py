"""Measure the assistant on this machine. `bench recognition`: our speech recognition against
faster-whisper's own call, on the same clips in the same run: word error rate, time, loops.
`bench triage`: what is made of openings, changes, questions and chatter of the evaluation set.
`bench answers`: how good answers to side questions are, beside the bare model's and others.
`bench latency`: from the last word to the first sound of the reply, against a plain loop of the
same engines.
"""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from voice import config
from voice.cli import bench_answers, bench_latency, options

CLIPS = config.ROOT / "tests" / "data" / "speech"
EVALS = config.ROOT / "tests" / "evals"


def configure(parser: argparse.ArgumentParser) -> None:
    """Add what can be measured."""
    kinds = parser.add_subparsers(dest="what", metavar="WHAT", required=True)
    recognition = kinds.add_parser("recognition", help="speech recognition: errors and time")
    recognition.add_argument(
        "--clips",
        type=Path,
        default=CLIPS,
        metavar="DIR",
        help="16 kHz mono clips with a manifest.jsonl of file and text (default: the tests')",
    )
    recognition.add_argument(
        "--show", action="store_true", help="also print the clips that were misheard"
    )
    recognition.add_argument("--json", action="store_true", help="one JSON object")
    recognition.set_defaults(run=_recognition)
    options.add_settings(recognition)
    triage = kinds.add_parser("triage", help="openings, follow-ups and chatter: what is understood")
    triage.add_argument(
        "--held-out", action="store_true", help="the part that was not read while building"
    )
    triage.add_argument("--show", action="store_true", help="list the mistakes of that part, too")
    triage.add_argument("--json", action="store_true", help="one JSON object")
    triage.set_defaults(run=_triage)
    options.add_settings(triage)
    answers = kinds.add_parser("answers", help="side questions: right, dangerous or refused")
    bench_answers.configure(answers)
    latency = kinds.add_parser("latency", help="from the last word to the first sound of the reply")
    bench_latency.configure(latency)


def main(args: argparse.Namespace) -> int:
    """Run one measurement."""
    return int(args.run(args))


def _triage(args: argparse.Namespace) -> int:
    import time

    from voice.bench import triage
    from voice.dialogue import content
    from voice.dialogue.dialogue import Dialogue

    settings = options.settings(args)
    name = "triage_held_out.jsonl" if args.held_out else "triage_dev.jsonl"
    cases = triage.read_cases(EVALS / name)
    begun = time.perf_counter()
    loaded = content.load(settings)
    asked = Dialogue(loaded, settings, always=True)
    load_s = round(time.perf_counter() - begun, 2)
    seen = triage.run(cases, asked, Dialogue(loaded, settings))
    found = {**triage.report(seen), "load_s": load_s}
    print(json.dumps(found) if args.json else triage.table(found))
    if not args.json and (args.show or not args.held_out):
        print("\n".join(("", "mistakes:", *triage.mistakes(seen))))
    return 0


def _recognition(args: argparse.Namespace) -> int:
    from voice.bench import recognition
    from voice.engines import roster
    from voice.engines.host import WorkerHost
    from voice.errors import UserError

    settings = options.settings(args)
    clips = recognition.load_clips(args.clips)
    spec = roster.stt(settings)
    host = WorkerHost(spec, lambda state, pid, detail: None)
    host.start()
    try:
        if host.wait(spec.load_timeout_s) != "ready":
            raise UserError(f"speech recognition did not start ({host.state}); try doctor")
        recognisers = {"ours": recognition.ours(host), "baseline": recognition.baseline(spec)}
        heard = recognition.compare(clips, recognisers, lambda done: _progress(done, len(clips)))
    finally:
        host.close()
    found = recognition.report(clips, heard)
    print(json.dumps(found) if args.json else _table(found))
    if args.show:
        print("\n".join(recognition.misheard(heard)))
    return 0


def _progress(done: int, of: int) -> None:
    if done % 10 == 0 or done == of:
        print(f"{done} of {of} clips", file=sys.stderr)


def _table(found: dict[str, Any]) -> str:
    lines = [
        f"{'clips':<10}{'':<10}{'n':>4}{'WER':>8}{'p50 s':>8}{'p95 s':>8}{'loops':>7}{'ratio':>7}"
    ]
    for group, rows in found.items():
        for name in ("ours", "baseline"):
            row = rows[name]
            ratio = f"{rows['ratio_p50']:>7.1f}" if name == "ours" else ""
            lines.append(
                f"{group:<10}{name:<10}{row['n']:>4}{row['wer']:>8.1%}"
                f"{row['p50_s']:>8.2f}{row['p95_s']:>8.2f}{row['loops']:>7}{ratio}"
            )
    return "\n".join(lines)
