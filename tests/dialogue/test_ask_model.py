"""`ask` with the embedded language model, and without its file."""

import json
from pathlib import Path

import pytest

from voice.cli.main import main

OPEN_QUESTION = "should I say the time out loud?"


def batch(tmp_path: Path) -> str:
    file = tmp_path / "batch.jsonl"
    line = {"id": 1, "protocol": "severe-bleeding", "turns": [OPEN_QUESTION, "next"]}
    file.write_text("".join(json.dumps({**line, "id": number}) + "\n" for number in range(3)))
    return str(file)


def test_open_questions_are_answered_by_checked_words_or_the_passage(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert main(["ask", "--batch", batch(tmp_path), "--set", "llm.first_sentence_s=10"]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    for line in out.splitlines():
        answer, following = json.loads(line)["replies"]
        assert answer["by"] in ("llm", "passage")
        assert (answer["kind"], answer["protocol"]) == ("answer", "severe-bleeding")
        assert len(answer["say"].split()) <= 30
        assert "time" in answer["say"].lower()
        assert following["step"] == "call"


def test_without_the_models_file_the_passage_answers_and_says_why(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    cache = f"models.cache={tmp_path / 'nothing'}"
    assert main(["ask", "--batch", batch(tmp_path), "--set", cache]) == 0
    out, err = capsys.readouterr()
    assert [json.loads(line)["replies"][0]["by"] for line in out.splitlines()] == ["passage"] * 3
    assert err.startswith("note: answering from passages alone: ")
    assert len(err.splitlines()) == 1
