"""The page's files: small, whole, with nothing from elsewhere, and every tile leads somewhere."""

import json
import re
from pathlib import Path

from tests.support.talking import Talk
from voice.dialogue.dialogue import Dialogue

PAGE = Path(__file__).resolve().parents[2] / "voice" / "kiosk" / "page"
LARGEST = 250_000
WORDS = json.loads((PAGE / "words.json").read_text())
STARTS = {
    "Not breathing": ("cpr-adult", "cpr-child", "cpr-infant"),
    "Choking": ("choking-adult", "choking-child", "choking-infant"),
    "Heavy bleeding": ("severe-bleeding",),
    "Collapsed, no answer": ("primary-check",),
    "Severe allergy": ("anaphylaxis",),
    "Chest pain": ("chest-pain",),
    "Fit, jerking": ("seizure",),
    "I don't know": ("primary-check",),
}


def test_the_page_is_small() -> None:
    assert sum(file.stat().st_size for file in PAGE.rglob("*") if file.is_file()) <= LARGEST


def test_nothing_comes_from_elsewhere_and_nothing_runs_inline() -> None:
    for file in PAGE.rglob("*"):
        if file.is_file():
            text = file.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
            assert not re.search(r"https?://|@import|\beval\(|innerHTML|outerHTML", text), file
    html = (PAGE / "index.html").read_text()
    assert not re.search(r"<style|\son\w+=|\sstyle=|javascript:", html)
    assert re.findall(r"<script[^>]*>[^<]", html) == []


def test_all_drawings_are_fetched_before_they_are_needed() -> None:
    assert WORDS["drawings"] == sorted(file.stem for file in (PAGE / "drawings").glob("*.svg"))


def test_every_tile_leads_to_its_protocol(dialogue: Dialogue) -> None:
    """By touch alone there is nobody to ask back, so a tile's words must be clear by themselves."""
    assert [start["label"] for start in WORDS["starts"]] == list(STARTS)
    for start in WORDS["starts"]:
        whole = [start["say"]]
        if "{who}" in start["say"]:
            whole = [start["say"].replace("{who}", one["who"]) for one in WORDS["who"]]
        reached = []
        for words in whole:
            talk = Talk(dialogue)
            talk.say(words)
            reached.append(talk.place[0] if talk.place else None)
        assert (start["label"], tuple(reached)) == (start["label"], STARTS[start["label"]])


def test_every_change_is_understood(dialogue: Dialogue) -> None:
    inside = {"It came out": "choking-adult", "Tourniquet is on": "severe-bleeding"}
    for change in WORDS["changes"]:
        talk = Talk(dialogue, dialogue.start(inside.get(change["label"], "cpr-adult")))
        reply = talk.say(change["say"])
        understood = reply.heard.startswith(("event:", "command:"))
        assert understood, (change["label"], reply.heard)
