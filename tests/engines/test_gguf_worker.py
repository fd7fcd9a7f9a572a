"""The language model's worker on a tiny random Gemma-3n, adapters included."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support import tiny_gguf
from tests.support.asking import ask, until
from voice.dialogue import drafts
from voice.engines import gguf_worker
from voice.engines.gguf_worker import GgufWorker
from voice.engines.host import WorkerHost, WorkerSpec
from voice.engines.interfaces import (
    Done,
    Failed,
    Generate,
    Prefill,
    Request,
    Result,
    SetAdapter,
    Synthesize,
    Token,
)
from voice.errors import MissingError, UserError

pytestmark = pytest.mark.alone

PREFIX = "<start_of_turn>user\nCool the burn. " * 5
LONG = "Where do I press to stop it? " * 8


def never() -> bool:
    return False


def serve(worker: GgufWorker, request: Request, cancelled: Any = never) -> list[Result]:
    results: list[Result] = []
    worker.handle(request, results.append, cancelled)
    return results


def said(results: list[Result]) -> str:
    return "".join(result.text for result in results if isinstance(result, Token))


def generate(worker: GgufWorker, prompt: str = "How long?", **options: Any) -> str:
    request = Generate(prefix=PREFIX, prompt=prompt, max_tokens=24, **options)
    return said(serve(worker, request))


def info(results: list[Result]) -> dict[str, Any]:
    end = results[-1]
    assert isinstance(end, Done)
    return end.info


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("gguf")
    tiny_gguf.write_model(folder / "model.gguf")
    tiny_gguf.write_adapter(folder / "adapter.gguf")
    return folder


def make(path: Path, **options: Any) -> GgufWorker:
    settings = {"context": 512, "style": "gemma-chat"} | options
    return gguf_worker.create({"model_path": str(path), **settings})


@pytest.fixture(scope="module")
def loaded(folder: Path) -> GgufWorker:
    worker = make(folder / "model.gguf")
    worker.load()
    return worker


@pytest.fixture
def worker(loaded: GgufWorker) -> Iterator[GgufWorker]:
    loaded._decoder.forget()
    yield loaded
    loaded._adapter.remove()


def logits(worker: GgufWorker, prompt: str) -> np.ndarray:
    """The logits after a prompt, evaluated through the cache as a request would."""
    decoder = worker._decoder
    prefix, rest = decoder.tokenize(PREFIX, prompt, special=True)
    decoder.prefill(prefix, rest, never)
    values = decoder._api.llama_get_logits_ith(decoder._llama.ctx, -1)
    return np.ctypeslib.as_array(values, (decoder._llama.n_vocab(),)).copy()


# --- loading ---------------------------------------------------------------------------------


def test_load_tells_what_was_loaded(folder: Path) -> None:
    loaded = make(folder / "model.gguf").load()
    assert loaded["architecture"] == "gemma3n"
    assert loaded["context"] == 512
    assert loaded["chat_format"] == "gemma-chat"
    assert loaded["gpu_layers"] == 0


def test_missing_model_is_one_line() -> None:
    with pytest.raises(MissingError, match="does not exist"):
        make(Path("nowhere.gguf")).load()


def test_truncated_model_is_one_line(folder: Path, tmp_path: Path) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes((folder / "model.gguf").read_bytes()[:-1])
    with pytest.raises(MissingError, match="incomplete"):
        make(cut).load()


def test_model_that_llama_cpp_refuses_is_one_line_with_its_reason(tmp_path: Path) -> None:
    path = tiny_gguf.write_model(tmp_path / "odd.gguf", architecture="gemma99")
    with pytest.raises(UserError, match="unknown model architecture: 'gemma99'"):
        make(path).load()


def test_chat_style_needs_the_chat_tokens(tmp_path: Path) -> None:
    path = tiny_gguf.write_model(tmp_path / "base.gguf", chat=False)
    with pytest.raises(UserError, match="no token <start_of_turn>"):
        make(path).load()
    assert make(path, style="completion").load()["chat_format"] == "completion"


def test_wrong_option_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match="threds"):
        make(folder / "model.gguf", threds=2)


# --- generating ------------------------------------------------------------------------------


def test_text_streams_in_pieces_and_the_end_counts_them(worker: GgufWorker) -> None:
    results = serve(worker, Generate(id=7, generation=3, prefix=PREFIX, prompt="?", max_tokens=12))
    assert len(results) > 6
    assert {(result.id, result.generation) for result in results} == {(7, 3)}
    end = info(results)
    assert end["tokens"] == 12
    assert end["cached_tokens"] == 0
    assert 0 < end["first_token_s"] <= end["seconds"]


def test_stop_string_ends_the_text_and_is_not_part_of_it(worker: GgufWorker) -> None:
    whole = generate(worker)
    stop = whole[5:8]
    assert generate(worker, stop=(stop,)) == whole[: whole.index(stop)]


def test_seed_decides_at_a_temperature(worker: GgufWorker) -> None:
    texts = [generate(worker, temperature=1.5, seed=seed) for seed in (1, 1, 2)]
    assert texts[0] == texts[1] != texts[2]


def test_grammar_binds_the_text(worker: GgufWorker) -> None:
    assert generate(worker, grammar='root ::= "yes" | "no"') in ("yes", "no")


def test_schema_binds_the_text(worker: GgufWorker) -> None:
    """Six sentences of fifteen words are the most that a draft can be, whatever the weights."""
    request = Generate(prefix=PREFIX, prompt="Steps: ", schema=drafts.SCHEMA, max_tokens=400)
    text = said(serve(worker, request))
    assert re.match(r'\{ ?"steps" ?: ?\[', text)
    steps = text.split('"')[3::2]  # the last one may not be finished
    assert len(steps) <= drafts.MAX_STEPS
    assert all(len(step.split()) <= 15 for step in steps)
    assert all(re.fullmatch(r"[A-Z][A-Za-z' ,-]+\.", step) for step in steps[:-1])


@pytest.mark.parametrize("schema", ["{", '{"type": "nothing"}', "[]"])
def test_wrong_schema_is_an_error_and_no_crash(worker: GgufWorker, schema: str) -> None:
    with pytest.raises(ValueError, match="cannot become a grammar"):
        generate(worker, schema=schema)
    assert generate(worker)


@pytest.mark.parametrize(
    "grammar", ["root ::= [", "other ::= [a-z]", "root ::= nowhere", "root ::= root"]
)
def test_wrong_grammar_is_an_error_and_no_crash(worker: GgufWorker, grammar: str) -> None:
    with pytest.raises(ValueError, match="not valid GBNF"):
        generate(worker, grammar=grammar)


def test_prompt_longer_than_the_context_is_an_error_and_no_crash(worker: GgufWorker) -> None:
    before = generate(worker)
    with pytest.raises(ValueError, match="context has room for 511"):
        generate(worker, "x " * 3000)
    assert generate(worker) == before


def test_generation_ends_where_the_context_ends(worker: GgufWorker) -> None:
    prefix, _ = worker._decoder.tokenize(PREFIX, "", special=True)
    prompt = "x" * (505 - len(prefix))
    results = serve(worker, Generate(prefix=PREFIX, prompt=prompt, max_tokens=200))
    assert info(results)["tokens"] <= 8


def test_turn_markers_are_control_tokens_in_a_chat_only(folder: Path, worker: GgufWorker) -> None:
    marker = Prefill(prefix="<end_of_turn>")
    chat = info(serve(worker, marker))["prompt_tokens"]
    plain = make(folder / "model.gguf", style="completion")
    plain.load()
    assert chat == 2  # with the token that begins every text
    assert info(serve(plain, marker))["prompt_tokens"] > 10


def test_request_of_another_engine_is_an_error(worker: GgufWorker) -> None:
    with pytest.raises(TypeError, match="Synthesize"):
        serve(worker, Synthesize(text="hello"))


# --- cache -----------------------------------------------------------------------------------


def test_cached_logits_are_bit_for_bit_those_of_a_cold_prompt(worker: GgufWorker) -> None:
    prompts = ["How long?", LONG, "How long?", LONG + "Tell me.", LONG[:-9] + "what?", "?"]
    cold = {}
    for prompt in prompts:
        worker._decoder.forget()
        cold[prompt] = logits(worker, prompt)
    worker._decoder.forget()
    for prompt in prompts + prompts[::-1]:
        assert np.array_equal(logits(worker, prompt), cold[prompt]), prompt
        generate(worker, prompt)


def test_second_prompt_evaluates_only_what_follows_the_prefix(worker: GgufWorker) -> None:
    prefix, _ = worker._decoder.tokenize(PREFIX, "", special=True)
    generate(worker)
    second = info(serve(worker, Generate(prefix=PREFIX, prompt="And then?", max_tokens=4)))
    assert second["cached_tokens"] == len(prefix)


def test_prefill_ahead_spares_whole_chunks_of_the_prompt(worker: GgufWorker) -> None:
    cold = generate(worker, LONG + "Now?")
    worker._decoder.forget()
    serve(worker, Prefill(prefix=PREFIX, prompt=LONG))
    results = serve(worker, Generate(prefix=PREFIX, prompt=LONG + "Now?", max_tokens=24))
    prefix, prompt = worker._decoder.tokenize(PREFIX, LONG + "Now?", special=True)
    end = info(results)
    assert len(prefix) + 64 <= end["cached_tokens"] < len(prefix + prompt)
    assert said(results) == cold


@pytest.mark.parametrize("swa_full", [True, False])
def test_a_sliding_window_that_forgets_costs_the_prefix_and_changes_no_words(
    folder: Path, swa_full: bool
) -> None:
    other = make(folder / "model.gguf", swa_full=swa_full)
    assert other.load()["swa_full"] == swa_full
    first = generate(other, LONG)
    generate(other, "And then?")
    again = serve(other, Generate(prefix=PREFIX, prompt=LONG, max_tokens=24))
    assert said(again) == first
    assert bool(info(again)["cached_tokens"]) == swa_full


@pytest.mark.parametrize("flash_attention", [True, False])
def test_flash_attention_is_an_option(folder: Path, flash_attention: bool) -> None:
    other = make(folder / "model.gguf", flash_attention=flash_attention)
    assert other.load()["flash_attention"] == flash_attention
    assert other._llama.context_params.flash_attn_type == int(flash_attention)
    assert generate(other)


# --- cancelling ------------------------------------------------------------------------------


class After:
    """A poll that turns true at its n-th call."""

    def __init__(self, calls: int) -> None:
        self.calls = calls

    def __call__(self) -> bool:
        self.calls -= 1
        return self.calls < 0


@pytest.mark.parametrize("calls", [0, 1, 40, 400, 900])
def test_cancel_in_prefill_ends_at_once_and_spoils_nothing(worker: GgufWorker, calls: int) -> None:
    cold = generate(worker, LONG)
    worker._decoder.forget()
    results = serve(worker, Generate(prefix=PREFIX, prompt=LONG), After(calls))
    assert [type(result) for result in results] == [Failed]
    assert generate(worker, LONG) == cold


def test_cancel_without_abort_callback_comes_between_chunks(worker: GgufWorker) -> None:
    decoder = worker._decoder
    api = decoder._api
    api.llama_set_abort_callback(decoder._llama.ctx, api.ggml_abort_callback(), None)
    try:
        results = serve(worker, Generate(prefix=PREFIX, prompt=LONG), After(2))
    finally:
        api.llama_set_abort_callback(decoder._llama.ctx, decoder._abort, None)
    assert [type(result) for result in results] == [Failed]
    assert decoder._llama.n_tokens == len(decoder.tokenize(PREFIX, "", special=True)[0])


def test_cancel_in_generation_comes_before_the_next_token(worker: GgufWorker) -> None:
    whole = generate(worker)
    results: list[Result] = []

    def cancelled() -> bool:
        return len(results) >= 3

    worker.handle(Generate(prefix=PREFIX, prompt="How long?"), results.append, cancelled)
    assert [type(result) for result in results] == [Token] * 3 + [Failed]
    assert generate(worker) == whole


# --- adapters --------------------------------------------------------------------------------


def test_adapter_changes_the_text_and_its_removal_restores_it(
    worker: GgufWorker, folder: Path
) -> None:
    bare = generate(worker)
    serve(worker, SetAdapter(path=str(folder / "adapter.gguf")))
    adapted = generate(worker)
    serve(worker, SetAdapter(path=str(folder / "adapter.gguf"), scale=0.1))
    weaker = generate(worker)
    serve(worker, SetAdapter(path=""))
    assert len({bare, adapted, weaker}) == 3
    assert generate(worker) == bare


def test_adapter_given_at_load_is_in_force(worker: GgufWorker, folder: Path) -> None:
    adapter = str(folder / "adapter.gguf")
    serve(worker, SetAdapter(path=adapter))
    other = make(folder / "model.gguf", adapter_path=adapter)
    assert other.load()["adapter"] == adapter
    assert generate(other) == generate(worker)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"architecture": "llama"}, "is an adapter for llama"),
        ({"width": 128}, "does not fit"),
        ({"strength": 0.0}, "changes nothing at scale 1"),
    ],
)
def test_refused_adapter_leaves_the_present_one_in_force(
    worker: GgufWorker, folder: Path, tmp_path: Path, options: Any, message: str
) -> None:
    serve(worker, SetAdapter(path=str(folder / "adapter.gguf")))
    adapted = generate(worker)
    wrong = tiny_gguf.write_adapter(tmp_path / "wrong.gguf", **options)
    with pytest.raises(UserError, match=message):
        serve(worker, SetAdapter(path=str(wrong)))
    assert generate(worker) == adapted


def test_files_that_are_no_adapter_are_refused(
    worker: GgufWorker, folder: Path, tmp_path: Path
) -> None:
    cut = tmp_path / "cut.gguf"
    cut.write_bytes((folder / "adapter.gguf").read_bytes()[:-1])
    bare = generate(worker)
    for path in (folder / "model.gguf", cut, tmp_path / "nowhere.gguf"):
        with pytest.raises(UserError, match=r"not an adapter|incomplete|does not exist"):
            serve(worker, SetAdapter(path=str(path)))
    assert generate(worker) == bare


# --- through the host ------------------------------------------------------------------------


def test_the_same_worker_streams_and_cancels_in_its_own_process(folder: Path) -> None:
    options = {"model_path": str(folder / "model.gguf"), "context": 512, "style": "gemma-chat"}
    spec = WorkerSpec(name="llm", module="voice.engines.gguf_worker", options=options)
    host = WorkerHost(spec, lambda *_: None)
    host.start()
    try:
        assert host.wait(30.0) == "ready"
        first = ask(host, Generate(prefix=PREFIX, prompt="How long?", generation=1))
        assert isinstance(first.end(), Done)
        endless = ask(host, Generate(prefix=PREFIX, prompt="?", max_tokens=400, generation=2))
        until(lambda: len(endless.results) > 1, "first tokens")
        host.cancel(3)
        assert endless.failure().reason == "cancelled"
        again = ask(host, Generate(prefix=PREFIX, prompt="How long?", generation=3))
        assert isinstance(again.end(), Done)
        assert said(again.results) == said(first.results)
    finally:
        host.close()


def test_file_that_cannot_be_loaded_fails_the_host_with_its_line(folder: Path) -> None:
    lines: list[str] = []
    options = {"model_path": str(folder / "model.gguf"), "adapter_path": str(folder / "model.gguf")}
    spec = WorkerSpec(name="llm", module="voice.engines.gguf_worker", options=options)
    host = WorkerHost(spec, lambda _state, _pid, detail: lines.append(detail))
    host.start()
    try:
        assert host.wait(30.0) == "failed"
        refusals = itertools.chain.from_iterable(line.splitlines() for line in lines)
        assert any("not an adapter" in line for line in refusals)
    finally:
        host.close()
