#!/usr/bin/env python3
"""Train the adapter with which triage tells topics apart: models/adapters/triage-en.npz.

    pip install -e '.[train]'
    python models/train/triage.py            # everything, half an hour on one core
    python models/train/triage.py --refit    # every adapter's directions alone, five minutes each

The upper layers of all-MiniLM-L6-v2 get low-rank changes (LoRA), trained on two tasks at once:
which topic a line of content/en/heard is about, and which event, answer or side question of a
protocol a phrasing belongs to. The lower layers stay as they are and are worked out once. A topic's
direction is kept in the adapter; those of events and questions are not, because at run time they
are found from their phrasings. New lines can be taken in by moving the directions alone: the
encoder stays, and with it how phrasings are told apart. Needs PyTorch; the same seed gives the same
adapter on the same machine. Nothing of this is needed at run time.
"""

import argparse
import json
import random
import re
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from voice.config import Settings  # noqa: E402
from voice.dialogue import content as content_files  # noqa: E402
from voice.dialogue.triage import embedding, exemplars  # noqa: E402
from voice.dialogue.triage.minilm import MiniLm  # noqa: E402

FIRST_LAYER, LAYERS, WIDTH, HEADS = 3, 6, 384, 12
RANK = 24
BATCH = 48
VIEWS = 2
"""How many variants of each line are seen; the first is the line itself."""
REFIT_EPOCHS = 8
HOLD = 1.0
"""What it costs to move a direction, so that rare topics keep what the whole training found."""
PARTS = (
    "attention.self.query",
    "attention.self.key",
    "attention.self.value",
    "attention.output.dense",
    "intermediate.dense",
    "output.dense",
)


class Adapted(nn.Module):
    """A linear layer that stays as it is plus a low-rank change."""

    def __init__(self, weight: Tensor, bias: Tensor) -> None:
        super().__init__()
        self.register_buffer("weight", weight)
        self.register_buffer("bias", bias)
        self.down = nn.Parameter(torch.randn(RANK, weight.shape[1]) / weight.shape[1] ** 0.5)
        self.up = nn.Parameter(torch.zeros(weight.shape[0], RANK))
        self.drop = nn.Dropout(0.1)

    def forward(self, x: Tensor) -> Tensor:
        """See nn.Module."""
        change = functional.linear(functional.linear(self.drop(x), self.down), self.up)
        return functional.linear(x, self.weight, self.bias) + 2.0 * change


