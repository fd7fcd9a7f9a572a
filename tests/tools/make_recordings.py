"""Make the recordings in tests/data/phrases, latency and demo from the script beside each.

No human recording says rescue words, so synthetic voices do, and none of them is the assistant's
own. Needs packages of its own (an environment beside the project's will do) and two programs:

    pip install hibari-tts==0.2.1 faster-whisper soundfile soxr
    apt-get install flite espeak-ng
    python tests/tools/make_recordings.py phrases latency demo

Every recording is read back by Whisper base with faster-whisper's default call; what it heard is
noted, and words that came back wrong are reported and make the command fail.
"""

import argparse
import json
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from synthetic_voices import RATE, VOICES, Audio, speak

TESTS = Path(__file__).resolve().parents[1]
PHRASES = TESTS / "data" / "phrases"
LATENCY = TESTS / "data" / "latency"
DEMO = TESTS / "data" / "demo"
WHISPER = TESTS.parent / "models" / "cache" / "whisper-base"


def make_phrases(folder: Path) -> list[str]:
    """Write one WAV file a phrase and the manifest; give what was misheard."""
    lines, wrong = [], []
    for entry in _load(folder / "script.json")["phrases"]:
        quiet = np.zeros(RATE // 5, np.float32)
        audio = np.concatenate([quiet, speak(entry["text"], entry["voice"]), quiet, quiet])
        file = f"{entry['id']}.wav"
        soundfile.write(folder / file, audio, RATE, subtype="PCM_16")
        engine, _, licence = VOICES[entry["voice"]]
        seconds = round(len(audio) / RATE, 2)
        about = {"engine": engine, "licence": licence, "seconds": seconds}
        lines.append({"file": file} | entry | about | {"heard": heard(audio)})
        if _words(lines[-1]["heard"]) != _words(entry["text"]):
            wrong.append(f"{file}: '{entry['text']}' was heard as '{lines[-1]['heard']}'")
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "manifest.jsonl").write_text(text, encoding="utf-8")
    return wrong


def make_demo() -> list[str]:
    """Write the conversation and the times of its utterances; give what was misheard."""
    script = _load(DEMO / "script.json")
    audio = np.zeros(round(script["seconds"] * RATE), np.float32)
    spans, wrong = [], []
    for entry in script["utterances"]:
        said = _utterance(entry, script["voices"])
        start = round(entry["at"] * RATE)
        if len(audio[start : start + len(said)]) < len(said) or audio[start : start + 1].any():
            raise SystemExit(f"at {entry['at']} s: '{entry['text']}' does not fit; change 'at'")
        audio[start : start + len(said)] = said
        end = entry["at"] + len(said) / RATE
        spans.append({"who": entry["who"], "text": entry["text"], "start": entry["at"]})
        spans[-1] |= {"end": round(end, 2)}
    audio += _noise(script["noise"], audio)
    soundfile.write(DEMO / "emergency.wav", audio, RATE, subtype="PCM_16")
    for span in spans:
        part = audio[round((span["start"] - 0.3) * RATE) : round((span["end"] + 0.3) * RATE)]
        span["heard"] = heard(part)
        if span["who"] in script["voices"] and _words(span["heard"]) != _words(span["text"]):
            wrong.append(f"emergency.wav: '{span['text']}' was heard as '{span['heard']}'")
    text = "".join(json.dumps(span) + "\n" for span in spans)
    (DEMO / "utterances.jsonl").write_text(text, encoding="utf-8")
    return wrong


def _utterance(entry: dict[str, Any], voices: dict[str, str]) -> Audio:
    """Speak an utterance, or take it from its recording, at the same level."""
    if "file" not in entry:
        return speak(entry["text"], voices[entry["who"]])
    audio = _read(DEMO / entry["file"])
    return np.asarray(audio * (0.5 / np.abs(audio).max()), np.float32)


def _noise(about: dict[str, Any], speech: Audio) -> Audio:
    """Loop a noise under the whole conversation, `snr_db` below the speech in it."""
    clip = _read(DEMO / about["file"])
    seam = RATE // 2
    ramp = np.linspace(0, 1, seam, dtype=np.float32)
    looped = clip[seam:].copy()
    looped[-seam:] = looped[-seam:] * np.sqrt(1 - ramp) + clip[:seam] * np.sqrt(ramp)
    noise = np.resize(looped, len(speech))
    voiced = speech[np.abs(speech) > 0.01]
    gain = np.sqrt(np.mean(voiced**2) / np.mean(noise**2) / 10 ** (about["snr_db"] / 10))
    return np.asarray(gain * noise, np.float32)


def heard(audio: Audio) -> str:
    """What Whisper base makes of a recording."""
    segments, _ = _whisper().transcribe(audio)
    return "".join(segment.text for segment in segments).strip()


@cache
def _whisper() -> Any:
    from faster_whisper import WhisperModel

    return WhisperModel(str(WHISPER), device="cpu", compute_type="int8")


def _words(text: str) -> list[str]:
    return re.findall(r"[a-z0-9']+", text.lower())


def _load(file: Path) -> Any:
    return json.loads(file.read_text(encoding="utf-8"))


def _read(file: Path) -> Audio:
    audio, rate = soundfile.read(file, dtype="float32")
    if rate != RATE or audio.ndim != 1:
        raise SystemExit(f"{file}: {RATE} Hz mono is needed")
    return np.asarray(audio, np.float32)


def main() -> int:
    """Make what is named on the command line."""
    makers = {
        "phrases": lambda: make_phrases(PHRASES),
        "latency": lambda: make_phrases(LATENCY),
        "demo": make_demo,
    }
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", nargs="+", choices=makers)
    wrong = [line for what in parser.parse_args().what for line in makers[what]()]
    for line in wrong:
        print(line, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
