"""Drills: whole emergencies as data, acted out in a room with echo and noise through the real loop.

    python -m tests.drills.drill tests/drills/arrest_with_a_defibrillator.yaml

prints what the file promises and what came of it, line by line. The fields are those of `Line` and
`Drill`. Times are read from the output files: a reply's delay runs from the last audible sample of
what was said to the first audible sample of the voice.
"""

import sys
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import msgspec
import numpy as np
import soundfile
from numpy.typing import NDArray

from tests.support import sounds, stems
from tests.support.assistant import Event, Session, run_wav
from tests.support.mixing import struck
from tests.support.recordings import DATA, RATE, Audio, laid

NOTHING = "nothing"
"""What a line `does` that is not for the assistant."""
_TAIL_S = 6.0
"""How long the run goes on after the last line."""


class Line(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Something audible, and what must come of it before the next one."""

    at: float
    """Second at which it begins."""
    play: str
    """A recording's name without suffix: of tests/data/phrases, latency, speech or listening."""
    does: str
    """The class of the reply (`heard` of the event log), or "nothing"."""
    protocol: str | None = None
    says: str = ""
    """In what is said, whatever the case."""
    beat: bool | None = None
    """Whether the metronome is on when the next line begins."""
    reply_s: float = 5.0
    """Longest time from the end of the words to the first sound of the reply. Two drills may share
    a slow machine: this is how late is too late; how fast it is, `bench latency` shows."""
    hush_s: float | None = None
    """Longest time from the beginning of the word to the last sound of the voice."""
    voice_goes_on: bool = False
    """The voice speaks meanwhile and finishes its sentence."""


class Drill(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A scene: who, in what noise, and what is said when."""

    about: str
    lines: list[Line]
    noise: str | None = None
    """A noise of tests/data/listening, under everything."""
    snr_db: float = 15.0
    """The active voice over the noise's mean."""
    echo_db: float = -10.0
    """The assistant's own voice in the microphone."""


@dataclass(frozen=True)
class Course:
    """A drill that was acted out: what happened during each line."""

    drill: Drill
    session: Session

    def window(self, index: int) -> tuple[float, float]:
        """From a line's first audible sample until the next line begins, in seconds."""
        lines = self.drill.lines
        begins = lines[index].at + sounds.loud_edges(recording(lines[index].play))[0]
        return begins, lines[index + 1].at if index + 1 < len(lines) else float("inf")

    def during(self, index: int, kind: str) -> list[Event]:
        """The events of a type in a line's window."""
        begins, ends = self.window(index)
        return [event for event in self.session.of(kind) if begins <= event["t"] < ends]

    def replies(self, index: int) -> list[Event]:
        """What a line led to; what a timer says belongs to no line.

        Of what the model writes sentence by sentence, the first stands for all.
        """
        found: list[Event] = []
        for event in self.during(index, "reply"):
            goes_on = found and event["by"] == found[-1]["by"] == "llm"
            if event["heard"] != "event:timer" and event["kind"] != "none" and not goes_on:
                found.append(event)
        return found

    def sounding(self, index: int) -> NDArray[np.float64]:
        """The moments, by 10 ms, at which the voice sounds in a line's window."""
        moments = np.flatnonzero(stems.sounding(self.session.output)) / 100
        begins, ends = self.window(index)
        return np.asarray(moments[(moments >= begins) & (moments < ends)])

    def faults(self, index: int) -> list[str]:
        """What a line promises and does not keep."""
        line, replies = self.drill.lines[index], self.replies(index)
        did = [event["heard"] for event in replies]
        if line.does == NOTHING:
            found = [f"was answered: {did}"] if replies else []
        elif did != [line.does]:
            return [f"did {did}, heard {[e['text'] for e in self.during(index, 'transcript')]}"]
        else:
            found = _unlike(line, replies[0]) + self._untimely(index)
        return found + self._off_beat(index) + self._broken_off(index)

    def _untimely(self, index: int) -> list[str]:
        line, found = self.drill.lines[index], []
        ends = line.at + sounds.loud_edges(recording(line.play))[1]
        sounding = self.sounding(index)
        if line.hush_s is not None:
            last = float(sounding.max(initial=0)) - self.window(index)[0]
            found += [f"voice for {last:.2f} s"] * (last > line.hush_s)
        elif self.replies(index)[0]["say"]:
            delay = float(sounding[sounding > ends].min(initial=np.inf)) - ends
            found += [f"reply after {delay:.2f} s"] * (delay > line.reply_s)
        return found

    def _off_beat(self, index: int) -> list[str]:
        wanted, ends = self.drill.lines[index].beat, self.window(index)[1]
        switched = [e["on"] for e in self.session.of("metronome") if e["t"] < ends]
        is_on = bool(switched and switched[-1])
        return [] if wanted in (None, is_on) else [f"beat on: {is_on}"]

    def _broken_off(self, index: int) -> list[str]:
        if not self.drill.lines[index].voice_goes_on:
            return []
        ended = [e for e in self.during(index, "audio_end") if e["source"] == "voice"]
        if not ended:
            return ["nothing was being said meanwhile"]
        return [] if ended[0]["reason"] == "finished" else ["the sentence was dropped"]

    def stray_beats(self) -> int:
        """Beats that are not on their sample, counted from the first after each pause."""
        beat, rate = stems.stem(self.session.output, "beat")
        return int((stems.off_grid(np.asarray(struck(beat)), rate) > 0).sum())


def _unlike(line: Line, reply: Event) -> list[str]:
    found = []
    if line.protocol not in (None, reply["protocol"]):
        found.append(f"protocol {reply['protocol']}")
    if line.says.lower() not in reply["say"].lower():
        found.append(f"said {reply['say']!r}")
    return found


@cache
def recording(name: str) -> Audio:
    """A committed recording by its name."""
    files = [
        file
        for folder in ("phrases", "latency", "speech", "listening")
        for file in (DATA / folder).glob(f"{name}.*")
    ]
    if not files:
        raise FileNotFoundError(f"no recording is called {name!r}")
    return np.asarray(soundfile.read(files[0], dtype="int16")[0])


def read(file: Path) -> Drill:
    """A drill's file; names the fault if it is none."""
    return msgspec.yaml.decode(file.read_bytes(), type=Drill)


def sound(drill: Drill) -> Audio:
    """What the microphone hears besides the assistant."""
    parts = [(line.at, recording(line.play)) for line in drill.lines]
    mix = laid(parts)
    if drill.noise is None:
        return mix
    voices = np.concatenate([audio for _, audio in parts])
    return sounds.with_noise(mix, recording(drill.noise), drill.snr_db, voices)


def act(drill: Drill, folder: Path) -> Course:
    """Run the assistant on a drill."""
    scene = folder / "scene.wav"
    soundfile.write(scene, sound(drill), RATE, subtype="PCM_16")
    options = ("--stems", "--echo-db", str(drill.echo_db), "--tail", str(_TAIL_S))
    return Course(drill, run_wav(scene, folder, *options))


def main() -> None:
    """Act out the drills named on the command line."""
    for name in sys.argv[1:]:
        with tempfile.TemporaryDirectory() as folder:
            course = act(read(Path(name)), Path(folder))
            print(name, f"{course.stray_beats()} stray beats")
            for index, line in enumerate(course.drill.lines):
                did = [(e["heard"], e["say"]) for e in course.replies(index)]
                print(f"  {line.at:5.1f} {line.play}: {did}")
                print(*(f"        ! {fault}\n" for fault in course.faults(index)), end="")


if __name__ == "__main__":
    main()
