"""Which workers the settings ask for."""

import hashlib
import importlib
import sys

import msgspec
import pytest

from tests.support.tiny_gguf import write_adapter, write_model
from voice import modelstore
from voice.config import Llm, Models, Settings, Stt
from voice.engines import roster
from voice.errors import MissingError, UserError
from voice.modelstore import record

SHA256_OF_X = hashlib.sha256(b"x").hexdigest()


def test_the_default_profile_has_all_four_with_paths_that_exist():
    found = roster.from_settings(Settings())
    assert [spec.name for spec in found.specs()] == ["tts", "tiny", "stt", "llm"]
    assert "gemma-3-270m" in found.llm.options["model_path"]
    assert found.llm.options["style"] == "completion"


def test_every_worker_accepts_its_options():
    for spec in roster.from_settings(Settings()).specs():
        importlib.import_module(spec.module).create(spec.options)


def test_thread_budgets_come_from_the_settings_and_waiting_threads_sleep():
    settings = Settings(stt=Stt(threads=3, tiny_threads=2))
    found = roster.from_settings(settings)
    assert found.stt.options["threads"] == 3
    assert found.stt.env["OMP_NUM_THREADS"] == "3"
    assert found.tiny.env["OMP_NUM_THREADS"] == "2"
    assert {spec.env["OMP_WAIT_POLICY"] for spec in found.specs()} == {"PASSIVE"}


def test_the_recogniser_has_our_adapter_where_there_is_one_and_it_is_wanted():
    stt = roster.stt(Settings())
    assert stt.options["adapter_path"].endswith("whisper-base.npz")
    assert stt.options["adapter_scale"] == Settings().stt.adapter_scale > 0
    assert not roster.stt(Settings(stt=Stt(adapter_scale=0))).options["adapter_path"]
    assert not roster.stt(Settings(stt=Stt(model="whisper-tiny.en"))).options["adapter_path"]


def test_without_a_language_model_the_reason_is_given():
    found = roster.from_settings(Settings(llm=Llm(model="")))
    assert found.llm is None
    assert "llm.model is empty" in found.llm_absent
    assert "llm" not in [spec.name for spec in found.specs()]


def test_without_its_package_the_language_model_is_absent(monkeypatch):
    monkeypatch.setitem(sys.modules, "llama_cpp", None)  # as Python marks what is not there
    assert "not installed" in roster.from_settings(Settings()).llm_absent


def test_an_adapter_may_be_a_path(tmp_path):
    adapter = write_adapter(tmp_path / "own.gguf", "gemma3", width=640, queries=1024, layers=1)
    found = roster.from_settings(Settings(llm=Llm(adapter=str(adapter))))
    assert found.llm.options["adapter_path"] == str(adapter)


def test_an_adapter_for_another_model_is_refused_before_a_worker_starts(tmp_path):
    adapter = write_adapter(tmp_path / "own.gguf", "gemma3n")
    with pytest.raises(UserError, match="gemma3n, but the model"):
        roster.from_settings(Settings(llm=Llm(adapter=str(adapter))))


def test_every_option_of_the_language_model_reaches_its_worker(tmp_path):
    model = write_model(tmp_path / "own.gguf")
    wanted = Llm(
        model=str(model),
        template="completion",
        context=512,
        threads=3,
        gpu_layers=5,
        flash_attention=False,
        swa_full=False,
    )
    options = roster.llm(Settings(llm=wanted)).options
    assert options["model_path"] == str(model)
    assert options["style"] == "completion"
    for name in ("context", "threads", "gpu_layers", "flash_attention", "swa_full"):
        assert options[name] == getattr(wanted, name), name


@pytest.mark.parametrize(("chat", "style"), [(True, "gemma-chat"), (False, "completion")])
def test_a_file_of_ones_own_is_asked_as_its_chat_template_says(tmp_path, chat, style):
    model = write_model(tmp_path / "own.gguf", chat=chat)
    assert roster.llm(Settings(llm=Llm(model=str(model)))).options["style"] == style


def test_an_adapter_of_the_catalogue_fits_its_base_alone_and_has_to_be_converted(tmp_path):
    entry = modelstore.load().entry("medical-gemma-3n-lora")
    assert entry.base == "gemma-3n-e4b-it"
    with pytest.raises(UserError, match=r"was trained on gemma-3n-e4b-it, but llm.model is"):
        roster.llm(Settings(llm=Llm(adapter=entry.name)))
    models = Models(cache=str(tmp_path))
    with pytest.raises(MissingError, match="medical-gemma-3n-lora"):
        roster.adapter(Settings(llm=Llm(model=entry.base, adapter=entry.name), models=models))
    for file in entry.files[:2]:
        (tmp_path / entry.name).mkdir(exist_ok=True)
        (tmp_path / entry.name / file.path).write_bytes(b"x")
    came = [msgspec.structs.replace(f, bytes=1, sha256=SHA256_OF_X) for f in entry.files[:2]]
    record.keep(came, tmp_path / entry.name)
    with pytest.raises(UserError, match=r"convert-adapter .*medical-gemma-3n-lora --base"):
        roster.adapter(Settings(llm=Llm(model=entry.base, adapter=entry.name), models=models))


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"llm": Llm(adapter="/nowhere/own.gguf")}, MissingError),
        ({"llm": Llm(adapter="no-such-adapter")}, UserError),
        ({"stt": Stt(model="no-such-model")}, UserError),
        ({"models": Models(cache="no/such/folder")}, MissingError),
    ],
    ids=["adapter file", "adapter name", "model name", "cache"],
)
def test_what_is_not_there_is_named(changes, error):
    with pytest.raises(error):
        roster.from_settings(msgspec.structs.replace(Settings(), **changes))
