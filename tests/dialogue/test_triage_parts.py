"""The parts of triage: sentence vectors, the classifier, what is kept on disk, and its data."""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from voice.config import Settings, Triage
from voice.dialogue import content as content_files
from voice.dialogue.content import Content
from voice.dialogue.expected import Expected
from voice.dialogue.triage import embedding, exemplars, openings
from voice.dialogue.triage.classifier import Classifier, Embedder, Features
from voice.dialogue.triage.exemplars import ASK, NOTHING
from voice.dialogue.triage.features import Concepts, lexical
from voice.dialogue.triage.learned import Learned, Vectors
from voice.dialogue.triage.minilm import MiniLm, read_safetensors

LINES = (("fit", "he is jerking on the floor"), ("burn", "hot oil on her arm"))


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    found = embedding.find(Settings())
    assert found, "the embedding model is missing: models fetch"
    return found


@pytest.fixture
def concepts(content: Content) -> Concepts:
    return Concepts({"seizure": ["jerking", "having a fit"]}, content.findings)


class Counting:
    """Counts the sentences that had to be worked out."""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder
        self.lines: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.lines += texts
        return self._embedder.embed(texts)


def test_sentences_of_like_meaning_have_near_unit_vectors(embedder: Embedder) -> None:
    vectors = embedder.embed(["the old lady fell over", "my nan has fallen", "I like cheese"])
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.4 > vectors[0] @ vectors[2] + 0.2


def test_a_vector_does_not_depend_on_what_it_is_worked_out_with(embedder: Embedder) -> None:
    alone = embedder.embed(["he is choking"])[0]
    among = embedder.embed(["a", "he is choking", "she is choking on a nut"])[1]
    assert np.allclose(alone, among, atol=1e-5)


def test_very_long_text_is_cut_and_empty_text_has_a_vector(embedder: Embedder) -> None:
    assert np.isfinite(embedder.embed(["word " * 3000, "", "\N{FIRE}"])).all()


def test_safetensors_are_read_as_written(tmp_path: Path) -> None:
    values = np.arange(6, dtype="<f4").reshape(2, 3)
    entry = {"dtype": "F32", "shape": [2, 3], "data_offsets": [0, 24]}
    header = json.dumps({"__metadata__": {"format": "pt"}, "x": entry}).encode()
    file = tmp_path / "w.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + values.tobytes())
    found = read_safetensors(file)
    assert list(found) == ["x"]
    assert np.array_equal(found["x"], values)


def test_the_topic_of_the_nearest_lines_scores_best() -> None:
    lines = ["he is fitting", "he is jerking and fitting", "she burnt her arm", "burnt by hot oil"]
    features = [Features(lexical(line), {}) for line in lines]
    classifier = Classifier(["fit", "fit", "burn", "burn"], features)
    scores = classifier.scores(Features(lexical("her arm is burnt"), {}))
    assert [score.topic for score in scores] == ["burn", "fit"]
    assert classifier.scores(Features({}, {}))[0].score == pytest.approx(0, abs=0.1)


def test_only_new_lines_are_worked_out(
    tmp_path: Path, concepts: Concepts, embedder: Embedder
) -> None:
    first, second, third = (Counting(embedder) for _ in range(3))
    one = Learned(LINES, concepts, first, tmp_path)
    again = Learned(LINES, concepts, second, tmp_path)
    Learned((*LINES, ("burn", "scalded")), concepts, third, tmp_path)
    assert (first.lines, second.lines, third.lines) == (
        [line for _, line in LINES],
        [],
        ["scalded"],
    )
    said = "she is jerking"
    pairs = zip(one.scores(said), again.scores(said), strict=True)
    assert all(a.topic == b.topic and a.score == pytest.approx(b.score, abs=1e-3) for a, b in pairs)


def test_damaged_and_unwritable_files_cost_time_and_nothing_else(
    tmp_path: Path, concepts: Concepts, embedder: Embedder
) -> None:
    Learned(LINES, concepts, embedder, tmp_path)
    for file in tmp_path.iterdir():
        file.write_bytes(b"\x00 no such thing")
    assert Learned(LINES, concepts, embedder, tmp_path).scores("he is jerking")[0].topic == "fit"
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert Learned(LINES, concepts, embedder, blocked).scores("he is jerking")[0].topic == "fit"


def test_what_is_expected_has_to_lead_and_to_agree_on_negation(embedder: Embedder) -> None:
    phrases = {"awake": ["she is awake"], "asleep": ["she is not awake"]}
    texts = [text for said in phrases.values() for text in said]
    vectors = dict(zip(texts, embedder.embed(texts), strict=True))
    known = Expected(phrases.items(), Vectors(vectors, lambda text: embedder.embed([text])[0]))
    found = known.closest("she's awake now")
    assert found is not None
    assert found.key == "awake"
    assert found.lead > 0.1
    assert known.ranked("she isn't awake yet")[0][0] == "asleep"
    assert known.ranked("nice weather today")[0][1] < 0.5
    unaided = Expected(phrases.items(), Vectors({}, lambda text: None))
    assert unaided.ranked("she is awake")[0][0] == "awake"
    assert Expected((), Vectors({}, lambda text: None)).closest("she is awake") is None


def test_without_the_embedding_words_and_concepts_find_what_is_plain() -> None:
    content = content_files.load(Settings(triage=Triage(embedding="")))
    assert embedding.find(Settings(triage=Triage(embedding=""))) is None
    for text, slug in (
        ("he's having an asthma attack", "asthma"),
        ("she was bitten by a snake", "snake-bite"),
        ("my baby isn't breathing", "cpr-infant"),
    ):
        found = content.openings.find(text)
        assert isinstance(found, openings.Opening)
        assert found.slug == slug
    assert content.openings.find("what a lovely day") is None


def test_every_line_belongs_to_one_topic_that_exists(content: Content) -> None:
    lines = exemplars.load(content_files.folder(Settings()) / "heard")
    twice = [line for line, n in Counter(line for _, line in set(lines)).items() if n > 1]
    assert twice == []
    for topic in {topic for topic, _ in lines} - {NOTHING}:
        if topic.startswith(ASK):
            assert content.phrase(f"ask_{topic.removeprefix(ASK)}").endswith("?")
        else:
            assert topic in content.protocols


def test_every_protocol_has_many_ways_to_be_told(content: Content) -> None:
    lines = exemplars.load(content_files.folder(Settings()) / "heard")
    ways = Counter(topic for topic, _ in lines)
    assert {slug for slug in content.protocols if ways[slug] < 20} == set()


def test_the_model_is_opened_once() -> None:
    assert isinstance(embedding.find(Settings()), MiniLm)
    assert embedding.find(Settings()) is embedding.find(Settings())
