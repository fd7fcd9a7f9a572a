"""Drafts by the embedded model, forced: too small for the task, it need but keep to the format."""

import json
from pathlib import Path

import pytest

from tests.dialogue.test_drafts import UNKNOWN
from voice.cli.main import main
from voice.config import Answers, Content, Llm, Settings
from voice.dialogue import drafts, prompts
from voice.engines import gguf_worker, roster
from voice.engines.interfaces import Generate, Result, Token

FORCED = ["--set", "answers.drafts=true", "--set", "answers.drafts_force=true"]


def test_the_embedded_model_follows_the_format() -> None:
    worker = gguf_worker.create(roster.llm(Settings()).options)
    worker.load()
    prompt = prompts.draft_prompt("completion", UNKNOWN[0])
    results: list[Result] = []
    request = Generate(
        prefix=prompt.prefix,
        prompt=prompt.text,
        stop=prompt.stop,
        schema=drafts.SCHEMA,
        max_tokens=drafts.MAX_TOKENS,
    )
    worker.handle(request, results.append, lambda: False)
    steps = json.loads("".join(r.text for r in results if isinstance(r, Token)))["steps"]
    assert len(steps) <= drafts.MAX_STEPS
    assert all(len(step.split()) <= 15 and step.endswith(".") for step in steps)


def test_a_draft_is_run_or_the_primary_check_serves(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    file = tmp_path / "batch.jsonl"
    turns = [*UNKNOWN, "yes, he answers", "next"]
    file.write_text(json.dumps({"id": 1, "turns": turns}) + "\n")
    assert main(["ask", "--batch", str(file), "--set", "answers.draft_s=60", *FORCED]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    asked, check, answered, following = json.loads(out)["replies"]
    assert asked["kind"] == "clarify"
    assert check["step"] == "tap"
    if answered["protocol"] == "draft":
        assert answered["say"].startswith("This is not a reviewed protocol. Call one one two now.")
        assert (following["protocol"], following["by"]) == ("draft", "llm")
        assert not following["reviewed"]
    else:
        assert (answered["protocol"], answered["step"]) == ("primary-check", "ask-what")
        assert (following["protocol"], following["step"]) == ("primary-check", "look")


def test_without_force_it_may_not_and_says_so(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["ask", "he collapsed", *FORCED[:2]]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("Check it is safe.")
    assert err == "note: answers.drafts is ignored: gemma-3-270m is too small for that\n"


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        (Settings(), ""),
        (Settings(answers=Answers(drafts=True)), "gemma-3-270m is too small for that"),
        (Settings(answers=Answers(drafts=True, drafts_force=True)), ""),
        (Settings(answers=Answers(drafts=True), llm=Llm(model="gemma-3n-e4b-it")), ""),
        (Settings(answers=Answers(drafts=True), llm=Llm(model="own.gguf")), "no model that"),
        (Settings(answers=Answers(drafts=True), llm=Llm(model="")), "llm.model is empty"),
        (
            Settings(
                answers=Answers(drafts=True, drafts_force=True),
                content=Content(require_signed=True),
            ),
            "signed words only",
        ),
    ],
)
def test_who_may_draft(settings: Settings, why: str) -> None:
    refused = roster.drafts_refused(settings)
    assert why in refused
    assert bool(why) == bool(refused)
