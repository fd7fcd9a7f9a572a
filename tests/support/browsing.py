"""A real browser without a window, and a page in it that remembers what went wrong."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psutil
from playwright.sync_api import Browser, BrowserType, ConsoleMessage, Page, sync_playwright

PACKAGE = "chromium"
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
PHONE, PHONE_ON_ITS_SIDE = (360, 640), (640, 360)
TABLET, SCREEN, TALL_SCREEN = (768, 1024), (1920, 1080), (1080, 1920)
GONE = (
    *("WebSocket connection", "net::ERR_CONNECTION_"),
    *("net::ERR_EMPTY_RESPONSE", "net::ERR_CONTENT_LENGTH_MISMATCH"),
)
"""What a browser says of a server that is not there: a drawing may be on its way when it dies."""
PATIENCE_MS = 30_000
"""Upper bound for anything that must happen; far beyond what it takes on a busy machine."""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Debian's own Chromium, with a fresh profile."""
    with sync_playwright() as playwright:
        browser = launch(playwright.chromium)
        try:
            yield browser
        finally:
            browser.close()


def launch(kind: BrowserType) -> Browser:
    """One more of them, its caller's to close."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise RuntimeError(f"browser tests need a browser: apt-get install -y {PACKAGE}")
    return kind.launch(executable_path=program, args=FLAGS)


def processes() -> set[psutil.Process]:
    """All processes of all browsers."""
    every = psutil.process_iter(["name"])
    return {one for one in every if "chrom" in (one.info["name"] or "")}


class Tab:
    """One page of the kiosk. `errors` is what the browser complained about."""

    def __init__(
        self,
        browser: Browser,
        address: str,
        size: tuple[int, int] = SCREEN,
        *,
        lost_is_fine: bool = False,
        **context: Any,
    ) -> None:
        self.errors: list[str] = []
        self._lost_is_fine = lost_is_fine
        width, height = size
        self.context = browser.new_context(
            viewport={"width": width, "height": height}, has_touch=True, **context
        )
        self.context.set_default_timeout(PATIENCE_MS)
        self.page: Page = self.context.new_page()
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.goto(address)
        self.until("document.body.dataset.view !== undefined")
        self.until("document.querySelectorAll('#starts button').length > 0")

    def close(self) -> None:
        """Close it; fails when the browser complained."""
        self.context.close()
        assert self.errors == [], self.errors

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression is true."""
        self.page.wait_for_function(f"() => {condition}", polling=20)

    def data(self, name: str) -> str:
        """What the page says about itself: `view` or `place`."""
        found = self.page.evaluate(f"document.body.dataset.{name}")
        return str(found or "")

    def text(self, selector: str) -> str:
        """The visible text of an element."""
        return self.page.locator(selector).inner_text()

    def hold(self, selector: str, milliseconds: int = 1300) -> None:
        """Keep a finger on it."""
        box = self.page.locator(selector).bounding_box()
        assert box
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()
        self.page.wait_for_timeout(milliseconds)
        self.page.mouse.up()

    def _console(self, message: ConsoleMessage) -> None:
        gone = self._lost_is_fine and any(sign in message.text for sign in GONE)
        if message.type in ("error", "warning") and not gone:
            self.errors.append(message.text)
