"""Measures the kiosk's page, or takes its pictures, in a real browser over the real server.

    python -m tests.evals.screen [--changes N]     prints one JSON object, times in milliseconds
    python -m tests.evals.screen --pictures DIR    every screen, both orientations, as WebP

`event_to_pixels`: from a new state, given to the link to the server, until the frame that shows it.
`pulse_apart`: how far the pulse is from the beat that it shows.
"""

import argparse
import base64
import json
import statistics
import time
from pathlib import Path

from playwright.sync_api import Browser

from tests.support.browsing import PHONE, SCREEN, Tab, chromium
from tests.support.shown import PUSH, PUSHING, SCREENS, Show, beating, pulse_late_ms, shown
from voice.kiosk import page_state as p

# Wall-clock time at which the frame after each change of the step's words was finished.
WATCH = """() => {
  window.painted = {};
  const screen = document.getElementById('screen');
  new MutationObserver(() => {
    const words = screen.textContent;
    requestAnimationFrame(() => {
      const channel = new MessageChannel();
      channel.port1.onmessage = () => {
        window.painted[words] = performance.timeOrigin + performance.now();
      };
      channel.port2.postMessage(0);
    });
  }).observe(screen, { childList: true, characterData: true, subtree: true });
}"""
SMALL = {"phone": PHONE, "wide": (1280, 720), "tall": (720, 1280)}


def event_to_pixels(show: Show, tab: Tab, changes: int) -> list[float]:
    """One time for each change."""
    tab.page.evaluate(WATCH)
    given: dict[str, float] = {}
    for number in range(changes):
        words = f"Step number {number}"
        step = p.Step(id=f"step-{number}", screen=words, say=words, drawing=PUSH.drawing)
        given[words] = time.time() * 1000
        show(**{**PUSHING, "step": step, "beat": beating(110, number % 30 + 1, 30)})
        tab.until(f"window.painted['{words}'] !== undefined")
    painted = tab.page.evaluate("window.painted")
    return [painted[words] - at for words, at in given.items()]


def pulse_apart(show: Show, tab: Tab, times: int) -> list[float]:
    """Signed; positive: the pulse is late."""
    apart = []
    for number in range(times):
        rate = 100.0 + number % 20
        beat = beating(rate, 1, 30)
        show("step", beat=beat)
        tab.until(f"document.getElementById('rate').textContent.startsWith('{rate:.0f}')")
        tab.page.wait_for_timeout(150)
        apart.append(pulse_late_ms(tab, beat))
    return apart


def measure(browser: Browser, show: Show, changes: int) -> dict[str, dict[str, float]]:
    """Both figures."""
    tab = Tab(browser, show.address, SCREEN)
    show("step")
    took = event_to_pixels(show, tab, changes)
    apart = [abs(one) for one in pulse_apart(show, tab, max(10, changes // 5))]
    tab.close()
    return {"event_to_pixels": _summary(took), "pulse_apart": _summary(apart)}


def _summary(values: list[float]) -> dict[str, float]:
    ordered = sorted(values)
    p95 = ordered[min(len(ordered) - 1, round(0.95 * len(ordered)))]
    middle = statistics.median(values)
    return {"n": len(values), "p50": round(middle, 1), "p95": round(p95, 1), "max": ordered[-1]}


def pictures(browser: Browser, show: Show, folder: Path) -> None:
    """One picture a screen and size."""
    folder.mkdir(parents=True, exist_ok=True)
    for size, (width, height) in SMALL.items():
        for name in SCREENS:
            theme = "light" if name in ("question", "summary") and size == "tall" else "dark"
            tab = Tab(browser, show.address, (width, height))
            beat = beating(count=12, of=30) if SCREENS[name].get("step") == PUSH else None
            show(name, beat=beat)
            if theme == "light":
                tab.page.keyboard.press("d")
            tab.page.wait_for_timeout(500)
            (folder / f"{name}-{size}.webp").write_bytes(_webp(tab))
            tab.close()


def _webp(tab: Tab) -> bytes:
    session = tab.context.new_cdp_session(tab.page)
    taken = session.send("Page.captureScreenshot", {"format": "webp", "quality": 60})
    return base64.b64decode(taken["data"])


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--changes", type=int, default=100)
    parser.add_argument("--pictures", type=Path, metavar="DIR")
    options = parser.parse_args()
    with shown() as show, chromium() as browser:
        if options.pictures:
            pictures(browser, show, options.pictures)
        else:
            print(json.dumps(measure(browser, show, options.changes), indent=1))


if __name__ == "__main__":
    main()
