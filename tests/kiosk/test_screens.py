"""The page in a real browser over the real server, shown every screen there is."""

import json
import statistics
import time
import urllib.request
from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.support.browsing import (
    PATIENCE_MS,
    PHONE,
    PHONE_ON_ITS_SIDE,
    SCREEN,
    TABLET,
    Tab,
    chromium,
)
from tests.support.shown import PUSH, PUSHING, SCREENS, Show, beating, pulse_late_ms, shown
from voice.kiosk import page_state as p

pytestmark = pytest.mark.alone

PANELS = {"more": "M", "changed": "W", "keys": "?", "person": "X"}
SMALLEST = 64
"""Edge of what is touched, in CSS pixels: a finger in a glove."""
Rules = dict[str, list[str]]
ACCESSIBLE: Rules = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
}
HOSTILE = (
    "<img src=x onerror=\"document.title='hit'\"><script>document.title='hit'</script>&lt;b&gt;"
)
TOGETHER_MS = 50.0
AGAIN_S = 3.0


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def show() -> Iterator[Show]:
    with shown() as show:
        yield show


@pytest.fixture
def tab(browser: Browser, show: Show) -> Iterator[Tab]:
    show("idle")
    tab = Tab(browser, show.address, PHONE)
    yield tab
    tab.close()


def see(show: Show, tab: Tab, name: str) -> None:
    """Show a screen and wait until it is there."""
    page = show(name, beat=beating(count=12, of=30) if SCREENS[name].get("step") == PUSH else None)
    view = {"listening": "hearing", "question": "step", "still_there": "still"}
    tab.until(f"document.body.dataset.view === '{view.get(page.mode, page.mode)}'")
    words = page.alarms[0].text if page.alarms else page.step.screen if page.step else ""
    tab.until(f"document.body.textContent.includes({json.dumps(words)})")


@pytest.mark.parametrize(
    ("theme", "rules"), [("dark", ACCESSIBLE), ("bright", {"runOnly": ["color-contrast"]})]
)
def test_no_screen_has_a_barrier(theme: str, rules: Rules, show: Show, tab: Tab) -> None:
    """axe-core finds nothing; the words of a step have the contrast of AAA."""
    if theme == "bright":
        tab.page.keyboard.press("d")
    found = []
    for name in SCREENS:
        see(show, tab, name)
        found += barriers(tab, name, rules)
    see(show, tab, "question")
    found += barriers(tab, "question", {"runOnly": ["color-contrast-enhanced"]}, "#step")
    see(show, tab, "idle")
    tab.page.get_by_role("button", name="Not breathing").tap()
    found += barriers(tab, "who", rules)
    see(show, tab, "step")
    for panel, key in PANELS.items():
        tab.page.keyboard.press(key)
        tab.page.wait_for_selector(f"#{panel}-panel[open]")
        found += barriers(tab, panel, rules, f"#{panel}-panel")
        tab.page.keyboard.press("Escape")
    assert found == []