class Layer(nn.Module):
    """One layer of the encoder."""

    def __init__(self, weights: dict[str, Tensor], index: int) -> None:
        super().__init__()
        name = f"encoder.layer.{index}."

        def pair(part: str) -> tuple[Tensor, Tensor]:
            return weights[f"{name}{part}.weight"], weights[f"{name}{part}.bias"]

        self.parts = nn.ModuleList(Adapted(*pair(part)) for part in PARTS)
        self.norms = [pair("attention.output.LayerNorm"), pair("output.LayerNorm")]

    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        """Take and give [batch, tokens, 384]; `mask` is true where there is a token."""
        query, key, value, out, up, down = self.parts
        batch, length, _ = x.shape

        def heads(y: Tensor) -> Tensor:
            return y.view(batch, length, HEADS, WIDTH // HEADS).transpose(1, 2)

        mixed = functional.scaled_dot_product_attention(
            heads(query(x)), heads(key(x)), heads(value(x)), attn_mask=mask[:, None, None, :]
        )
        x = x + out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        x = functional.layer_norm(x, (WIDTH,), *self.norms[0], 1e-12)
        return functional.layer_norm(
            x + down(functional.gelu(up(x))), (WIDTH,), *self.norms[1], 1e-12
        )


class Network(nn.Module):
    """The upper layers, and a direction for each class of both tasks."""

    def __init__(self, weights: dict[str, Tensor], topics: int, keys: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Layer(weights, i) for i in range(FIRST_LAYER, LAYERS))
        self.topics = nn.Parameter(0.02 * torch.randn(topics, WIDTH))
        self.keys = nn.Parameter(0.02 * torch.randn(keys, WIDTH))
        self.scale = nn.Parameter(torch.tensor(16.0).log())

    def vectors(self, x: Tensor, mask: Tensor) -> Tensor:
        """Unit vectors from what the lower layers give."""
        for layer in self.layers:
            x = layer(x, mask)
        return functional.normalize(
            (x * mask[..., None]).sum(1) / mask.sum(1, keepdim=True), dim=-1
        )

    def logits(self, vectors: Tensor, classes: Tensor) -> Tensor:
        """How near each vector is to each class's direction."""
        return functional.linear(vectors, functional.normalize(classes, dim=-1)) * self.scale.exp()


class Task:
    """Lines with their classes, and which classes compete: those of the same group."""

    def __init__(self, lines: Sequence[str], labels: Sequence[str], groups: Sequence[str]) -> None:
        self.lines = lines
        self.names = sorted(set(labels))
        number = {name: n for n, name in enumerate(self.names)}
        self.labels = torch.tensor([number[label] for label in labels])
        group_of = dict(zip(labels, groups, strict=True))
        names = sorted(set(groups))
        self.group = torch.tensor([names.index(group_of[name]) for name in self.names])
        self.views: list[list[Tensor]] = []


def spoken_variant(text: str, rng: random.Random) -> str:
    """The line as a recogniser may put it down: without marks, with a word lost."""
    if rng.random() < 0.3:
        text = text.replace("'", "")
    if rng.random() < 0.3:
        text = re.sub(r"[.,!?;:]", "", text)
    words = text.split()
    if len(words) > 5 and rng.random() < 0.5:
        words = [word for word in words if rng.random() > 0.1] or words
    return " ".join(words)


def tasks() -> tuple[Task, Task]:
    """Topics of openings; events, choices and side questions within their protocols."""
    content = content_files.load(Settings())
    home = content_files.folder(Settings())
    heard = exemplars.complete(exemplars.load(home / "heard"), content.library.values())
    topics = Task([line for _, line in heard], [topic for topic, _ in heard], ["all"] * len(heard))
    rows: list[tuple[str, str, str]] = []
    for slug, protocol in content.library.items():
        further = content.more(slug)
        for key, lines in further.items():
            kind, *place = key.split()
            group = f"{slug} {place[0]}" if kind == "choice" else slug
            name = f"{slug} {' '.join(place)}" if kind == "choice" else f"{slug} {key}"
            rows += ((line, name, group) for line in lines)
        for event in protocol.events:
            rows += ((line, f"{slug} event {event.id}", slug) for line in event.hear)
        for answer in protocol.answers:
            rows += (
                (line, f"{slug} answer {answer.id}", slug) for line in (*answer.ask, answer.say)
            )
        for step in protocol.steps:
            for choice in step.choices:
                name = f"{slug} {step.id} {choice.name}"
                rows += ((line, name, f"{slug} {step.id}") for line in choice.hear)
    return topics, Task(*map(list, zip(*rows, strict=True)))


@torch.inference_mode()
def lower_layers(base: MiniLm, weights: dict[str, Tensor], lines: Sequence[str]) -> list[Tensor]:
    """What the layers that stay give for each line: [tokens, 384] in half precision."""
    layers = [Layer(weights, index).eval() for index in range(FIRST_LAYER)]
    begun = [torch.from_numpy(hidden) for hidden in base.hidden(lines, 0)]
    found: dict[int, Tensor] = {}
    order = sorted(range(len(lines)), key=lambda row: len(begun[row]))
    for start in range(0, len(order), 2 * BATCH):
        rows = order[start : start + 2 * BATCH]
        x, mask = padded([begun[row] for row in rows])
        for layer in layers:
            x = layer(x, mask)
        for row, hidden in zip(rows, x, strict=True):
            found[row] = hidden[: len(begun[row])].half().clone()
    return [found[row] for row in range(len(lines))]


def padded(hidden: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """Lines of different length as one batch, and where there is a token."""
    length = max(len(h) for h in hidden)
    x, mask = torch.zeros(len(hidden), length, WIDTH), torch.zeros(len(hidden), length).bool()
    for row, h in enumerate(hidden):
        x[row, : len(h)], mask[row, : len(h)] = h.float(), True
    return x, mask


def batches(task: Task, rng: random.Random) -> list[list[int]]:
    """All lines once, those of like length together."""
    order = list(range(len(task.lines)))
    rng.shuffle(order)
    found: list[list[int]] = []
    for start in range(0, len(order), 20 * BATCH):
        chunk = sorted(order[start : start + 20 * BATCH], key=lambda n: len(task.lines[n]))
        found += (chunk[n : n + BATCH] for n in range(0, len(chunk), BATCH))
    rng.shuffle(found)
    return found


def loss_of(network: Network, task: Task, rows: list[int], classes: Tensor, view: int) -> Tensor:
    """How wrong the network is about these lines; only classes of a line's group compete."""
    x, mask = padded([task.views[view][row] for row in rows])
    wanted = task.labels[rows]
    logits = network.logits(network.vectors(x, mask), classes)
    rivals = task.group[None, :] == task.group[wanted][:, None]
    smoothing = 0.05 if rivals.all() else 0.0
    logits = logits.masked_fill(~rivals, -1e4)
    return functional.cross_entropy(logits, wanted, label_smoothing=smoothing)


def train(network: Network, both: tuple[Task, Task], epochs: int, rate: float, seed: int) -> None:
    """Both tasks in turn."""
    rng = random.Random(seed)
    parameters = list(network.parameters())
    optimiser = torch.optim.AdamW(parameters, lr=rate, weight_decay=0.01)
    steps = epochs * round(sum(map(len, (both[0].lines, both[1].lines[::2]))) / BATCH)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min(1.0, (step + 1) / 50) * max(0.02, 1 - step / steps)
    )
    begun = time.monotonic()
    for epoch in range(epochs):
        network.train()
        # Half of the phrasings an epoch: topics are the harder task and matter more.
        plan = [(0, rows) for rows in batches(both[0], rng)]
        plan += [(1, rows) for rows in batches(both[1], rng)[::2]]
        rng.shuffle(plan)
        total = [0.0, 0.0]
        for which, rows in plan:
            classes = (network.topics, network.keys)[which]
            loss = loss_of(network, both[which], rows, classes, rng.randrange(VIEWS))
            optimiser.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(parameters, 1.0)
            optimiser.step()
            schedule.step()
            total[which] += loss.item() * len(rows) / len(both[which].lines)
        seconds = time.monotonic() - begun
        losses = f"loss {total[0]:.3f} topics, {total[1]:.3f} phrasings"
        print(f"epoch {epoch + 1}: {losses}, {seconds:.0f} s", flush=True)


def refit(file: Path, topics: Task, base: MiniLm, seed: int) -> None:
    """Move the topics' directions in an adapter to where the present lines are."""
    with np.load(file) as adapter:
        arrays = {name: adapter[name] for name in adapter.files}
    if arrays["topics"].tolist() != topics.names:
        raise SystemExit("there are other topics than before: train everything")
    changes = {name: part for name, part in arrays.items() if name not in ("head", "topics")}
    rng = random.Random(seed)
    variants = [spoken_variant(line, rng) for line in topics.lines]
    vectors = torch.from_numpy(base.adapted(changes).embed([*topics.lines, *variants]))
    head = torch.from_numpy(arrays["head"].astype(np.float32))
    arrays["head"] = moved(head, vectors, topics.labels.repeat(2), seed).numpy().astype(np.float16)
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    recipe = json.loads(file.with_suffix(".json").read_text("utf-8"))
    recipe["refitted"] = {"seed": seed, "lines": len(topics.lines)}
    _write_recipe(recipe, file)


def moved(head: Tensor, vectors: Tensor, labels: Tensor, seed: int) -> Tensor:
    """The directions [topics, 384] that tell the vectors apart best, not far from these."""
    before, scale = functional.normalize(head, dim=-1), head[0].norm().log()
    directions, scale = nn.Parameter(before.clone()), nn.Parameter(scale)
    optimiser = torch.optim.AdamW([directions, scale], lr=2e-3, weight_decay=0.0)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimiser, 0.8)
    torch.manual_seed(seed)
    for _ in range(REFIT_EPOCHS):
        for rows in torch.randperm(len(vectors)).split(10 * BATCH):
            now = functional.normalize(directions, dim=-1)
            logits = functional.linear(vectors[rows], now) * scale.exp()
            loss = functional.cross_entropy(logits, labels[rows], label_smoothing=0.05)
            loss = loss + HOLD * ((now - before) ** 2).sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        schedule.step()
    return (functional.normalize(directions, dim=-1) * scale.exp()).detach()


