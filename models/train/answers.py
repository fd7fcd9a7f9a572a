#!/usr/bin/env python3
"""Train the adapter with which the embedded Gemma answers: models/adapters/answers-en.gguf.

    pip install -e '.[llm,train]'
    python models/train/answers.py --steps 800

A LoRA of rank 8 on all projections of attention and MLP learns to pick the line of a passage that
answers, word for word, or to refuse (see answers_data.py). The weights below it are those of the
GGUF file that runs, dequantised; the prompt is the one of run time; the loss is on the answer's
tokens only. The best moment, by topics that are not trained on, is kept. About half an hour on one
core; the same seed gives the same cases. Nothing of this is needed at run time.
"""

import argparse
import json
import random
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(Path(__file__).parent)]

import answers_data as data  # noqa: E402
from gemma import Network, Past  # noqa: E402

from voice import modelstore  # noqa: E402
from voice.config import Settings  # noqa: E402
from voice.dialogue import content as content_files  # noqa: E402
from voice.dialogue import prompts  # noqa: E402
from voice.engines import gguf_peft  # noqa: E402

BASE = "gemma-3-270m"
RANK, ALPHA = 8, 16.0
BATCH = 2
PREFIX_EVERY = 8
"""Steps between two evaluations of the prefix, which the adapter changes as well."""
CHECK_EVERY = 100
UNSEEN = 32
FREQUENT = 32768
"""Tokens that always compete in the loss; the vocabulary is ordered by how it was merged."""
IGNORED = -100


class Row(NamedTuple):
    """A case as tokens."""

    kind: str
    prompt: list[int]
    says: list[int]


class Batch(NamedTuple):
    """[rows, tokens], padded at the end, and what is to follow each token."""

    tokens: Tensor
    wanted: Tensor


class Tokens:
    """The tokeniser of run time."""

    def __init__(self, model: Path) -> None:
        import llama_cpp

        self._llama = llama_cpp.Llama(str(model), vocab_only=True, verbose=False)

    def prefix(self) -> list[int]:
        """The fixed part of all prompts."""
        text = prompts.prefix("completion").encode()
        return list(self._llama.tokenize(text, add_bos=True, special=False))

    def row(self, case: data.Case) -> Row:
        """A case; the answer ends as those of the prompt's examples do."""
        parts = (case.prompt, f" {case.says}\n\n")
        prompt, says = (
            list(self._llama.tokenize(text.encode(), add_bos=False, special=False))
            for text in parts
        )
        return Row(case.kind, prompt, says)


def batch(rows: Sequence[Row]) -> Batch:
    """Rows of different length as one batch."""
    length = max(len(row.prompt) + len(row.says) for row in rows)
    tokens = torch.zeros(len(rows), length, dtype=torch.long)
    wanted = torch.full((len(rows), length), IGNORED)
    for number, row in enumerate(rows):
        whole = torch.tensor(row.prompt + row.says)
        tokens[number, : len(whole)] = whole
        wanted[number, len(row.prompt) - 1 : len(whole) - 1] = torch.tensor(row.says)
    return Batch(tokens, wanted)


def batches(rows: Sequence[Row], rng: random.Random) -> list[Batch]:
    """All rows once, those of like length together."""
    order = list(rows)
    rng.shuffle(order)
    found: list[Batch] = []
    for start in range(0, len(order), 16 * BATCH):
        chunk = sorted(order[start : start + 16 * BATCH], key=lambda row: len(row.prompt))
        together = [batch(chunk[n : n + BATCH]) for n in range(0, len(chunk), BATCH)]
        rng.shuffle(together)
        found += together
    return found


def loss_of(network: Network, some: Batch, past: Past, rivals: Tensor) -> Tensor:
    """Each answer counts alike, however long it is; only the `rivals` compete, in order of id."""
    asked = some.wanted != IGNORED
    logits = network.logits(network.hidden(some.tokens, past)[asked], rivals)
    wanted = torch.searchsorted(rivals, some.wanted[asked])
    losses = functional.cross_entropy(logits, wanted, reduction="none")
    weights = (1 / asked.sum(1, keepdim=True)).expand_as(asked)[asked]
    return (losses * weights).sum() / len(some.tokens)


