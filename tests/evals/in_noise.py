"""Commands, answers, questions and openings in real noise: is what was asked done?

    python -m tests.evals.in_noise [--noise-dir FOLDER] [--snr 10 5] [--voices recorded,espeak-us]

Every phrase of tests/data/phrases and tests/data/latency is said with noise under it, in its
recorded voice and in others (espeak-ng and flite must be installed for those; none is Piper's).
`--dev N` adds N openings of the development set, in the other voices only. FOLDER holds noise/ with
16 kHz WAV files and a manifest.jsonl with `file`; without it the committed noises serve. The
listener with its recognisers hears each in the protocol where it belongs.

Right: the reply is the one that the same words get when they are typed. Wrong: something else was
done or answered. Else it was asked back, be it by a question of the protocol that was meant, or
nothing was done. Prints one JSON object.
"""

import argparse
import itertools
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.evals.listening import noise_loop
from tests.support import sounds
from tests.support.hearing import Hearing, recognisers, unhurried
from voice.config import ROOT, Settings
from voice.dialogue import content
from voice.dialogue import interface as d
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import State
from voice.engines.interfaces import Engine
from voice.events import Reply

Audio = NDArray[np.int16]

DATA = ROOT / "tests" / "data"
RECORDED = "recorded"
VOICES = (RECORDED, "espeak-us", "espeak-gb", "slt", "rms", "awb")
_OPENED = "My father collapsed. He's not breathing."
_COMMITTED_STEADY = ("bl_coffee-shop", "esc_thunderstorm_4-156993-A")


class Phrase(msgspec.Struct, frozen=True):
    """What is said, and where."""

    name: str
    text: str
    kind: str
    file: Path | None
    """Its recording, where there is one."""
    before: tuple[str, ...]
    """What was said before it."""


