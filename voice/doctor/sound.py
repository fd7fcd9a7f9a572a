"""Microphone and speaker, asked for in a process of its own: PortAudio can hang or crash."""

import subprocess
import sys
from collections.abc import Iterator

import msgspec

from voice.audio import portaudio
from voice.config import ROOT, Settings
from voice.doctor.report import Finding
from voice.errors import UserError

TIMEOUT_S = 20.0


class Side(msgspec.Struct, frozen=True):
    """One direction of sound, as the probing process saw it."""

    kind: portaudio.Kind
    device: str = ""
    """The device that the profile means; empty when there is none."""
    rate: int = 0
    others: int = 0
    problem: str = ""


def check(settings: Settings) -> Iterator[Finding]:
    """Look for the devices that the profile means, without opening them."""
    names = (settings.audio.input_device, settings.audio.output_device)
    try:
        probe = subprocess.run(
            [sys.executable, "-m", "voice.doctor.sound", *names],
            capture_output=True,
            timeout=TIMEOUT_S,
            cwd=ROOT,
            check=True,
        )
        sides = msgspec.json.decode(probe.stdout, type=list[Side])
    except (subprocess.SubprocessError, msgspec.DecodeError) as error:
        yield Finding(
            "sound",
            "devices",
            "missing",
            f"PortAudio does not answer ({type(error).__name__})",
            "Restart the sound server or the machine; recordings work without it.",
        )
        return
    yield from map(finding, sides)


def finding(side: Side) -> Finding:
    """Put one direction of sound into the report."""
    if not side.problem:
        more = f"; {side.others} others" if side.others else ""
        return Finding("sound", side.kind, "ok", f"{side.device}, {side.rate} Hz{more}")
    if "PortAudio" in side.problem:
        advice = "Install PortAudio: sudo apt install libportaudio2"
    else:
        option = "input" if side.kind == "microphone" else "output"
        advice = f"Connect a {side.kind}, or name another one in audio.{option}_device."
    return Finding("sound", side.kind, "missing", side.problem, advice)


def _probe(kind: portaudio.Kind, name: str) -> Side:
    try:
        device = portaudio.find(kind, name)
    except UserError as error:
        return Side(kind, problem=str(error))
    return Side(kind, device.name, device.rate, len(portaudio.devices(kind)) - 1)


if __name__ == "__main__":
    found = [_probe("microphone", sys.argv[1]), _probe("speaker", sys.argv[2])]
    sys.stdout.buffer.write(msgspec.json.encode(found))
