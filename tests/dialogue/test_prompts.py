"""Prompts: stable prefixes, clean parts, examples that our own guard accepts."""

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support import tiny_gguf
from voice.dialogue import prompts
from voice.dialogue.guard import check
from voice.dialogue.prompts import NO_GUIDANCE, Style, answer_prompt, prefix

PASSAGE = "Cool the burn for twenty minutes.\nCloth soaked through? Add more on top."
STYLES: tuple[Style, ...] = ("completion", "gemma-chat")


@pytest.mark.parametrize("style", STYLES)
@settings(deadline=None)
@given(question=st.text(), passage=st.text())
def test_prefix_never_changes_and_stands_alone(style: Style, question: str, passage: str) -> None:
    prompt = answer_prompt(style, question, passage)
    assert prompt.prefix == prefix(style)
    assert prompt.prefix.endswith("\n\n")
    assert not prompt.text.startswith(("\n", " "))


@settings(deadline=None)
@given(question=st.text(), passage=st.text())
def test_question_and_passage_cannot_write_turns_of_their_own(question: str, passage: str) -> None:
    text = answer_prompt("gemma-chat", question, passage).text
    assert re.findall(r"<[^>]*>", text) == ["<end_of_turn>", "<start_of_turn>"]
    assert answer_prompt("completion", question, passage).text.count("\n") == 2


def test_completion_prompt_asks_for_a_copy_of_the_notes() -> None:
    prompt = answer_prompt("completion", "how  long?", PASSAGE)
    assert prompt.text == (
        "Question: how long?\n"
        "Notes: Cool the burn for twenty minutes. If cloth soaked through, add more on top.\n"
        "Copied from the notes:"
    )
    assert prompt.stop == ("\n",)


def test_chat_prompt_is_what_the_models_own_template_makes_of_it() -> None:
    from llama_cpp.llama_chat_format import Jinja2ChatFormatter

    prompt = answer_prompt("gemma-chat", "how long", PASSAGE)
    whole = prompt.prefix + prompt.text
    body = whole.removeprefix("<start_of_turn>user\n").partition("<end_of_turn>")[0]
    formatter = Jinja2ChatFormatter(
        template=tiny_gguf.CHAT_TEMPLATE, eos_token="<end_of_turn>", bos_token="<bos>"
    )
    rendered = formatter(messages=[{"role": "user", "content": body}])
    assert rendered.prompt == "<bos>" + whole


def test_long_passages_and_questions_are_cut_at_whole_lines() -> None:
    lines = [f"Line number {i} has these eight words here." for i in range(40)]
    text = answer_prompt("completion", "why " * 200, "\n".join(lines)).text
    question, notes, _ = text.splitlines()
    assert len(question) < 250
    assert notes.endswith("words here.")
    assert len(notes.split()) <= prompts.LONGEST_NOTES + 1
    first = "word " * 100
    assert "word word" in answer_prompt("completion", "why", first).text


def test_examples_are_answers_that_the_guard_lets_through() -> None:
    for question, passage, answer in prompts._EXAMPLES:
        said: list[str] = []
        for sentence in re.findall(r"[^.]+\.", answer):
            if answer != NO_GUIDANCE:
                assert check(sentence, passage, (), question, said).ok, sentence
                said.append(sentence)
            else:
                assert not check(sentence, passage, (), question).ok
