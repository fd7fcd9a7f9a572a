"""Does the microphone hear, and does it hear the speaker? One line each, and what to do.

The trial runs in a process of its own, because sound systems can hang or crash; what it measured
is one struct, which a kiosk may ask for as well.
"""

import subprocess
import sys
from collections.abc import Iterator

import msgspec

from voice.config import ROOT, Settings
from voice.doctor.report import Finding, State
from voice.doctor.trial import CHIRPS, Trial

TIMEOUT_S = 30.0
LOUD_NOISE_DB = -35.0
MUCH_CLIPPING = 0.001
LATE_MS = 300.0
UNSTEADY_MS = 30.0


def check(settings: Settings) -> Iterator[Finding]:
    """Play and listen on the devices that the profile means; takes about six seconds."""
    yield from findings(tried(settings))


def tried(settings: Settings) -> Trial:
    """Have the trial done by another process; never raises."""
    audio = settings.audio
    try:
        done = subprocess.run(
            [
                sys.executable,
                "-m",
                "voice.doctor.trial",
                audio.input_device,
                audio.output_device,
                str(audio.output_rate),
            ],
            capture_output=True,
            timeout=TIMEOUT_S,
            cwd=ROOT,
            check=True,
        )
        return msgspec.json.decode(done.stdout, type=Trial)
    except (subprocess.SubprocessError, msgspec.DecodeError) as error:
        return Trial(problem=f"the sound system does not answer ({type(error).__name__})")


def findings(trial: Trial) -> Iterator[Finding]:
    """One line for the microphone, one for what it hears of the speaker, one for gaps."""
    if trial.problem:
        advice = "Connect a microphone and a speaker; see the lines above."
        yield Finding("sound", "trial", "missing", trial.problem, advice)
        return
    yield _microphone(trial)
    if not trial.is_speaker:
        yield _speaker(trial)
    if trial.gaps:
        yield Finding(
            "sound",
            "gaps",
            "note",
            f"sound was torn {trial.gaps} times",
            "Close other programs; if that does not help, raise audio.ahead_ms.",
            {"gaps": trial.gaps},
        )


def _microphone(trial: Trial) -> Finding:
    facts: dict[str, float | int | str] = {
        "noise_db": trial.noise_db,
        "clipped": trial.clipped,
        "flat": int(trial.flat),
        "is_speaker": int(trial.is_speaker),
    }

    def finding(state: State, detail: str, advice: str = "") -> Finding:
        return Finding("sound", "hearing", state, detail, advice, facts)

    if trial.is_speaker:
        return finding(
            "missing",
            "the microphone is the speaker's own signal (a monitor), not a room",
            "Connect a microphone, or name another one in audio.input_device.",
        )
    if trial.flat:
        return finding(
            "missing",
            "the microphone gives digital silence",
            "Unmute the microphone in the system's sound settings or on the headset, or name "
            "another one in audio.input_device.",
        )
    level = f"noise at {trial.noise_db:.0f} dB of full scale"
    if trial.clipped > MUCH_CLIPPING:
        return finding(
            "note",
            f"{level}, {trial.clipped:.1%} of the samples clipped",
            "Turn the microphone's gain down, or move it away from the speaker.",
        )
    if trial.noise_db > LOUD_NOISE_DB:
        return finding("note", level, "Turn the microphone's gain down; without noise it is right.")
    return finding("ok", level)


def _speaker(trial: Trial) -> Finding:
    facts: dict[str, float | int | str] = {
        "heard": trial.heard,
        "echo_db": trial.echo_db,
        "delay_ms": trial.delay_ms,
        "spread_ms": trial.spread_ms,
    }

    def finding(state: State, detail: str, advice: str = "") -> Finding:
        return Finding("sound", "speaking", state, detail, advice, facts)

    if trial.flat:
        return finding("note", "not tried: the microphone is silent")
    if trial.heard < CHIRPS - 1:
        return finding(
            "note",
            f"the microphone heard {trial.heard} of {CHIRPS} chirps",
            "With a headset that is right. Otherwise unmute the speaker and turn it up, or name "
            "another one in audio.output_device.",
        )
    detail = f"chirps come back at {trial.echo_db:+.0f} dB, {trial.delay_ms:.0f} ms late"
    if trial.delay_ms > LATE_MS:
        return finding(
            "note",
            detail,
            "A wireless speaker answers late: use a wired one, or set audio.lead_in_ms = 300.",
        )
    if trial.spread_ms > UNSTEADY_MS:
        return finding(
            "note",
            f"{detail}, unsteady by {trial.spread_ms:.0f} ms",
            "Close other programs: sound comes late or torn.",
        )
    return finding("ok", detail)
