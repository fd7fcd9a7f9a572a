"""What the adapter for answers is trained on: no topic of its evaluation, and no wrong word."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.support.real_content import loaded
from voice.config import ROOT
from voice.dialogue import prompts


@pytest.fixture(scope="module")
def data() -> ModuleType:
    file = Path(ROOT, "models", "train", "answers_data.py")
    spec = importlib.util.spec_from_file_location("answers_data", file)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_training_leaves_the_evaluation_unseen(data: ModuleType) -> None:
    known = loaded()
    cases = data.Cases(known, seed=3)
    training = cases.training(12)
    unseen = data.HELD_OUT | data.DEVELOPMENT
    assert not unseen.intersection(case.topic for case in training)
    kept_out = {
        known.say(answer.say) for topic in unseen for answer in known.protocols[topic].answers
    }
    assert not [case for case in training if kept_out.intersection(case.passage.splitlines())]
    for case in [*training, *cases.unseen(["tick-bite"], 8)]:
        refused = case.says == prompts.NO_GUIDANCE
        assert refused == (case.kind in ("removed", "outside"))
        assert refused != (case.says in case.prompt)
    assert training[:3] == data.Cases(known, seed=3).training(3)