def main() -> int:
    """Say everything and print how much of it was done."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--noise-dir", type=Path, metavar="FOLDER")
    parser.add_argument("--scale", type=float, help="share of our adapter for Whisper")
    parser.add_argument("--unheard", action="store_true", help="noises that no training used")
    parser.add_argument("--snr", type=float, nargs="+", default=[10.0, 5.0], metavar="DB")
    parser.add_argument("--voices", default=",".join(VOICES))
    parser.add_argument("--kinds", default="command,opening")
    parser.add_argument("--dev", type=int, default=0, metavar="N")
    parser.add_argument("--rows", type=Path, help="append one line an utterance to this file")
    args = parser.parse_args()
    settings = unhurried()
    if args.scale is not None:
        stt = msgspec.structs.replace(settings.stt, adapter_scale=args.scale)
        settings = msgspec.structs.replace(settings, stt=stt)
    dialogue = Dialogue(content.load(settings), settings)
    kinds = args.kinds.split(",")
    said = [phrase for phrase in (*phrases(), *openings(args.dev)) if phrase.kind in kinds]
    base, tiny = recognisers(settings)
    rows = []
    try:
        for voice, snr in itertools.product(args.voices.split(","), args.snr):
            # Each voice and level meets other noises with the same words.
            noises = itertools.islice(_noises(args.noise_dir, args.unheard), len(rows) % 7, None)
            for phrase in said:
                if voice == RECORDED and phrase.file is None:
                    continue
                audio = spoken(phrase, voice)
                scene = sounds.scene(1.0, audio, 1.5)
                scene = sounds.with_noise(scene, next(noises), snr, audio)
                row = one(phrase, scene, (base, tiny), dialogue, settings)
                rows.append({"voice": voice, "snr": snr, **row})
                if args.rows:
                    with args.rows.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(rows[-1]) + "\n")
            print(f"{voice} at {snr:g} dB", file=sys.stderr)
    finally:
        base.close()
        tiny.close()
    print(json.dumps(summary(rows), indent=1))
    return 0


def phrases() -> Iterator[Phrase]:
    """The committed phrases; an answer to a step is left out, for it needs that step."""
    for folder in ("phrases", "latency"):
        for line in (DATA / folder / "manifest.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            if row["kind"] in ("command", "opening", "question"):
                before = () if row["kind"] == "opening" else (_OPENED, "Next.")
                file = DATA / folder / row["file"]
                yield Phrase(row["id"], row["text"], row["kind"], file, before)


def openings(count: int) -> Iterator[Phrase]:
    """Openings of the development set in one utterance, from all over it."""
    lines = (ROOT / "tests" / "evals" / "triage_dev.jsonl").read_text("utf-8").splitlines()
    cases = [case for case in map(json.loads, lines) if case["kind"] == "opening"]
    cases = [case for case in cases if len(case["turns"]) == 1 and len(case["turns"][0]) < 80]
    for case in cases[:: max(1, len(cases) // count)][:count] if count else ():
        yield Phrase(case["id"], case["turns"][0], "opening", None, ())


def spoken(phrase: Phrase, voice: str) -> Audio:
    """A phrase in its recorded voice or in another."""
    if voice == RECORDED and phrase.file:
        return np.asarray(soundfile.read(phrase.file, dtype="int16")[0], np.int16)
    from tests.tools.synthetic_voices import speak

    return np.asarray(speak(phrase.text, voice) * 32767, np.int16)


def _noises(folder: Path | None, unheard: bool) -> Iterator[Audio]:
    if folder:
        return noise_loop(folder, unheard)
    return itertools.cycle(map(sounds.clip, _COMMITTED_STEADY))


def one(
    phrase: Phrase,
    scene: Audio,
    ears: tuple[Engine, Engine],
    dialogue: Dialogue,
    settings: Settings,
) -> dict[str, Any]:
    """Hear one scene and do what was understood, turn by turn."""
    state = dialogue.start()
    for number, text in enumerate(phrase.before):
        state = dialogue.step(state, d.Utterance(t=number, text=text)).state
    wanted = _did(dialogue, state, d.Utterance(t=9.0, text=phrase.text))[0]
    hearing = Hearing(
        *ears,
        settings,
        lambda text: dialogue.understanding.whole(text, state) == "whole",
        lambda: dialogue.understanding.hint(state),
        lambda: dialogue.understanding.likely(state),
        lambda weighed: dialogue.understanding.chosen(state, weighed),
    )
    done: list[Reply] = []
    turns = hearing.hear(scene).turns
    heard = [turn for turn in turns if turn.accepted]
    now = state
    for turn in heard:
        said = d.Utterance(
            t=10.0 + turn.last_voiced,
            text=turn.text,
            confidence=turn.confidence,
            alternatives=turn.alternatives,
        )
        reply, now = _did(dialogue, now, said)
        done += [reply] if reply else []
    verdict = judge(wanted, [reply for reply in done if reply.kind != "none"])
    return {
        "id": phrase.name,
        "kind": phrase.kind,
        "said": phrase.text,
        "heard": [turn.text for turn in heard],
        "confidence": [round(turn.confidence, 3) for turn in heard],
        "refused": [[turn.text, turn.reason] for turn in turns if not turn.accepted],
        "verdict": verdict,
        "replies": [reply.say for reply in done] if verdict == "wrong" else [],
    }


def _did(dialogue: Dialogue, state: State, said: d.Utterance) -> tuple[Reply | None, State]:
    """The first reply to an utterance; a question goes to the model, whose answer is left out."""
    outcome = dialogue.step(state, said)
    for effect in outcome.effects:
        match effect:
            case d.Say(reply=reply):
                return reply, outcome.state
            case d.AskModel(passage=passage):
                return Reply(say=passage, heard="question", kind="answer"), outcome.state
    return None, outcome.state


def judge(wanted: Reply | None, done: list[Reply]) -> str:
    """What was made of an utterance; words around the one that was meant do no harm."""
    if wanted is None or wanted.kind == "none":
        return "right" if not done else "wrong"
    acted = [reply for reply in done if not _asks(reply, wanted)]
    if any(_same(reply, wanted) for reply in done):
        return "right" if all(_same(reply, wanted) for reply in acted) else "wrong"
    return "wrong" if acted else "asked back" if done else "nothing"


def _asks(reply: Reply, wanted: Reply) -> bool:
    """Whether a reply does nothing yet, be it a question of the protocol that was meant."""
    if reply.kind in ("clarify", "chat"):
        return True
    own = reply.kind == "protocol" and reply.protocol == wanted.protocol
    return own and not _same(reply, wanted) and reply.say.endswith("?")


def _same(reply: Reply, wanted: Reply) -> bool:
    if wanted.kind == "protocol":
        return (reply.kind, reply.protocol, reply.step) == (
            "protocol",
            wanted.protocol,
            wanted.step,
        )
    return (reply.heard, reply.kind, reply.say) == (wanted.heard, wanted.kind, wanted.say)


def summary(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Shares by level, and what went wrong."""
    figures: dict[str, Any] = {}
    for snr in sorted({row["snr"] for row in rows}, reverse=True):
        at = [row["verdict"] for row in rows if row["snr"] == snr]
        shares = {verdict: round(at.count(verdict) / len(at), 3) for verdict in sorted(set(at))}
        figures[f"{snr:g} dB"] = {"n": len(at), **shares}
    figures["not right"] = [
        f"{row['verdict']}: {row['said']} -> {' / '.join(row['heard'])}"
        f" ({row['voice']}, {row['snr']:g} dB)"
        for row in rows
        if row["verdict"] != "right"
    ]
    return figures


if __name__ == "__main__":
    sys.exit(main())
