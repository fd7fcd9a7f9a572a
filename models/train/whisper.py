#!/usr/bin/env python3
"""Teach Whisper base the words of rescuers in noise: models/adapters/whisper-base.npz.

    pip install -e '.[train]'                # and the voices of tests/tools/synthetic_voices.py
    python models/train/whisper.py --audio FOLDER

FOLDER holds speech/ and noise/, 16 kHz WAV files each with a manifest.jsonl. Every weight matrix of
encoder and decoder gets a low-rank change (LoRA); what is learnt is the text, with timestamps and
without, of synthetic lines and of people, in noise and in rooms, in the short windows that are used
at run time. Three tenths of what is heard is no rescue: people reading, chatter, bare noise, so
that the model does not hear rescues everywhere. The network is Whisper's, with the names of the
file that runs, so that the change can be added to it as it is (voice/engines/whisper_adapter.py).
Needs PyTorch; nothing of this is needed at run time.
"""

import argparse
import json
import pickle
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import numpy as np
import torch
import whisper_net
import whisper_speech
from tokenizers import Tokenizer
from torch import Tensor, nn
from torch.nn import functional
from whisper_samples import IGNORED, Samples

ROOT = Path(__file__).resolve().parents[2]
CHECK, KEEP = 25, 300
"""Steps between two reports, and between two copies of what was learnt so far."""

Batch = tuple[Tensor, Tensor, Tensor]


def main() -> int:
    """Train and write the adapter with a note of how it was made."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--audio", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "cache" / "whisper-base")
    parser.add_argument(
        "--clips", type=Path, help="keep the spoken lines here, or take them from here"
    )
    parser.add_argument(
        "--output", type=Path, default=ROOT / "models" / "adapters" / "whisper-base.npz"
    )
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--rate", type=float, default=4e-4)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    torch.set_num_threads(args.threads)
    model = (args.model / "model.bin").read_bytes()
    net = whisper_net.read(model)
    tokenizer = Tokenizer.from_file(str(args.model / "tokenizer.json"))
    clips = _clips(args.clips, args.seed)
    people = [
        (whisper_speech.styled(t), a) for t, a in whisper_speech.people(args.audio / "speech")
    ]
    noises = whisper_speech.noises(args.audio / "noise")
    print(f"{len(clips)} lines, {len(people)} of people, {len(noises)} noises", flush=True)
    samples = Samples(clips, people, noises, tokenizer, args.seed)
    _train(net, samples, args)
    np.savez_compressed(args.output, **net.adapter())
    note = {
        "base": "whisper-base",
        "command": f"python models/train/whisper.py --steps {args.steps} --seed {args.seed}",
        "rank": whisper_net.RANK,
        "lines": len(clips),
        "people": len(people),
        "noises": len(noises),
    }
    args.output.with_suffix(".json").write_text(json.dumps(note, indent=2) + "\n", encoding="utf-8")
    return 0


def _train(net: whisper_net.Net, samples: Samples, args: argparse.Namespace) -> None:
    learnt = list(net.layers.parameters())
    learner = torch.optim.AdamW(learnt, lr=args.rate, weight_decay=0.0)
    pace = torch.optim.lr_scheduler.OneCycleLR(
        learner, args.rate, total_steps=args.steps, pct_start=0.08
    )
    losses, begun = [], time.monotonic()
    for step, (features, tokens, wanted) in enumerate(
        _ahead(islice(samples.batches(), args.steps)), 1
    ):
        asked = wanted != IGNORED
        loss = functional.cross_entropy(net(features, tokens, asked).float(), wanted[asked])
        loss.backward()
        nn.utils.clip_grad_norm_(learnt, 1.0)
        learner.step()
        pace.step()
        learner.zero_grad(set_to_none=True)
        losses.append(loss.item())
        if step % CHECK == 0:
            print(
                f"{step} {np.mean(losses[-CHECK:]):.3f} {time.monotonic() - begun:.0f} s",
                flush=True,
            )
        if step % KEEP == 0:
            np.savez_compressed(args.output, **net.adapter())


def _ahead(batches: Iterator[Batch]) -> Iterator[Batch]:
    """The next batch is made while the last one is learnt."""
    with ThreadPoolExecutor(1) as pool:
        coming = pool.submit(next, batches, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches, None)
            yield batch


def _clips(file: Path | None, seed: int) -> list[whisper_speech.Said]:
    """The spoken lines: made once, some minutes on two cores."""
    if file and file.is_file():
        kept = pickle.loads(file.read_bytes())
    else:
        texts = whisper_speech.lines(
            seed, commands=2800, openings=4200, phrasings=2000, chatter=1200
        )
        kept = [(t, np.int16(a * 32767)) for t, a in whisper_speech.spoken(texts, seed, workers=2)]
        if file:
            file.write_bytes(pickle.dumps(kept))
    return [(text, np.asarray(audio, np.float32) / 32768) for text, audio in kept]


if __name__ == "__main__":
    sys.exit(main())