def barriers(tab: Tab, name: str, options: Rules, part: str = "") -> list[str]:
    results = Axe().run(tab.page, context=part or None, options=options)
    violations = results.response["violations"]
    return [
        f"{name}: {rule['id']}: {node['html'][:120]} {node['failureSummary'][:200]}"
        for rule in violations
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("size", [PHONE, PHONE_ON_ITS_SIDE, TABLET, SCREEN], ids=str)
def test_everything_can_be_touched_and_nothing_is_cut_off(
    size: tuple[int, int], show: Show, tab: Tab
) -> None:
    tab.page.set_viewport_size({"width": size[0], "height": size[1]})
    places: dict[str, list[float]] = {}
    wrong = []
    for scale in range(3):
        for name in SCREENS:
            see(show, tab, name)
            wrong += [(scale, name, one) for one in tab.page.evaluate(TOO_SMALL, SMALLEST)]
            if not scale:  # always in the same place
                here = tab.page.evaluate(NAVIGATION)
                wrong += [
                    (name, one) for one in here if here[one] != places.setdefault(one, here[one])
                ]
        tab.page.keyboard.press("+")
    assert wrong == []


NAVIGATION = """() => Object.fromEntries([...document.querySelectorAll('nav button')].map((one) => {
  const box = one.getBoundingClientRect();
  return [one.id, [box.x, box.y, box.width, box.height].map(Math.round)];
}))"""
TOO_SMALL = """(smallest) => {
  const wrong = [];
  for (const one of document.querySelectorAll('button, input[type=text]')) {
    if (!one.checkVisibility()) continue;
    const box = one.getBoundingClientRect();
    const scrolls = one.closest('main, dialog');
    const name = one.id || one.textContent;
    if (Math.min(box.width, box.height) < smallest - 0.5) wrong.push(`${name} is small`);
    if (one.scrollWidth > one.clientWidth + 1) wrong.push(`${name} is cut off`);
    if (box.left < 0 || box.right > innerWidth + 0.5) wrong.push(`${name} is outside`);
    if (!scrolls && box.bottom > innerHeight + 0.5) wrong.push(`${name} is below`);
  }
  const buttons = [...document.querySelectorAll('header button, nav button, #type > *')];
  const boxes = buttons.filter((one) => one.checkVisibility() && !one.matches('.unseen'))
    .map((one) => [one.id, one.getBoundingClientRect()]);
  for (const [a, first] of boxes) for (const [b, second] of boxes) {
    if (a < b && first.left < second.right - 1 && second.left < first.right - 1
        && first.top < second.bottom - 1 && second.top < first.bottom - 1) {
      wrong.push(`${a} covers ${b}`);
    }
  }
  const main = document.getElementById('main');
  if (main.scrollWidth > main.clientWidth + 1) wrong.push('main is too wide');
  for (const one of document.querySelectorAll('.headline, .say')) {
    if (!one.checkVisibility() || one.scrollWidth <= one.clientWidth + 1) continue;
    wrong.push(`${one.textContent} is cut off`);
  }
  return wrong;
}"""


def test_every_button_is_reached_by_the_tab_key_and_shows_it(show: Show, tab: Tab) -> None:
    for name in SCREENS:
        see(show, tab, name)
        wanted = set(tab.page.evaluate(ENABLED))
        tab.page.evaluate("document.activeElement.blur()")
        reached: set[str] = set()
        limit = time.monotonic() + PATIENCE_MS / 1000  # it may be painted anew meanwhile
        while not wanted <= reached and time.monotonic() < limit:
            tab.page.keyboard.press("Tab")
            label, outline = tab.page.evaluate(FOCUSED)
            reached.add(label)
            assert label == "body" or outline != "none", (name, label)
        assert (name, wanted - reached) == (name, set())


ENABLED = """() => [...document.querySelectorAll('button, input')]
  .filter((one) => one.checkVisibility() && !one.disabled && !one.closest('dialog'))
  .map((one) => one.id || one.textContent.trim())"""
"""A tile's drawing may come later, and brings white space with it."""
FOCUSED = """() => {
  const one = document.activeElement;
  const name = one === document.body ? 'body' : one.id || one.textContent.trim();
  return [name, getComputedStyle(one).outlineStyle];
}"""


def test_every_action_has_a_key(show: Show, tab: Tab) -> None:
    see(show, tab, "question")
    show.intents.clear()
    actions = {
        "ArrowRight": "next",
        "PageDown": "next",
        "ArrowLeft": "back",
        "PageUp": "back",
        "r": "repeat",
        "s": "stop",
        "y": "yes",
        "n": "no",
        "1": "yes",
        "2": "no",
        "h": "summary",
        "c": "close",
        "l": "louder",
        "q": "quieter",
        "b": "start-beat",
    }
    for key in actions:
        tab.page.keyboard.press(key)
        tab.page.wait_for_timeout(60)  # the server takes eight a second, and some more at once
    asked = arrived(show, len(actions))
    assert [one.intent for one in asked] == list(actions.values())
    assert {one.seq for one in asked} == {show.seq}


def arrived(show: Show, count: int) -> list[p.Part]:
    deadline = time.monotonic() + 10
    while len(show.intents) < count and time.monotonic() < deadline:
        time.sleep(0.02)
    return show.intents


def test_typed_letters_are_no_commands_and_typed_words_are_said(show: Show, tab: Tab) -> None:
    show.intents.clear()
    tab.page.keyboard.press("t")
    tab.page.keyboard.type("she is not breathing")
    tab.page.keyboard.press("Enter")
    (asked,) = arrived(show, 1)
    assert (asked.intent, asked.text) == ("say", "she is not breathing")
    assert tab.page.input_value("#typed") == ""


def test_what_was_said_is_shown_as_text_whatever_it_is(show: Show, tab: Tab) -> None:
    choice = p.Choice(name="yes", label=HOSTILE)
    step = p.Step(id="x", screen=HOSTILE, say=HOSTILE, choices=(choice,))
    handover = p.Handover(lines=(HOSTILE,))
    alarms = (p.Alarm(what="microphone", text=HOSTILE),)
    said = p.Caption(heard=HOSTILE, spoken=HOSTILE)
    everything = {
        "caption": said,
        "alarms": alarms,
        "handover": handover,
        "disclaimer": HOSTILE,
        "place": p.Place(name=HOSTILE, tell=HOSTILE, number=HOSTILE),
        "step": step,
        "protocol": p.Protocol(slug="x", title=HOSTILE, reviewed=False),
        "answer": p.Answer(question=HOSTILE, text=HOSTILE),
        "since_s": 1.0,
    }
    elements = "document.querySelectorAll('body *:not(svg, svg *)').length"
    for mode in ("idle", "listening", "question", "answer", "summary", "still_there"):
        show(mode=mode, **everything)
        tab.until(f"document.getElementById('heard-words').textContent === {json.dumps(HOSTILE)}")
        before = tab.page.evaluate(elements)
        assert tab.page.evaluate("document.querySelectorAll('main img:not(#qr-image)').length") == 0
        show(mode=mode, **{**everything, "caption": p.Caption(heard="calm", spoken="calm")})
        tab.until("document.getElementById('heard-words').textContent === 'calm'")
        assert tab.page.evaluate(elements) == before
    tab.page.wait_for_timeout(200)
    assert tab.page.title() != "hit"


def test_the_pulse_is_together_with_the_beat(show: Show, tab: Tab) -> None:
    found = []
    for rate in (110.0, 104.0, 118.0, 110.0, 101.0):
        beat = beating(rate, 3, 30)
        show("step", beat=beat)
        tab.until(f"document.getElementById('rate').textContent.startsWith('{rate:.0f}')")
        tab.page.wait_for_timeout(300)
        found.append(pulse_late_ms(tab, beat))
    assert abs(statistics.median(found)) <= TOGETHER_MS, found


def test_the_time_runs_on_between_two_states(show: Show, tab: Tab) -> None:
    see(show, tab, "step")
    assert tab.text("#elapsed-time") in ("1:33", "1:34")
    tab.until("document.getElementById('elapsed-time').textContent === '1:35'")
    assert tab.text("#swap") in ("Swap in 0:25", "Swap in 0:24")


def test_calm_where_motion_is_not_wanted(browser: Browser, show: Show) -> None:
    tab = Tab(browser, show.address, PHONE, reduced_motion="reduce")
    see(show, tab, "step")
    tab.page.wait_for_timeout(300)
    core = tab.page.evaluate("getComputedStyle(document.getElementById('pulse-core')).transform")
    assert core == "none"
    tab.close()


def test_a_server_that_died_is_said_and_the_page_is_right_again(
    browser: Browser, show: Show
) -> None:
    tab = Tab(browser, show.address, PHONE, lost_is_fine=True)
    see(show, tab, "step")
    old = show.link.pid
    assert old
    show.link._kill(9)
    tab.until("!document.getElementById('lost').hidden")
    assert "Screen reconnecting" in tab.text("#lost")
    show("question")
    while show.link.pid in (None, old):
        time.sleep(0.01)
    with urllib.request.urlopen(f"{show.address}status", timeout=30):
        began = time.monotonic()  # the new server is there
    tab.until("document.body.dataset.place === 'primary-check breathing'")
    assert time.monotonic() - began <= AGAIN_S
    assert not tab.page.is_visible("#lost")
    tab.close()


def test_nothing_of_a_conversation_is_left_in_the_page(show: Show, tab: Tab) -> None:
    secret = "my neighbour Erika has swallowed pills"
    show(
        "answer",
        caption=p.Caption(heard=secret, spoken=secret),
        answer=p.Answer(question=secret, text=secret),
    )
    tab.until(f"document.body.textContent.includes({json.dumps(secret)})")
    tab.page.fill("#typed", secret)
    tab.page.keyboard.press("+")
    tab.page.keyboard.press("d")
    show("summary", handover=p.Handover(lines=(secret,)))
    tab.until("document.body.dataset.view === 'summary'")
    show("idle")
    tab.until("document.body.dataset.view === 'idle'")
    left = tab.page.evaluate(LEFT)
    assert "Erika" not in left["html"]
    assert (left["typed"], left["stored"], left["size"]) == ("", 0, "1")
    tab.page.focus("#typed")
    tab.page.keyboard.press("Control+z")
    assert tab.page.input_value("#typed") == ""


LEFT = """() => ({
  html: document.documentElement.outerHTML,
  typed: document.getElementById('typed').value,
  stored: localStorage.length + sessionStorage.length + document.cookie.length,
  size: document.documentElement.dataset.size,
})"""


def test_a_new_person_by_a_long_press_or_after_a_question(show: Show, tab: Tab) -> None:
    see(show, tab, "step")
    show.intents.clear()
    tab.hold("#person", 300)
    tab.page.wait_for_selector("#person-panel[open]")
    assert show.intents == []
    tab.page.keyboard.press("Escape")
    tab.hold("#person")
    assert [one.intent for one in arrived(show, 1)] == ["new-person"]
    assert not tab.page.is_visible("#person-panel")
    tab.page.keyboard.press("x")
    tab.page.get_by_role("button", name="Yes, someone new").press("Enter")
    assert [one.intent for one in arrived(show, 2)] == ["new-person"] * 2


def test_the_summary_prints_as_a_sheet_of_its_own(show: Show, tab: Tab) -> None:
    see(show, tab, "summary")
    tab.until("document.getElementById('qr-image').complete")
    assert tab.page.evaluate("document.getElementById('qr-image').naturalWidth") > 0
    tab.page.emulate_media(media="print")
    assert tab.page.is_visible("#summary-lines")
    assert not any(tab.page.is_visible(one) for one in ("header", "nav", "#type", "#print"))
    background = tab.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == "rgb(255, 255, 255)"


def test_an_answer_stands_beside_a_question_that_waits(show: Show, tab: Tab) -> None:
    show("question", answer=p.Answer(question="should I feel for a pulse", text="No, watch."))
    tab.until("document.getElementById('aside').checkVisibility()")
    assert tab.text("#aside") == "No, watch."
    assert tab.page.get_by_role("button", name="Yes").is_visible()
    show("question")
    tab.until("!document.getElementById('aside').checkVisibility()")


def test_a_step_with_its_drawing_and_without(show: Show, tab: Tab) -> None:
    see(show, tab, "step")
    tab.page.wait_for_selector("#drawing svg")
    label = tab.page.get_attribute("#drawing svg", "aria-label")
    assert label is not None
    assert label.startswith("Both hands on the centre of the chest")
    show(**{**PUSHING, "step": p.Step(id="other", screen="Keep going", say="Keep going.")})
    tab.until("document.querySelector('#drawing svg') === null")
