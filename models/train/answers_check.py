#!/usr/bin/env python3
"""Measure the adapter for answers on topics that it was not trained on, in the worker of run time.

    python models/train/answers_check.py --cases 200

Cases as in training (answers_data.py): a question, one to three lines, and the line that answers or
the refusal. Three rows: the first line of the passage, the bare model, the model with the adapter.
Needs no PyTorch. The seconds are those of the whole answer, and mean something on an idle machine.
"""

import argparse
import json
import statistics
import sys
import time
from contextlib import closing
from pathlib import Path

import msgspec

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import answers_data as data  # noqa: E402

from voice.bench.writer import Writer  # noqa: E402
from voice.config import Settings  # noqa: E402
from voice.dialogue import content as content_files  # noqa: E402
from voice.dialogue import guard, prompts  # noqa: E402
from voice.dialogue.content import Content  # noqa: E402
from voice.dialogue.sentences import SentenceSplitter  # noqa: E402
from voice.engines import roster  # noqa: E402
from voice.engines.host import WorkerHost  # noqa: E402

Said = list[tuple[data.Case, str]]


def written(cases: list[data.Case], adapter: str) -> tuple[Said, float]:
    """What the model says, and the median of its seconds."""
    settings = Settings()
    llm = msgspec.structs.replace(settings.llm, adapter=adapter)
    spec = roster.llm(msgspec.structs.replace(settings, llm=llm))
    said: Said = []
    seconds: list[float] = []
    with closing(WorkerHost(spec, lambda state, pid, detail: None)) as host:
        host.start()
        if host.wait(spec.load_timeout_s) != "ready":
            raise SystemExit(f"the language model did not start ({host.state})")
        writer = Writer(host)
        for case in cases:
            prompt = prompts.answer_prompt("completion", case.question, case.passage)
            begun = time.perf_counter()
            said.append((case, writer.write(prompt)))
            seconds.append(time.perf_counter() - begun)
    return said, statistics.median(seconds)


def figures(said: Said, content: Content) -> dict[str, float]:
    """Shares of all cases with an answer, and of all without."""
    known = [(case, text) for case, text in said if case.kind == "answer"]
    unknown = [text for case, text in said if case.kind != "answer"]
    return {
        "n": len(known),
        "right": sum(text == case.says for case, text in known) / len(known),
        "refused": sum(text == prompts.NO_GUIDANCE for _, text in known) / len(known),
        "spoken": sum(speakable(case, text, content) for case, text in known) / len(known),
        "n_unknown": len(unknown),
        "refused_unknown": sum(text == prompts.NO_GUIDANCE for text in unknown) / len(unknown),
    }


def speakable(case: data.Case, text: str, content: Content) -> bool:
    """Whether the guard lets the first sentence pass."""
    splitter = SentenceSplitter()
    sentences = [*splitter.feed(f"{text} "), splitter.end()]
    never = [item.fact for item in content.protocols[case.topic].never]
    return guard.check(sentences[0], case.passage, never, case.question).ok


def main() -> None:
    """Ask, judge, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cases", type=int, default=200)
    parser.add_argument("--seed", type=int, default=2)
    parser.add_argument("--show", action="store_true", help="list what is not right")
    parser.add_argument("--adapter", default="models/adapters/answers-en.gguf")
    args = parser.parse_args()
    content = content_files.load(Settings())
    cases = data.Cases(content, args.seed).unseen(sorted(data.HELD_OUT), args.cases)
    first = [(case, data.shown(case.passage.splitlines()[0])) for case in cases]
    found: dict[str, dict[str, float]] = {"first line": figures(first, content)}
    for name, adapter in (("model", ""), ("adapter", args.adapter)):
        said, seconds = written(cases, adapter)
        found[name] = {**figures(said, content), "p50_s": seconds}
        for case, text in said if args.show else ():
            if text != case.says:
                print(f"{name}: {case.prompt} {text!r}, not {case.says!r}\n")
    for name, row in found.items():
        print(json.dumps({"row": name, **{key: round(value, 3) for key, value in row.items()}}))


if __name__ == "__main__":
    main()
