"""The embedded language model itself: answers, cache and cancelling on real weights."""

from typing import Any

import pytest

from voice.config import Settings
from voice.engines import gguf_worker
from voice.engines.gguf_worker import GgufWorker
from voice.engines.interfaces import Done, Failed, Generate, Result, Token

PREFIX = "Simple sums.\n\n1 + 1 = 2\n2 + 2 = 4\n3 + 3 = 6\n\nThe days of the week.\n\n" * 4
DAYS = "Monday, Tuesday, Wednesday,"


@pytest.fixture(scope="module")
def worker() -> GgufWorker:
    path = Settings().cache_dir() / "gemma-3-270m" / "gemma-3-270m-q4_k_m.gguf"
    worker = gguf_worker.create({"model_path": str(path), "style": "completion"})
    assert worker.load()["architecture"] == "gemma3"
    return worker


def run(worker: GgufWorker, cancelled: Any = lambda: False) -> list[Result]:
    results: list[Result] = []
    worker.handle(Generate(prefix=PREFIX, prompt=DAYS, max_tokens=12), results.append, cancelled)
    return results


def said(results: list[Result]) -> str:
    return "".join(result.text for result in results if isinstance(result, Token))


def test_it_continues_and_a_cached_prompt_gives_the_same_words(worker: GgufWorker) -> None:
    cold, warm = run(worker), run(worker)
    assert said(cold).startswith(" Thursday, Friday")
    assert said(warm) == said(cold)
    assert isinstance(cold[-1], Done)
    assert isinstance(warm[-1], Done)
    assert cold[-1].info["cached_tokens"] == 0
    assert int(warm[-1].info["cached_tokens"]) > 100


def test_cancel_in_prefill_and_generation_leaves_the_words_unchanged(worker: GgufWorker) -> None:
    whole = said(run(worker))
    worker._decoder.forget()
    polls = iter(range(10_000))
    in_prefill = run(worker, lambda: next(polls) > 500)
    assert [type(result) for result in in_prefill] == [Failed]
    assert said(run(worker)) == whole
    heard: list[Result] = []
    request = Generate(prefix=PREFIX, prompt=DAYS, max_tokens=12)
    worker.handle(request, heard.append, lambda: len(heard) >= 2)
    assert [type(result) for result in heard] == [Token, Token, Failed]
    assert said(run(worker)) == whole
