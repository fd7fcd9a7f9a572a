"""The self-test at the start and once a day: what the doctor looks at while the engines run."""

import datetime
import logging
from collections.abc import Iterator, Mapping

from voice.config import Settings
from voice.doctor import listen, machine, sound, weights
from voice.doctor.report import Finding
from voice.kiosk.page_state import SelfTest

log = logging.getLogger(__name__)

NEEDED = ("stt", "tiny", "tts")
"""Engines without which something is wrong; without the language model passages are spoken."""


def run(
    settings: Settings,
    engines: Mapping[str, str],
    devices: Mapping[str, str],
    *,
    chirps: bool,
    at: datetime.datetime,
) -> SelfTest:
    """Look at everything; takes a few seconds. `chirps`: play and listen for them."""
    try:
        found = list(_findings(settings, engines, devices, chirps))
    except Exception as error:
        log.exception("the self-test failed")
        found = [Finding("selftest", "selftest", "missing", str(error))]
    failed = tuple(f"{f.name}: {f.detail}" for f in found if f.state == "missing")
    for line in failed:
        log.warning("self-test: %s", line)
    return SelfTest(ok=not failed, at=at.strftime("%H:%M"), failed=failed)


def _findings(
    settings: Settings, engines: Mapping[str, str], devices: Mapping[str, str], chirps: bool
) -> Iterator[Finding]:
    yield from machine.check(settings)
    yield from weights.check(settings, deep=False)
    for name in NEEDED:
        if (state := engines.get(name, "absent")) != "ready":
            yield Finding("engines", name, "missing", state)
    if not chirps:
        return
    yield from sound.check(settings)
    trial = listen.tried(settings)
    in_use = all(devices.get(side) == "open" for side in ("microphone", "speaker"))
    if trial.problem and in_use:  # the loop has the device for itself and hears and speaks on it
        return
    yield from listen.findings(trial)


def due(now: datetime.datetime, last: datetime.datetime, at: str) -> bool:
    """Whether the time of day `at` has passed since the last one."""
    if not at:
        return False
    hour, _, minute = at.partition(":")
    today = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    latest = today if today <= now else today - datetime.timedelta(days=1)
    return last < latest
