"""The embedded language model itself: answers, cache, cancelling and adapters on real weights."""

from typing import Any

import pytest

from tests.support.tiny_peft import halves, write_peft
from voice.config import ROOT, Settings
from voice.dialogue import prompts
from voice.engines import gguf_peft, gguf_worker
from voice.engines.gguf_worker import GgufWorker
from voice.engines.interfaces import Done, Failed, Generate, Result, SetAdapter, Token

pytestmark = pytest.mark.alone

PREFIX = "Simple sums.\n\n1 + 1 = 2\n2 + 2 = 4\n3 + 3 = 6\n\nThe days of the week.\n\n" * 4
DAYS = "Monday, Tuesday, Wednesday,"


MODEL = Settings().cache_dir() / "gemma-3-270m" / "gemma-3-270m-q4_k_m.gguf"


@pytest.fixture(scope="module")
def worker() -> GgufWorker:
    worker = gguf_worker.create({"model_path": str(MODEL), "style": "completion"})
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


OURS = str(ROOT / "models" / "adapters" / "answers-en.gguf")


@pytest.fixture(scope="module")
def random_adapter(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A random adapter for exactly this model, converted as a trained one would be."""
    folder = tmp_path_factory.mktemp("peft")
    modules = {f"layers.{n}.self_attn.v_proj": (256, 640) for n in range(18)}
    write_peft(folder, halves(modules), prefix="base_model.model.model.", lora_alpha=1)
    gguf_peft.convert(folder, MODEL, folder / "adapter.gguf")
    return str(folder / "adapter.gguf")


@pytest.fixture(params=["random", "ours"])
def adapter(request: pytest.FixtureRequest, random_adapter: str) -> str:
    return random_adapter if request.param == "random" else OURS


def swap(worker: GgufWorker, path: str) -> None:
    worker.handle(SetAdapter(path=path), lambda _: None, lambda: False)


def test_an_adapter_comes_and_goes_and_no_cached_prefix_remembers_it(
    worker: GgufWorker, adapter: str
) -> None:
    """Each text is written twice, the second time from a cached prefix."""

    def text() -> str:
        cold, cached = run(worker), run(worker)
        assert isinstance(cached[-1], Done)
        assert int(cached[-1].info["cached_tokens"]) > 100
        assert said(cached) == said(cold)
        return said(cold)

    bare = text()
    swap(worker, adapter)
    adapted = text()
    swap(worker, "")
    assert text() == bare != adapted


def test_our_adapter_copies_whole_lines_of_the_passage(worker: GgufWorker) -> None:
    butter = "No butter or oil on it. Cool running water is best."
    blisters = "Leave blisters whole, with a loose, clean cover."

    def answer(question: str, passage: str) -> str:
        prompt = prompts.answer_prompt("completion", question, passage)
        results: list[Result] = []
        request = Generate(
            prefix=prompt.prefix, prompt=prompt.text, stop=prompt.stop, max_tokens=40
        )
        worker.handle(request, results.append, lambda: False)
        return said(results).strip()

    swap(worker, OURS)
    assert answer("can I pop the blister", blisters) == blisters
    assert answer("can I put butter on it", f"{butter}\n{blisters}") == butter
    swap(worker, "")
