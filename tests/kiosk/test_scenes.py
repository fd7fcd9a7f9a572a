"""Whole emergencies on the screen: real browser, real server, real dialogue, real engines."""

import contextlib
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
import yaml
from playwright.sync_api import Browser

from tests.support.browsing import PHONE, SCREEN, Tab, chromium, launch, processes
from tests.support.hands import Finger, Fingertips, Hands
from tests.support.kiosk import PLACE, Kiosk, kiosk

pytestmark = pytest.mark.alone

SCENES = yaml.safe_load((Path(__file__).parent / "scenes.yaml").read_text())
TOUCHED, SPOKEN = SCENES["touched"], SCENES["spoken"]
CAPTION_S = 40.0
"""A summary takes long to say."""
PAUSE_MS = 1600
"""Between two utterances; a shorter one joins them to one."""
# Remembers every caption, as a deaf person would have read it.
CAPTIONS = """
window.captions = [];
window.heard = [];
addEventListener('DOMContentLoaded', () => {
  for (const [id, list] of [['spoken-words', window.captions], ['heard-words', window.heard]]) {
    const words = document.getElementById(id);
    new MutationObserver(() => list.push(words.textContent))
      .observe(words, { childList: true, characterData: true, subtree: true });
  }
});
"""
# Whatever the page holds, hidden or not, but for buttons and their keys: "Next" may be said, too.
WITHOUT_CONTROLS = """() => {
  const copy = document.body.cloneNode(true);
  copy.querySelectorAll('button, #keys-panel').forEach((part) => part.remove());
  return copy.textContent;
}"""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kiosk]:
    with kiosk(tmp_path_factory.mktemp("kiosk")) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def tab(browser: Browser, running: Kiosk) -> Iterator[Tab]:
    """One page for all scenes, as at a door."""
    tab = Tab(browser, running.address, SCREEN, lost_is_fine=True)
    tab.page.add_init_script(CAPTIONS)
    tab.page.reload()
    tab.until("document.querySelectorAll('#starts button').length > 0")
    tab.until("document.body.dataset.view === 'idle'")
    yield tab
    tab.close()


@pytest.fixture(autouse=True)
def nobody_before(tab: Tab) -> None:
    """A scene that failed leaves nothing for the next."""
    if tab.data("view") != "idle" or tab.page.is_hidden("#starts"):
        tab.page.reload()
        tab.until("document.querySelectorAll('#starts button').length > 0")
        tab.hold("#person")
        tab.until("document.body.dataset.view === 'idle'")


def expect(tab: Tab, turn: list[str]) -> None:
    """Wait until the protocol stands where it should and the screen shows it."""
    action, place, *view = turn
    try:
        tab.until(f"document.body.dataset.place === '{place}'")
        tab.until(f"document.body.dataset.view === '{view[0] if view else 'step'}'")
    except Exception as error:
        here = (tab.data("view"), tab.data("place"), tab.text("#captions"))
        raise AssertionError(f"after `{action}`: {here}, not {place} {view}") from error


def captioned(running: Kiosk, tab: Tab) -> None:
    """The newest reply is spoken, and all of it stands on the screen while it is.

    A voice that had to be restarted, as on a machine that is much too busy, says something else.
    """
    reply = [event["say"] for event in running.logged("reply") if event["say"]][-1]
    deadline = time.monotonic() + CAPTION_S
    shown = ""
    while _plain(reply) not in shown:
        if any(
            one["name"] == "tts" and one["state"] == "restarting"
            for one in running.logged("engine")
        ):
            return
        assert time.monotonic() < deadline, (reply, shown)
        tab.page.wait_for_timeout(100)
        shown = " ".join(map(_plain, tab.page.evaluate("window.captions")))


def leave(tab: Tab, hands: Hands) -> None:
    """Somebody else comes: nothing of the one before is left."""
    heard = tab.text("#heard-words") if tab.page.is_visible("#heard") else ""
    hands.new_person(tab)
    tab.until("document.body.dataset.view === 'idle'")
    tab.until("document.getElementById('heard-words').textContent === ''")
    text = tab.page.evaluate(WITHOUT_CONTROLS)
    assert PLACE in text
    assert not heard or heard not in text
    assert tab.data("place") == ""


