"""Two ways through a scene on the kiosk's page: with a finger, and with keys alone."""

from typing import Protocol

from tests.support.browsing import Tab

PANEL = {"change": "#changed", "more": "#more"}
KEYS = {
    "next": "ArrowRight",
    "back": "ArrowLeft",
    "repeat": "r",
    "stop": "s",
    "close": "c",
    "#changed": "w",
    "#more": "m",
}
LONGEST_WALK = 60
"""Presses of the Tab key after which a button counts as out of reach."""


class Hands(Protocol):
    """Does what a line of a scene says."""

    def do(self, tab: Tab, action: str) -> None:
        """For example `next`, `answer Yes`, `change Vomited`, `type she is cold`."""

    def new_person(self, tab: Tab) -> None:
        """Without the question whether it is meant."""


class Finger:
    """Touches; the words are typed on a keyboard, for the kiosk has none of its own."""

    def do(self, tab: Tab, action: str) -> None:
        """Do what a line says."""
        what, _, words = action.partition(" ")
        if what in PANEL:
            tab.page.locator(PANEL[what]).tap()
        if what == "type":
            tab.page.fill("#typed", words)
            tab.page.locator("#send").tap()
        elif what in ("next", "back", "repeat", "stop"):
            tab.page.locator(f"#{what}").tap()
        elif what == "close":
            tab.page.locator("main [data-intent=close]:visible").tap()
        else:
            tab.page.locator(f"button:visible >> text=/^{words}$/i").last.tap()

    def new_person(self, tab: Tab) -> None:
        """A long press."""
        tab.hold("#person")


class Fingertips:
    """Presses keys, never more than a keyboard has."""

    def do(self, tab: Tab, action: str) -> None:
        """Do what a line says."""
        what, _, words = action.partition(" ")
        if what in PANEL:
            tab.page.keyboard.press(KEYS[PANEL[what]])
            tab.page.wait_for_selector("dialog[open]")
            self._walk(tab, words)
            tab.page.keyboard.press("Enter")
        elif what == "type":
            tab.page.keyboard.press("t")
            tab.page.keyboard.type(words)
            tab.page.keyboard.press("Enter")
            tab.page.keyboard.press("Escape")
        elif what in KEYS:
            tab.page.keyboard.press(KEYS[what])
        elif words in ("Yes", "No"):
            tab.page.keyboard.press(words[0].lower())
        else:
            labels = tab.page.locator("main .tiles button:visible, main .answers button:visible")
            tab.page.keyboard.press(str(labels.all_inner_texts().index(words) + 1))

    def new_person(self, tab: Tab) -> None:
        """The button by the Tab key, then Enter kept down."""
        self._walk(tab, "New person")
        tab.page.keyboard.down("Enter")
        tab.page.wait_for_timeout(1200)
        tab.page.keyboard.up("Enter")

    def _walk(self, tab: Tab, words: str) -> None:
        for _ in range(LONGEST_WALK):
            if tab.page.evaluate("document.activeElement.innerText.trim()") == words:
                return
            tab.page.keyboard.press("Tab")
        raise AssertionError(f"no way to `{words}` by the Tab key")
