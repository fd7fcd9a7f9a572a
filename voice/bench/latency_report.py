"""What `bench latency` found: medians and 95th percentiles by kind, ours beside the baseline's."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

KINDS = ("command", "opening", "question", "llm")
"""What is counted: `llm` are the questions that the model answered itself, not in `question`."""
STAGES = (
    "soft_end",
    "transcript",
    "commit",
    "decision",
    "first_token",
    "first_synthesis",
    "first_sample",
)
"""Of our loop, see `voice.events.Latency`."""

Stages = dict[str, float]
"""Seconds of each stage of the baseline."""
Report = dict[str, dict[str, Any]]


class Clip(msgspec.Struct, frozen=True):
    """One recorded utterance."""

    kind: str
    """One of `KINDS` but the last."""
    text: str
    file: Path


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """How one utterance was answered."""

    clip: Clip
    seconds: float | None
    """None: with no sound at all."""
    by: str = ""
    """Who wrote the reply."""
    stages: dict[str, float] = {}
    """Seconds since the last voiced sample until each stage of the loop."""


def report(mine: Sequence[Answer], theirs: Sequence[tuple[Clip, Stages]]) -> Report:
    """Percentiles of both by kind, and how many times ours is faster at the median.

    `share_llm`: of the questions that were put to the model, how many it answered in time with
    what could be spoken; for the others there was the passage.
    """
    found: Report = {"ours": {}, "baseline": {}, "ratio": {}}
    for kind in KINDS:
        clips = "question" if kind == "llm" else kind
        ours = [a for a in mine if a.clip.kind == clips and (a.by == "llm") == (kind == "llm")]
        found["ours"][kind] = summary([a.seconds for a in ours if a.seconds is not None])
        found["baseline"][kind] = summary([sum(s.values()) for c, s in theirs if c.kind == clips])
        slow, fast = (found[who][kind]["p50_s"] for who in ("baseline", "ours"))
        found["ratio"][kind] = round(slow / fast, 2) if slow and fast else None
    put = [a.by for a in mine if a.by in ("llm", "passage")]
    found["ours"]["llm"]["share_llm"] = round(put.count("llm") / max(len(put), 1), 3)
    return found


def summary(seconds: Sequence[float]) -> dict[str, Any]:
    """Median and 95th percentile."""
    if not seconds:
        return {"p50_s": None, "p95_s": None, "n": 0}
    p50, p95 = np.percentile(seconds, (50, 95))
    return {"p50_s": round(float(p50), 3), "p95_s": round(float(p95), 3), "n": len(seconds)}


def table(found: Report) -> str:
    """The report for people."""
    lines = [f"{'kind':<10}{'':<10}{'n':>4}{'p50 s':>8}{'p95 s':>8}{'ratio':>8}"]
    for kind in KINDS:
        for who in ("ours", "baseline"):
            row = found[who][kind]
            figures = "".join(
                f"{row[k]:>8.2f}" if row[k] is not None else f"{'-':>8}" for k in ("p50_s", "p95_s")
            )
            ratio = f"{found['ratio'][kind]:>8.1f}" if who == "ours" and row["n"] else ""
            lines.append(f"{kind:<10}{who:<10}{row['n']:>4}{figures}{ratio}")
    share = found["ours"]["llm"]["share_llm"]
    return "\n".join([*lines, f"of what was put to the model, answered by it in time: {share:.0%}"])


def line(answer: Answer) -> str:
    """One answer for people: who wrote it, how long it took, where the time went."""
    took = "no reply" if answer.seconds is None else f"{answer.seconds:.2f} s by {answer.by}"
    at = ", ".join(f"{name} {s:.2f}" for name, s in answer.stages.items())
    return f"{answer.clip.kind:<9}{took:<18}{answer.clip.text}  ({at})"


def stages(theirs: Iterable[tuple[Clip, Stages]]) -> str:
    """The baseline's median seconds in each stage."""
    rows = [times for _, times in theirs]
    medians = {name: float(np.median([row[name] for row in rows])) for name in rows[0]}
    return "baseline, p50: " + ", ".join(f"{name} {s:.2f}" for name, s in medians.items())
