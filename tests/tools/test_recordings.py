"""The recordings are complete, of the promised format, and fit their scripts."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile

DATA = Path(__file__).resolve().parents[1] / "data"
RATE = 16_000


def lines(file: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def script(folder: str) -> Any:
    return json.loads((DATA / folder / "script.json").read_text("utf-8"))


def audio_of(file: Path) -> np.ndarray:
    info = soundfile.info(file)
    assert (info.samplerate, info.channels, info.subtype) == (RATE, 1, "PCM_16"), file
    return soundfile.read(file, dtype="int16")[0]


@pytest.mark.parametrize("folder", ["phrases", "latency"])
def test_every_phrase_of_the_script_is_there_and_audible(folder: str) -> None:
    manifest = lines(DATA / folder / "manifest.jsonl")
    wanted = [(p["id"], p["text"], p["voice"]) for p in script(folder)["phrases"]]
    assert [(p["id"], p["text"], p["voice"]) for p in manifest] == wanted
    for phrase in manifest:
        audio = audio_of(DATA / folder / phrase["file"])
        assert round(len(audio) / RATE, 2) == phrase["seconds"]
        assert np.abs(audio).max() > 10_000


def test_no_phrase_is_spoken_by_the_assistants_own_engine() -> None:
    phrases = [p for name in ("phrases", "latency") for p in lines(DATA / name / "manifest.jsonl")]
    engines = {phrase["engine"].split(" ")[0] for phrase in phrases}
    assert engines == {"hibari-tts", "flite", "espeak-ng"}


def test_the_demo_says_what_its_script_says_when_it_says_it() -> None:
    conversation = script("demo")
    spans = lines(DATA / "demo" / "utterances.jsonl")
    wanted = [(u["who"], u["text"], u["at"]) for u in conversation["utterances"]]
    assert [(s["who"], s["text"], s["start"]) for s in spans] == wanted
    audio = audio_of(DATA / "demo" / "emergency.wav").astype(np.float64)
    assert len(audio) == conversation["seconds"] * RATE
    pauses = audio.copy()
    for span in spans:
        pauses[round(span["start"] * RATE) : round(span["end"] * RATE)] = 0
    noise = np.sqrt(np.mean(pauses[pauses != 0] ** 2))
    for span in spans:
        part = audio[round(span["start"] * RATE) : round(span["end"] * RATE)]
        assert np.sqrt(np.mean(part**2)) > 2.5 * noise, span["text"]
