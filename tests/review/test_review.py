"""The page that a clinician reads: all of the protocol is on it, and it needs nothing else."""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.support.real_content import loaded
from tests.support.signed import Copy
from voice.cli.main import main
from voice.dialogue.content import Content
from voice.dialogue.protocol import Step, event_steps
from voice.review import html, plain, sheet
from voice.review.steps import Reader

SLUG = "choking-adult"


@pytest.fixture(scope="module")
def content() -> Content:
    return loaded()


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copy:
    monkeypatch.chdir(tmp_path)
    return Copy(tmp_path, monkeypatch)


class Page(HTMLParser):
    """Takes an HTML page apart."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.outside: list[str] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.outside += [str(value) for name, value in attrs if name in ("src", "href")]
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] != "style":
            self.text += data


def squeezed(text: str) -> str:
    return " ".join(re.sub(r"[\[\]]", "", text).split())


def values(step: Step) -> Iterator[str]:
    """What has to be seen of a step."""
    yield from (step.id, step.kind, step.screen, *step.sets)
    yield from filter(None, (step.if_, step.unless, step.safe, step.log, step.log_if))
    yield from (str(n) for n in (step.seconds, step.advance_after, step.repeat_after) if n)
    for choice in step.choices:
        yield from (choice.name, *choice.hear, *choice.known, *choice.sets)


@pytest.mark.parametrize("slug", [SLUG, "cpr-adult", "snake-bite", "childbirth", "chest-pain"])
def test_all_of_the_protocol_is_on_the_page(slug: str, content: Content) -> None:
    protocol = content.library[slug]
    found = sheet.build(slug, content, None)
    for text in (Page(html.page(found)).text, plain.page(found)):
        seen = squeezed(text)
        read = Reader(protocol, content)
        for line in protocol.lines():
            assert squeezed(read.spoken(line)) in seen
        wanted = [protocol.title, slug, protocol.urgency, protocol.audience, found.hash]
        wanted += [*protocol.triggers, *protocol.procedures, *protocol.red_flags]
        wanted += [n.fact for n in protocol.never] + [read.spoken(m.fact) for m in protocol.must]
        wanted += [phrase for answer in protocol.answers for phrase in answer.ask]
        for source in protocol.sources:
            wanted += [source.cite, source.edition, str(source.checked_on)]
        for event in protocol.events:
            wanted += [event.id, *event.hear, *event.sets, *event.forgets]
            wanted += filter(None, (event.finding, event.if_, event.unless, event.log))
            wanted += [v for step in event_steps(event) for v in values(step)]
        wanted += [v for step in protocol.steps for v in values(step)]
        missing = [w for w in wanted if squeezed(w) not in seen and "{" not in w]
        assert missing == []


@pytest.mark.parametrize("slug", [SLUG, "burns"])
def test_the_page_needs_nothing_but_itself(slug: str, content: Content) -> None:
    text = html.page(sheet.build(slug, content, None))
    page = Page(text)
    assert page.open == []
    assert page.outside == []
    assert {"script", "link", "img", "iframe", "form"}.isdisjoint(page.tags)
    assert "url(" not in text
    assert "@import" not in text
    assert "size: A4" in text


def test_every_protocol_has_its_page_and_says_all_that_must_be_said(content: Content) -> None:
    for slug in content.library:
        text = plain.page(sheet.build(slug, content, None))
        assert "No line says it" not in text
        assert "?" + " {" not in text


def test_slots_are_filled_for_the_region_and_named(content: Content) -> None:
    found = sheet.build(SLUG, content, None)
    assert "call [one one two {emergency}]. Lean" in plain.page(found)
    assert "Call [112 {emergency}]." in plain.page(found)
    marked = '<span class="slot">one one two <small>{emergency}</small></span>. Lean'
    assert marked in html.page(found)


def test_leading_on_is_told_in_words(content: Content) -> None:
    text = squeezed(plain.page(sheet.build(SLUG, content, None)))
    assert "Answer yes leads to step 13, keep-coughing; heard: coughing" in text
    assert "goes round after 25 seconds Then step 3, blows" in text
    assert "said again every 20 seconds" in text
    assert "protocol cpr-adult (C P R for an adult)" in text
    assert "back to where it happened" in text
    assert "Safe choice no: taken when no clear answer comes" in text


def test_it_is_written_beside_the_work_and_its_path_printed(
    copy: Copy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["protocols", "review", SLUG]) == 0
    assert capsys.readouterr().out == f"out/review/{SLUG}.html\n"
    first = (tmp_path / "out/review" / f"{SLUG}.html").read_text("utf-8")
    assert first.startswith("<!doctype html>")
    other = tmp_path / "a" / "b.html"
    assert main(["protocols", "review", SLUG, "--output", str(other)]) == 0
    assert other.read_text("utf-8") == first
    capsys.readouterr()
    for args in (["--output", "-"], ["--text"]):
        assert main(["protocols", "review", SLUG, *args]) == 0
        out = capsys.readouterr().out
        assert out.startswith("Choking, adult or teenager\n")
        assert "It was never signed" in out


def test_it_shows_what_has_changed_since_the_signature(
    copy: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    sign = ["protocols", "sign", SLUG, "--name", "Dr Ada", "--role", "Physician"]
    assert main([*sign, "--date", "2026-11-27"]) == 0
    capsys.readouterr()
    assert main(["protocols", "review", SLUG, "--text"]) == 0
    out = capsys.readouterr().out
    assert "Nothing: this is the text of version 1, signed by Dr Ada on 2026-11-27." in out
    assert "Signed by           " in out
    copy.edit(SLUG, "say: Check after each blow. Is it out?", "say: Look now. Did it come out?")
    copy.edit(SLUG, "repeat_after: 20", "repeat_after: 30")
    copy.edit("regions.yaml", "say: nine nine nine", "say: nine double nine")
    assert main(["protocols", "review", SLUG, "--text"]) == 0
    out = capsys.readouterr().out
    assert "draft again: it was changed after it was signed" in out
    assert "void: it was changed since" in out
    spoken, _, rest = out.partition("--- spoken lines, as signed")[2].partition("--- the rest")
    assert "-steps.out-after-blows.say: Check after each blow. Is it out?" in spoken
    assert "+steps.out-after-blows.say: Look now. Did it come out?" in spoken
    assert "+slots.emergency.uk.say: nine double nine" in spoken
    assert "+steps.blows.repeat_after: 30" in rest
    assert len(re.findall(r"^[-+](?![-+])", spoken, re.MULTILINE)) == 4


@pytest.mark.parametrize("output", ["", "taken/page.html"])
def test_a_page_that_cannot_be_written_is_one_line(
    output: str, copy: Copy, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "taken").write_text("in the way")
    target = str(tmp_path / output)
    assert main(["protocols", "review", SLUG, "--output", target]) == 2
    err = capsys.readouterr().err
    assert "cannot write" in err
    assert len(err.splitlines()) == 1


def test_an_unknown_protocol_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["protocols", "review", "hiccups"]) == 2
    assert "no protocol 'hiccups'" in capsys.readouterr().err


def test_open_questions_are_asked(content: Content) -> None:
    questions = content.library["choking-infant"].open_questions
    assert questions
    text = squeezed(plain.page(sheet.build("choking-infant", content, None)))
    assert all(question in text for question in questions)
