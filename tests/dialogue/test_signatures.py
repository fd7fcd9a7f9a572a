"""A signature holds for exactly what was read, and no longer."""

import datetime
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.support.signed import Copy
from voice.cli.main import main
from voice.dialogue import signatures, statement
from voice.dialogue.content import Content
from voice.dialogue.protocol import Protocol
from voice.dialogue.yamlfile import ContentError

SLUG = "choking-adult"


@pytest.fixture
def copy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Copy:
    return Copy(tmp_path, monkeypatch)


def sign(*args: str, slug: str = SLUG, name: str = "Dr Ada Example") -> int:
    return main(["protocols", "sign", slug, "--name", name, "--role", "Physician", *args])


def digest(content: Content, slug: str = SLUG) -> str:
    protocol = content.library[slug]
    return statement.digest(statement.lines(protocol, content.everywhere, content.regions))


def test_a_signature_is_kept_as_data_with_the_text_that_was_signed(copy: Copy) -> None:
    assert sign("--date", "2026-11-27") == 0
    content = copy.load()
    record = signatures.read(copy.home, SLUG)
    assert record is not None
    day = datetime.date(2026, 11, 27)
    expected = signatures.Signature("Dr Ada Example", "Physician", day, 1, digest(content))
    assert record.signatures == (expected,)
    assert "steps.out-after-blows.say: Check after each blow. Is it out?" in record.lines()
    assert content.statuses[SLUG] == "signed"
    assert content.reviewed(SLUG)
    assert content.statuses["burns"] == "draft"


def test_two_reviewers_may_sign_and_nobody_twice(
    copy: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert sign() == sign(name="Nurse Béatrice Ó Súilleabháin") == 0
    record = signatures.read(copy.home, SLUG)
    assert record is not None
    assert [s.name for s in record.signatures][1] == "Nurse Béatrice Ó Súilleabháin"
    assert sign() == 2
    err = capsys.readouterr().err
    assert "signed this text" in err
    assert len(err.splitlines()) == 1


EDITS = [
    (SLUG, "Is it out?", "Is it out yet?"),
    (SLUG, "screen: Lean forward", "screen: Forward"),
    (SLUG, "hear: [it is out, ", "hear: [it is out now, it is out, "),
    (SLUG, "then: keep-coughing", "then: lean"),
    (SLUG, "repeat_after: 20", "repeat_after: 25"),
    (SLUG, "safe: no", "safe: yes"),
    (SLUG, "version: 1", "version: 2"),
    (SLUG, "urgency: critical", "urgency: urgent"),
    (SLUG, "checked_on: 2026-11-22", "checked_on: 2026-11-23"),
    (SLUG, "fact: Never give water", "fact: Never give any water"),
    ("events.yaml", "Put the phone on speaker beside you.", "Put the phone down beside you."),
    ("regions.yaml", "say: nine nine nine", "say: nine double nine"),
]
HARMLESS = [
    (SLUG, "steps:\n", "# A remark.\n\nsteps:\n"),
    (SLUG, "id: choking-adult\nversion: 1\n", "version: 1\nid: choking-adult\n"),
    (SLUG, "urgency: critical", "urgency: 'critical'"),
    (SLUG, "open_questions:\n", "open_questions:\n  - Is five enough?\n"),
    ("events.yaml", "say: Start C P R.", "say: Begin C P R."),  # it has an event of its own
    ("regions.yaml", "crisis_line: your", "crisis_line: any"),  # a slot that it does not use
    ("phrases.yaml", "stopped: Stopped.", "stopped: Silent."),
    ("burns", "Rings off.", "Rings away."),
]


@pytest.mark.parametrize(("name", "before", "after"), EDITS, ids=[e[2] for e in EDITS])
def test_what_is_said_or_decided_is_signed(name: str, before: str, after: str, copy: Copy) -> None:
    signed = copy.digest(SLUG)
    copy.edit(name, before, after)
    assert copy.digest(SLUG) != signed
    copy.edit(name, after, before)
    assert copy.digest(SLUG) == signed


@pytest.mark.parametrize(("name", "before", "after"), HARMLESS, ids=[e[2] for e in HARMLESS])
def test_what_says_nothing_to_a_rescuer_is_not(
    name: str, before: str, after: str, copy: Copy
) -> None:
    signed = copy.digest(SLUG)
    copy.edit(name, before, after)
    assert copy.digest(SLUG) == signed


def test_an_edit_makes_it_a_draft_again_until_it_is_undone(copy: Copy) -> None:
    sign()
    copy.edit(*EDITS[0])
    content = copy.load()
    assert content.statuses[SLUG] == "void"
    assert not content.reviewed(SLUG)
    copy.edit(EDITS[0][0], EDITS[0][2], EDITS[0][1])
    assert copy.load().statuses[SLUG] == "signed"


def test_an_edited_text_is_signed_anew(copy: Copy) -> None:
    sign()
    copy.edit(*EDITS[0])
    assert sign(name="Dr Bo Example") == 0
    record = signatures.read(copy.home, SLUG)
    content = copy.load()
    assert record is not None
    assert [s.name for s in record.holding(digest(content))] == ["Dr Bo Example"]
    assert len(record.signatures) == 2
    assert content.statuses[SLUG] == "signed"


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("Is it out?", "Is it in?", "not the one that was signed last"),
        ("hash: ", "hash: x", "Expected `str` matching regex"),
        ("name: Dr", "named: Dr", "named"),
        ("signatures:", "signatures: [", "yaml:"),
    ],
)
def test_a_file_that_was_tampered_with_holds_nothing(
    before: str, after: str, reason: str, copy: Copy
) -> None:
    sign()
    copy.edit(f"signatures/{SLUG}.yaml", before, after)
    assert copy.load().statuses[SLUG] == "void"
    with pytest.raises(ContentError, match=reason) as refused:
        signatures.read(copy.home, SLUG)
    assert str(refused.value).startswith(f"signatures/{SLUG}.yaml:")