@torch.inference_mode()
def exact(network: Network, rows: Sequence[Row], prefix: Sequence[int]) -> dict[str, float]:
    """By kind the share of answers that greedy decoding gives to the letter, and the loss."""
    past = network.prefix(prefix)
    right: dict[str, list[bool]] = {}
    losses = []
    ordered = sorted(rows, key=lambda row: len(row.prompt))
    for start in range(0, len(ordered), BATCH):
        chunk = ordered[start : start + BATCH]
        some = batch(chunk)
        asked = some.wanted != IGNORED
        logits = network.logits(network.hidden(some.tokens, past)[asked])
        losses.append(functional.cross_entropy(logits, some.wanted[asked]).item())
        hits = logits.argmax(-1) == some.wanted[asked]
        for row, hit in zip(chunk, hits.split(asked.sum(1).tolist()), strict=True):
            right.setdefault(row.kind, []).append(bool(hit.all()))
    every = [hit for hits_of in right.values() for hit in hits_of]
    found = {kind: round(sum(hits_of) / len(hits_of), 3) for kind, hits_of in right.items()}
    return {
        **found,
        "all": round(sum(every) / len(every), 3),
        "loss": round(sum(losses) / len(losses), 4),
    }


def train(
    network: Network,
    seen: Sequence[Batch],
    unseen: Sequence[Row],
    prefix: Sequence[int],
    rate: float,
    minutes: float,
    output: Path,
) -> list[dict[str, object]]:
    """Train, keep the best, and give the log: one entry a check."""
    parameters = [half for half in network.parameters() if half.requires_grad]
    begun = time.process_time()  # the run may be halted meanwhile

    def done(step: int) -> float:
        return max(step / len(seen), (time.process_time() - begun) / (60 * minutes))

    optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01, betas=(0.9, 0.98))
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / 20) * max(0.05, 1 - done(step))
    )
    log: list[dict[str, object]] = []
    rivals = torch.cat([torch.arange(FREQUENT), *(some.tokens.flatten() for some in seen)]).unique()
    print(f"{len(rivals)} tokens compete", flush=True)
    best, past = 0.0, network.prefix(prefix)
    for step, some in enumerate(seen, 1):
        if step % PREFIX_EVERY == 0:
            past = network.prefix(prefix)
        loss = loss_of(network, some, past, rivals)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimiser.step()
        schedule.step()
        if step % 5 == 0:
            seconds = round(time.process_time() - begun)
            print(f"step {step}: loss {loss.item():.3f}, {seconds} s", flush=True)
        over = done(step) >= 1
        if step % CHECK_EVERY == 0 or over:
            found = exact(network, unseen, prefix)
            seconds = round(time.process_time() - begun)
            kept = found["all"] >= best
            log.append({"step": step, **found, "s": seconds, "kept": kept})
            print(json.dumps(log[-1]), flush=True)
            if kept:
                best = found["all"]
                network.save(output)
        if over:
            break
    return log


def main() -> None:
    """Read, train, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--minutes", type=float, default=120.0, help="of the processor")
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    default = ROOT / "models" / "adapters" / "answers-en.gguf"
    parser.add_argument("--output", type=Path, default=default)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    model = modelstore.opens(BASE, Settings().cache_dir())
    tokens = Tokens(model)
    cases = data.Cases(content_files.load(Settings()), args.seed)
    unseen = [tokens.row(case) for case in cases.unseen(sorted(data.DEVELOPMENT), UNSEEN)]
    chosen = cases.training(args.steps * BATCH)
    seen = batches([tokens.row(case) for case in chosen], random.Random(args.seed))
    print(f"{len(chosen)} cases from {len(cases.topics)} topics", flush=True)
    network = Network(model, RANK, ALPHA)
    folder = args.output.with_suffix(".peft")
    log = train(network, seen, unseen, tokens.prefix(), args.rate, args.minutes, folder)
    args.output.unlink(missing_ok=True)
    gguf_peft.convert(folder, model, args.output)
    shutil.rmtree(folder)
    recipe = {
        "base": BASE,
        "command": " ".join(["python models/train/answers.py", *sys.argv[1:]]),
        "rank": RANK,
        "alpha": ALPHA,
        "cases": len(chosen),
        "batch": BATCH,
        "kinds": data.SHARES,
        "topics": cases.topics,
        "development": sorted(data.DEVELOPMENT),
        "held_out": sorted(data.HELD_OUT),
        "log": log,
    }
    text = json.dumps(recipe, indent=2) + "\n"
    args.output.with_suffix(".json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
