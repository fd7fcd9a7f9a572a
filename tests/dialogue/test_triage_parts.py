"""The parts of triage: sentence vectors, the classifier, what is kept on disk, and its data."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from voice.config import Settings, Triage
from voice.dialogue import content as content_files
from voice.dialogue import vectors
from voice.dialogue.content import Content
from voice.dialogue.expected import Expected
from voice.dialogue.triage import embedding, exemplars, openings, topics
from voice.dialogue.triage.bert_layer import Layer
from voice.dialogue.triage.exemplars import ASK, NOTHING
from voice.dialogue.triage.minilm import MiniLm
from voice.dialogue.vectors import Vectors

LINES = ("he is jerking on the floor", "hot oil on her arm")


@pytest.fixture(scope="module")
def embedder() -> MiniLm:
    found = embedding.find(Settings())
    assert found, "the embedding model is missing: models fetch"
    return found


class Counting:
    """Counts the sentences that had to be worked out."""

    fingerprint = "plain"

    def __init__(self, embedder: MiniLm) -> None:
        self._embedder = embedder
        self.lines: list[str] = []

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        self.lines += texts
        return self._embedder.embed(texts)

    def vector(self, text: str) -> NDArray[np.float32]:
        return self._embedder.vector(text)


def test_sentences_of_like_meaning_have_near_unit_vectors(embedder: MiniLm) -> None:
    vectors = embedder.embed(["the old lady fell over", "my nan has fallen", "I like cheese"])
    assert vectors.shape == (3, 384)
    assert np.allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)
    assert vectors[0] @ vectors[1] > 0.4 > vectors[0] @ vectors[2] + 0.2


def test_a_vector_does_not_depend_on_what_it_is_worked_out_with(embedder: MiniLm) -> None:
    alone = embedder.embed(["he is choking"])[0]
    among = embedder.embed(["a", "he is choking", "she is choking on a nut"])[1]
    assert np.allclose(alone, among, atol=1e-5)


def test_very_long_text_is_cut_and_empty_text_has_a_vector(embedder: MiniLm) -> None:
    assert np.isfinite(embedder.embed(["word " * 3000, "", "\N{FIRE}"])).all()


def test_a_layer_does_what_bert_does() -> None:
    rng = np.random.default_rng(2)
    shapes = {
        "attention.self.query": (384, 384),
        "attention.self.key": (384, 384),
        "attention.self.value": (384, 384),
        "attention.output.dense": (384, 384),
        "attention.output.LayerNorm": (384,),
        "intermediate.dense": (1536, 384),
        "output.dense": (384, 1536),
        "output.LayerNorm": (384,),
    }
    weights = {
        f"encoder.layer.3.{name}.{part}": 0.1 * rng.normal(size=size).astype("f4")
        for name, shape in shapes.items()
        for part, size in (("weight", shape), ("bias", shape[:1]))
    }

    def affine(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        name = f"encoder.layer.3.{name}"
        found: NDArray[np.float64] = x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]
        return found

    def normalised(x: NDArray[np.float64], name: str) -> NDArray[np.float64]:
        name = f"encoder.layer.3.{name}.LayerNorm"
        centred = (x - x.mean(-1, keepdims=True)) / x.std(-1, keepdims=True)
        found: NDArray[np.float64] = centred * weights[f"{name}.weight"] + weights[f"{name}.bias"]
        return found

    x = rng.normal(size=(2, 7, 384))
    query, key, value = (
        affine(x, f"attention.self.{part}").reshape(2, 7, 12, 32).transpose(0, 2, 1, 3)
        for part in ("query", "key", "value")
    )
    share = np.exp(query @ key.transpose(0, 1, 3, 2) / 32**0.5)
    mixed = (share / share.sum(-1, keepdims=True) @ value).transpose(0, 2, 1, 3)
    between = normalised(
        x + affine(mixed.reshape(2, 7, 384), "attention.output.dense"), "attention.output"
    )
    inner = affine(between, "intermediate.dense")
    inner *= 0.5 + 0.5 * np.vectorize(math.erf)(inner / 2**0.5)
    expected = normalised(between + affine(inner, "output.dense"), "output")
    assert np.allclose(Layer(weights, 3)(x.astype("f4")), expected, atol=1e-3)


def test_an_adapter_changes_the_layers_it_names_and_no_others(embedder: MiniLm) -> None:
    name = "encoder.layer.5.output.dense"
    rng = np.random.default_rng(1)
    down, up = rng.normal(size=(4, 1536)), rng.normal(size=(384, 4))
    text = ["he is lying there"]
    before = embedder.embed(text)
    adapted = embedder.adapted({f"{name}.A": 0.1 * down, f"{name}.B": 0.1 * up})
    assert not np.allclose(adapted.embed(text), before, atol=0.01)
    assert adapted.fingerprint != embedder.fingerprint
    assert np.array_equal(embedder.embed(text), before)
    none = embedder.adapted({f"{name}.A": down, f"{name}.B": np.zeros_like(up)})
    assert np.allclose(none.embed(text), before, atol=1e-6)
    with pytest.raises(KeyError):
        embedder.adapted({"encoder.layer.9.output.dense.A": down})


def test_only_new_lines_are_worked_out(tmp_path: Path, embedder: MiniLm) -> None:
    first, second, third = (Counting(embedder) for _ in range(3))
    folder = tmp_path / "kept"
    one = vectors.load(LINES, first, folder)
    again = vectors.load(LINES, second, folder)
    vectors.load((*LINES, "scalded"), third, folder)
    assert (first.lines, second.lines, third.lines) == (list(LINES), [], ["scalded"])
    other, back = Counting(embedder), Counting(embedder)
    vectors.load(("of another copy",), other, folder)
    vectors.load(LINES, back, folder)
    assert (other.lines, back.lines) == (["of another copy"], [])
    for line in LINES:
        kept = one.table[one.row[line]]
        assert np.allclose(kept, again.table[again.row[line]])
        assert np.allclose(kept, one.embed(line), atol=1e-3)


def test_damaged_and_unwritable_files_cost_time_and_nothing_else(
    tmp_path: Path, embedder: MiniLm
) -> None:
    file = tmp_path / "phrasings-plain.npz"
    file.write_bytes(b"\x00 no such thing")
    assert set(vectors.load(LINES, embedder, tmp_path).row) == set(LINES)
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert set(vectors.load(LINES, embedder, blocked).row) == set(LINES)


def test_the_words_of_the_lines_are_kept_until_they_change(tmp_path: Path) -> None:
    lines = [("burns", "scalded my hand"), ("sting", "a wasp got me"), ("other", "left out")]
    fresh = topics.Lines(lines, ["burns", "sting"]).nearest("a scalded foot")
    for _ in range(2):
        kept = topics.Lines(lines, ["burns", "sting"], tmp_path).nearest("a scalded foot")
        assert np.array_equal(kept, fresh)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:200])
    assert topics.Lines(lines, ["burns", "sting"], tmp_path).nearest("wasp")[1] > 0.5
    topics.Lines(lines, ["burns", "sting", "other"], tmp_path)
    (other,) = tmp_path.iterdir()
    assert other.name != file.name


def test_what_is_expected_has_to_lead_and_to_agree_on_negation(embedder: MiniLm) -> None:
    phrases = {"awake": ["she is awake"], "asleep": ["she is not awake"]}
    texts = [text for said in phrases.values() for text in said]
    table = embedder.embed(texts).astype(np.float16)
    row = {text: n for n, text in enumerate(texts)}
    known = Expected(phrases.items(), Vectors(table, row, embedder.vector))
    found = known.closest("she's awake now")
    assert found is not None
    assert found.key == "awake"
    assert found.lead > 0.1
    assert known.ranked("she isn't awake yet")[0][0] == "asleep"
    assert known.ranked("nice weather today")[0][1] < 0.5
    unaided = Expected(phrases.items(), vectors.none())
    assert unaided.ranked("she is awake")[0][0] == "awake"
    assert Expected((), vectors.none()).closest("she is awake") is None


def test_without_the_embedding_words_find_what_is_plain() -> None:
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
    for topic in {exemplars.public(topic) for topic, _ in lines} - {NOTHING}:
        if topic.startswith(ASK):
            assert content.phrase(f"ask_{topic.removeprefix(ASK)}").endswith("?")
        else:
            assert topic in content.protocols


def test_the_trained_topics_are_those_of_the_lines(content: Content) -> None:
    home = content_files.folder(Settings()) / "heard"
    known = topics.find(Settings(), home, content.library.values())
    assert isinstance(known, topics.TrainedTopics)
    assert set(known.names) == {topic for topic, _ in exemplars.load(home)}
    assert sum(score.score for score in known.scores("he is fitting")) == pytest.approx(1, abs=1e-3)


def test_every_protocol_has_many_ways_to_be_told(content: Content) -> None:
    lines = exemplars.load(content_files.folder(Settings()) / "heard")
    ways = Counter(topic for topic, _ in lines)
    assert {slug for slug in content.protocols if ways[slug] < 20} == set()


def test_the_model_is_opened_once() -> None:
    assert isinstance(embedding.find(Settings()), MiniLm)
    assert embedding.find(Settings()) is embedding.find(Settings())