TOUCHED_SCENES = pytest.mark.parametrize("scene", TOUCHED, ids=[one["name"] for one in TOUCHED])


@TOUCHED_SCENES
def test_a_touched_scene_goes_as_written(scene: dict[str, Any], running: Kiosk, tab: Tab) -> None:
    act(scene, Finger(), tab)
    captioned(running, tab)
    leave(tab, Finger())


@TOUCHED_SCENES
def test_the_same_scene_goes_by_keys_alone(scene: dict[str, Any], tab: Tab) -> None:
    """Without a wait for the voice, which is the same as by touch."""
    act(scene, Fingertips(), tab)
    leave(tab, Fingertips())


def act(scene: dict[str, Any], hands: Hands, tab: Tab) -> None:
    """Do what a scene says, and see after each turn that the screen stands where it should."""
    for turn in scene["turns"]:
        hands.do(tab, turn[0])
        expect(tab, turn)


@pytest.mark.parametrize("scene", SPOKEN, ids=[scene["name"] for scene in SPOKEN])
def test_a_spoken_scene_goes_as_written(scene: dict[str, Any], running: Kiosk, tab: Tab) -> None:
    for turn in scene["turns"]:
        what, _, clip = turn[0].partition(" ")
        if what == "voice":
            tab.until("document.getElementById('spoken').hidden")  # as one waits for a voice
            tab.page.wait_for_timeout(PAUSE_MS)
            running.speak(clip)
        else:
            Finger().do(tab, turn[0])
        expect(tab, turn)
        if what == "voice":
            assert any(tab.page.evaluate("window.heard.splice(0)"))
            captioned(running, tab)
    leave(tab, Finger())


def test_typed_markup_is_shown_as_it_was_typed(running: Kiosk, tab: Tab) -> None:
    markup = "<img src=x onerror=alert(1)> he is not breathing <script>alert(1)</script>"
    Finger().do(tab, f"type {markup}")
    tab.until(f"document.getElementById('heard-words').textContent === {json.dumps(markup)}")
    assert tab.page.locator("#captions img, #captions script").count() == 0
    leave(tab, Finger())


def test_a_dead_server_leaves_the_beat_alone_and_the_page_is_right_again(
    browser: Browser, running: Kiosk
) -> None:
    tab = Tab(browser, running.address, PHONE, lost_is_fine=True)
    for turn in TOUCHED[0]["turns"][:5]:
        Finger().do(tab, turn[0])
        expect(tab, turn)
    tab.page.wait_for_selector("#pace:visible")
    switched = len(running.logged("metronome"))
    running.server().kill()
    tab.until("!document.getElementById('lost').hidden")
    tab.until("document.getElementById('lost').hidden")
    expect(tab, TOUCHED[0]["turns"][4])
    tab.page.wait_for_selector("#pace:visible")
    assert running.logged("metronome")[switched:] == []
    leave(tab, Finger())
    tab.close()


def test_a_dead_browser_leaves_the_beat_alone_and_the_next_is_right_at_once(
    browser: Browser, running: Kiosk
) -> None:
    before = processes()
    killed = launch(browser.browser_type)
    tab = Tab(killed, running.address, PHONE)
    for turn in TOUCHED[0]["turns"][:5]:
        Finger().do(tab, turn[0])
        expect(tab, turn)
    tab.page.wait_for_selector("#pace:visible")
    switched = len(running.logged("metronome"))
    for process in processes() - before:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    following = Tab(browser, running.address, PHONE)
    expect(following, TOUCHED[0]["turns"][4])
    following.page.wait_for_selector("#pace:visible")
    assert running.logged("metronome")[switched:] == []
    leave(following, Finger())
    following.close()


def _plain(text: str) -> str:
    return re.sub(r"\W+", " ", text).lower().strip()