def save(network: Network, topics: Task, file: Path, recipe: dict[str, object]) -> None:
    """The adapter as numpy arrays, and how it was made beside it."""
    arrays: dict[str, np.ndarray] = {}
    for index, layer in enumerate(network.layers, start=FIRST_LAYER):
        for part, adapted in zip(PARTS, layer.parts, strict=True):
            name = f"encoder.layer.{index}.{part}"
            arrays[f"{name}.A"] = adapted.down.detach().numpy().astype(np.float16)
            arrays[f"{name}.B"] = (2.0 * adapted.up).detach().numpy().astype(np.float16)
    head = functional.normalize(network.topics, dim=-1) * network.scale.exp()
    arrays["head"] = head.detach().numpy().astype(np.float16)
    arrays["topics"] = np.array(topics.names)
    file.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(file, **arrays)  # type: ignore[arg-type]
    _write_recipe(recipe, file)


def _write_recipe(recipe: dict[str, object], file: Path) -> None:
    file.with_suffix(".json").write_text(json.dumps(recipe, indent=2) + "\n", encoding="utf-8")


def main() -> None:
    """Read, train, save."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--rate", type=float, default=1.5e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    default = ROOT / "models" / "adapters" / "triage-en.npz"
    parser.add_argument("--output", type=Path, default=default)
    parser.add_argument("--refit", action="store_true", help="move the topics' directions alone")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    base = embedding.find(Settings())
    if base is None:
        raise SystemExit("the sentence embedding is missing: python run_assistant.py models fetch")
    both = tasks()
    if args.refit:
        for file in sorted(args.output.parent.glob(f"{args.output.stem}*.npz")):
            refit(file, both[0], base, args.seed)
        return
    rng = random.Random(args.seed)
    weights = {name: torch.tensor(value) for name, value in base.weights().items()}
    for task in both:
        task.views.append(lower_layers(base, weights, task.lines))
        for _ in range(VIEWS - 1):
            variants = [spoken_variant(line, rng) for line in task.lines]
            task.views.append(lower_layers(base, weights, variants))
        print(f"{len(task.lines)} lines, {len(task.names)} classes", flush=True)
    network = Network(weights, len(both[0].names), len(both[1].names))
    train(network, both, args.epochs, args.rate, args.seed)
    recipe = {
        "base": "all-MiniLM-L6-v2",
        "command": f"python models/train/triage.py --epochs {args.epochs} --seed {args.seed}",
        "rank": RANK,
        "layers": list(range(FIRST_LAYER, LAYERS)),
        "lines": len(both[0].lines),
        "phrasings": len(both[1].lines),
    }
    save(network, both[0], args.output, recipe)


if __name__ == "__main__":
    main()
