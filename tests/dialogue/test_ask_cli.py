"""`ask` and `protocols` as a user types them."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from voice.cli.main import main

NO_MODEL = ["--set", "llm.model="]


def ask(capsys: pytest.CaptureFixture[str], *args: str) -> tuple[int, str, str]:
    code = main(["ask", *args, *NO_MODEL])
    out, err = capsys.readouterr()
    return code, out, err


def batch(tmp_path: Path, content: str | bytes) -> str:
    file = tmp_path / "batch.jsonl"
    file.write_bytes(content if isinstance(content, bytes) else content.encode())
    return str(file)


def test_one_text_gives_the_words_that_would_be_spoken(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = ask(capsys, "he's not breathing")
    assert (code, err) == (0, "")
    assert out == "Call one one two on speaker. Send someone for an A E D.\n"


def test_json_prints_every_field_of_the_reply(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ask(capsys, "how do I stop the bleeding", "--json")
    reply = json.loads(out)
    assert code == 0
    assert set(reply) == {
        "say", "heard", "kind", "by", "protocol", "step", "sources", "reviewed"
    }  # fmt: skip
    assert (reply["heard"], reply["protocol"], reply["reviewed"]) == (
        "start",
        "severe-bleeding",
        False,
    )


def test_a_batch_is_one_line_a_conversation_and_one_reply_a_turn(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    lines: list[dict[str, Any]] = [
        {"id": "a", "turns": ["he's choking", "can I give him water?", "stop"]},
        {"id": 7, "turns": [{"text": "next", "confidence": 0.9}], "protocol": "cpr-adult"},
        {"id": "empty", "turns": []},
    ]
    text = "\n".join(map(json.dumps, lines)) + "\n\n"
    code, out, _ = ask(capsys, "--batch", batch(tmp_path, text))
    results = [json.loads(line) for line in out.splitlines()]
    assert code == 0
    assert [result["id"] for result in results] == ["a", 7, "empty"]
    assert [len(result["replies"]) for result in results] == [3, 1, 0]
    assert results[0]["replies"][1]["kind"] == "answer"
    assert results[1]["replies"][0]["step"] == "flat"


def test_a_batch_may_come_from_standard_input(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    text = io.TextIOWrapper(io.BytesIO(b'{"id": 1, "turns": ["help"]}\n'))
    monkeypatch.setattr("sys.stdin", text)
    code, out, _ = ask(capsys, "--batch", "-")
    assert code == 0
    assert json.loads(out)["replies"][0]["protocol"] == "primary-check"


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b'{"id": 2, "turns"', "truncated"),
        (b'{"id": 2}', "turns"),
        (b'{"id": 2, "turns": [3]}', "turns"),
        (b'{"id": 2, "turns": ["a"], "step": 1}', "step"),
        (b'{"id": 2, "turns": [{"text": "a", "confidence": 7}]}', "0 to 1"),
        (b'{"id": 2, "turns": ["' + b"x" * 100_000 + b'"]}', "characters"),
        (b'{"id": 2, "turns": ["\xff\xfe"]}', "not UTF-8"),
        (b'{"id": 2, "turns": ["a"], "protocol": "hiccups"}', "hiccups"),
        (b"[" * 5000, "write {"),
    ],
)
def test_a_bad_line_is_named_and_nothing_is_answered(
    bad: bytes, reason: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = batch(tmp_path, b'{"id": 1, "turns": ["help"]}\n' + bad + b"\n")
    code, out, err = ask(capsys, "--batch", file)
    assert (code, out) == (2, "")
    assert reason in err
    assert ":2" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("args", "reason"),
    [
        ([], "say what to ask"),
        (["help", "--batch", "x.jsonl"], "say what to ask"),
        (["--batch", "/nowhere/x.jsonl"], "cannot read"),
        (["help " * 20_000], "characters"),
        (["help", "--set", "content.region=atlantis"], "atlantis"),
    ],
)
def test_wrong_usage_is_one_line(
    args: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = ask(capsys, *args)
    assert (code, out) == (2, "")
    assert reason in err
    assert len(err.splitlines()) == 1


def test_control_characters_and_broken_unicode_do_no_harm(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for text in ("he's not\x07 breathing\x1b[2J", "\udcff\udcfe help", "\x00", " "):
        code, out, _ = ask(capsys, text)
        assert code == 0
        assert out.strip().isprintable()


def test_the_region_chooses_the_number(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = ask(capsys, "he's not breathing", "--set", "content.region=au")
    assert "triple zero" in out


def test_protocols_are_listed_slug_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["protocols", "list"]) == 0
    slugs = [line.split()[0] for line in capsys.readouterr().out.splitlines()]
    assert {"primary-check", "cpr-adult", "choking-adult", "severe-bleeding"} <= set(slugs)


def test_show_prints_the_spoken_lines_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["protocols", "show", "cpr-adult"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "Push hard and fast, arms straight. Follow my beat." in lines
    assert "Ribs may crack. Keep going, they need your pushing to live." in lines
    assert all(line.strip() == line and line[-1] in ".?!" and "{" not in line for line in lines)
    assert main(["protocols", "show", "hiccups"]) == 2


def test_check_passes_on_the_collection_and_fails_on_a_bad_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["protocols", "check"]) == 0
    assert "0 mistakes" in capsys.readouterr().out
    bad = tmp_path / "bad.yaml"
    bad.write_text("id: bad\nversion: 0\n")
    assert main(["protocols", "check", str(bad)]) == 2
    assert "bad.yaml:" in capsys.readouterr().out
    assert main(["protocols", "check", str(tmp_path / "none.yaml")]) == 2
