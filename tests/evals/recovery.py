"""How soon the kiosk is right again after something died during compressions.

    python -m tests.evals.recovery [--times 5] [--json]

The whole kiosk on a private sound server, with one real browser at its page. `server`: from the
kill of the page's server until the page has reconnected and shows the step and the beat again,
while voice and beat go on. `page`, `beat`: every process of the assistant is killed; from the new
start until the page shows step and beat, and until the beat is on again. Seconds.
"""

import argparse
import json
import statistics
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from tests.support.browsing import SCREEN, Tab, chromium
from tests.support.kiosk import Kiosk
from tests.support.sound_server import served

AGED_S = 6.0
"""A server that dies younger is started after a longer pause each time."""
UNASKED_S = 3600
"""So long nobody is asked whether they are still there."""
LOST = "!document.getElementById('lost').hidden"
RIGHT = (
    "document.getElementById('lost').hidden && document.getElementById('pace').checkVisibility()"
    " && document.body.dataset.place.startsWith('cpr-adult ')"
)
"""Connected, with a step of the protocol (some go on by themselves) and the beat."""


def push(tab: Tab) -> None:
    """As far as the compressions."""
    tab.page.fill("#typed", "he is not breathing")
    tab.page.locator("#send").tap()
    for place in ("call", "flat", "hands"):
        tab.until(f"document.body.dataset.place === 'cpr-adult {place}'")
        tab.page.locator("#next").tap()
    tab.until(RIGHT)


def server_killed(kiosk: Kiosk, tab: Tab) -> float:
    """Seconds until the page is right."""
    switched = len(kiosk.logged("metronome"))
    began = time.monotonic()
    kiosk.server().kill()
    tab.until(LOST)
    tab.until(RIGHT)
    took = time.monotonic() - began
    assert len(kiosk.logged("metronome")) == switched, "the beat goes on"
    return took


def beat_after(kiosk: Kiosk, began: float) -> float:
    """Seconds from the start until the beat was switched on."""
    while not any(event["on"] for event in kiosk.logged("metronome")):
        assert time.monotonic() - began < 60
        time.sleep(0.02)
    return time.monotonic() - began


def measure(times: int) -> dict[str, list[float]]:
    """All figures."""
    found: dict[str, list[float]] = {"server": [], "page": [], "beat": []}
    with served() as sound, tempfile.TemporaryDirectory() as scratch, chromium() as browser:
        start = partial(Kiosk, sound, Path(scratch), beat_silence_s=UNASKED_S)
        kiosk = start()
        try:
            tab = Tab(browser, kiosk.address, SCREEN, lost_is_fine=True)
            push(tab)
            for _ in range(times):
                time.sleep(AGED_S)
                found["server"].append(server_killed(kiosk, tab))
            for _ in range(times):
                kiosk.kill()
                tab.until(LOST)
                began = time.monotonic()
                kiosk = start(port=urlsplit(kiosk.address).port, wait=False)
                found["beat"].append(beat_after(kiosk, began))
                tab.until(RIGHT)
                found["page"].append(time.monotonic() - began)
        finally:
            kiosk.kill()
        tab.close()
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    rows: dict[str, dict[str, Any]] = {
        name: {"n": len(took), "p50": round(statistics.median(took), 2), "max": round(max(took), 2)}
        for name, took in measure(args.times).items()
    }
    if args.json:
        print(json.dumps(rows))
    else:
        for name, row in rows.items():
            print(f"{name:8}", *(f"{key} {value}" for key, value in row.items()), sep="  ")


if __name__ == "__main__":
    main()