def test_the_status_cannot_be_claimed_in_the_protocol(copy: Copy) -> None:
    copy.edit(SLUG, "urgency:", "status: signed\nurgency:")
    with pytest.raises(ContentError, match="unknown field `status`"):
        copy.load()


@pytest.mark.parametrize("slug", [SLUG, "cpr-adult", "snake-bite"])
def test_every_value_of_a_protocol_counts(slug: str, content: Content) -> None:
    """Change the strings one after the other: each gives another statement, none the same."""
    plain = json.loads(msgspec.json.encode(content.library[slug]))
    plain.pop("open_questions", None)
    seen = {digest(content, slug)}
    changed = 0
    for holder, key in _strings(plain):
        kept = holder[key]
        holder[key] = _other(kept)
        other = msgspec.convert(plain, Protocol, strict=False)
        lines = statement.lines(other, content.everywhere, content.regions)
        seen.add(statement.digest(lines))
        assert len("\n".join(lines).splitlines()) == len(lines)
        holder[key] = kept
        changed += 1
    assert changed > 200
    assert len(seen) == changed + 1


def _strings(value: Any) -> Iterator[tuple[Any, Any]]:
    """Where free text stands: its holder and its key there."""
    items = value.items() if isinstance(value, dict) else enumerate(value)
    for key, inner in list(items):
        if isinstance(inner, dict | list):
            yield from _strings(inner)
        elif key in ("say", "screen", "cite", "standing", "fact") or _phrase(key, inner):
            yield value, key


def _phrase(key: Any, inner: Any) -> bool:
    """Whether this is one of several phrasings, which no rule of the format restricts."""
    return isinstance(key, int) and isinstance(inner, str) and " " in inner


def _other(text: str) -> str:
    """Another text that is as hard to tell apart as can be."""
    return f"{text}\nversion: 1"


USAGE = [
    (["hiccups", "--name", "A B", "--role", "C D"], "no protocol 'hiccups'"),
    ([SLUG], "--name is missing"),
    ([SLUG, "--name", " ", "--role", "Physician"], "--name is missing"),
    ([SLUG, "--name", "Dr Ada"], "--role is missing"),
    ([SLUG, "--name", "Dr \x07", "--role", "Physician"], "--name is missing or odd"),
    ([SLUG, "--name", "A" * 101, "--role", "Physician"], "--name is missing or odd"),
    ([SLUG, "--name", "Dr A", "--role", "Ph", "--date", "27.11.2026"], "--date 27.11.2026"),
    ([SLUG, "--name", "Dr A", "--role", "Ph", "--date", "2026-02-30"], "--date 2026-02-30"),
    ([SLUG, "--name", "Dr A", "--role", "Ph", "--hash", "0" * 12], "another text"),
]


@pytest.mark.parametrize(("args", "reason"), USAGE, ids=[u[1] for u in USAGE])
def test_wrong_usage_is_one_line_and_signs_nothing(
    args: list[str], reason: str, copy: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["protocols", "sign", *args]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert reason in err
    assert len(err.splitlines()) == 1
    assert not (copy.home / "signatures").exists()


def test_the_hash_of_the_page_admits_its_own_text_alone(copy: Copy) -> None:
    page = digest(copy.load())[:12]
    copy.edit(*EDITS[0])
    assert sign("--hash", page) == 2
    copy.edit(EDITS[0][0], EDITS[0][2], EDITS[0][1])
    assert sign("--hash", page.upper()) == 0


def test_a_protocol_with_mistakes_is_not_signed(
    copy: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    copy.edit(SLUG, "Is it out?", "Is it out after 5?")
    assert sign() == 2
    assert "mistakes; mend them" in capsys.readouterr().err


def test_a_folder_that_cannot_be_written_is_one_line(
    copy: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    (copy.home / "signatures").write_text("in the way")
    assert sign() == 2
    err = capsys.readouterr().err
    assert "cannot write" in err
    assert len(err.splitlines()) == 1


def test_the_list_shows_signed_draft_and_void(
    copy: Copy, capsys: pytest.CaptureFixture[str]
) -> None:
    sign()
    sign(slug="burns")
    copy.edit("burns", "Rings off.", "Rings away.")
    capsys.readouterr()
    for strict in ([], ["--set", "content.require_signed=true"]):
        assert main(["protocols", "list", *strict]) == 0
        rows = [line.split() for line in capsys.readouterr().out.splitlines()]
        found = {row[0]: row[2] for row in rows}
        assert (found.pop(SLUG), found.pop("burns")) == ("signed", "void")
        assert set(found.values()) == {"draft"}
        assert len(found) == 70
