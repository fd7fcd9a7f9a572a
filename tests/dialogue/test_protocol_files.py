"""The format: mistakes are found with file, line and reason; the schema is the structs'."""

import re
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.support.mistakes import FORMAT, MEANING, Planted
from voice.config import ROOT, Settings
from voice.dialogue import checks, loader, schema, words, yamlfile
from voice.dialogue import content as content_files
from voice.dialogue.checks.subject import Subject
from voice.dialogue.content import Content
from voice.dialogue.protocol import event_lines
from voice.dialogue.yamlfile import ContentError, Mistake
from voice.engines.speech_split import sentences
from voice.errors import UserError

FOLDER = content_files.folder(Settings()) / "protocols"
FILES = sorted(FOLDER.glob("*.yaml"))


@pytest.mark.parametrize("mistake", FORMAT, ids=[mistake.reason for mistake in FORMAT])
def test_a_mistake_in_the_format_is_refused_with_its_line(mistake: Planted, tmp_path: Path) -> None:
    file = mistake.plant(tmp_path)
    with pytest.raises(ContentError) as refused:
        loader.read(file)
    _check(mistake, file, refused.value.mistakes)


@pytest.mark.parametrize("mistake", MEANING, ids=[mistake.reason for mistake in MEANING])
def test_a_planted_mistake_is_found_with_file_line_and_reason(
    mistake: Planted, tmp_path: Path, content: Content
) -> None:
    file = mistake.plant(tmp_path)
    _check(mistake, file, checks.check(file, content))


def _check(mistake: Planted, file: Path, found: Sequence[Mistake]) -> None:
    """One of the lines found names the file, the right line and the reason."""
    lines = [str(one) for one in found]
    assert all(re.match(r"choking-adult\.yaml:\d+: \S", line) for line in lines)
    told = [one for one in found if mistake.reason in one.reason]
    assert any(mistake.points_at(file, one.line) for one in told), lines


def test_a_remark_is_no_mistake(tmp_path: Path, content: Content) -> None:
    file = Planted("events:", "# a remark\nevents:", "").plant(tmp_path)
    assert checks.check(file, content) == []


def test_every_check_has_a_mistake_planted_for_it(tmp_path: Path, content: Content) -> None:
    silent = {check.__name__ for check in checks.CHECKS}
    for mistake in MEANING:
        file = mistake.plant(tmp_path)
        protocol, _ = loader.read(file)
        subject = Subject(protocol, content, (other.stem for other in file.parent.glob("*.yaml")))
        silent -= {check.__name__ for check in checks.CHECKS if any(check(subject))}
    assert silent == set()


def test_several_mistakes_are_all_reported_at_once(tmp_path: Path) -> None:
    file = Planted("kind: ask", "kind: asks", "").plant(tmp_path)
    file.write_text(file.read_text().replace("kind: loop", "kind: loup", 1))
    with pytest.raises(ContentError) as refused:
        loader.read(file)
    assert len(refused.value.mistakes) == 2


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_protocol_passes_every_check(file: Path, content: Content) -> None:
    assert [str(mistake) for mistake in checks.check(file, content)] == []


def test_what_is_said_everywhere_keeps_to_the_same_limits(content: Content) -> None:
    lines = [line for event in content.everywhere for line in event_lines(event)]
    for line in [*lines, *content.phrases.values()]:
        assert words.count(line) <= 15, line
        assert words.sentences(line) <= 2, line
        assert not any(character.isdigit() for character in line), line


def test_yes_no_on_and_off_stay_words() -> None:
    document = yamlfile.Document("x", "a: yes\nb: [no, on, off, true, 7, '7', ~]\n")
    assert document.data == {"a": "yes", "b": ["no", "on", "off", True, 7, "7", None]}


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just words", "a: [1", "\tx: 1", "a: &a [*a]"])
def test_a_file_that_is_no_protocol_is_one_line(text: str, tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_text(text)
    with pytest.raises(ContentError) as refused:
        loader.read(file)
    assert str(refused.value).startswith("odd.yaml:")


def test_a_file_that_is_not_text_is_one_line(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    file.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ContentError, match=r"^odd.yaml:1: is not UTF-8"):
        loader.read(file)


def test_the_published_schema_is_that_of_the_code() -> None:
    assert (ROOT / "docs" / "protocol.schema.json").read_text() == schema.schema()


def test_every_region_fills_every_slot_and_speaks_words(content: Content) -> None:
    for name in content.regions.regions:
        loaded = content_files.load(Settings(content=Settings().content.__class__(region=name)))
        lines = content_files.spoken_lines(loaded)
        assert not any("{" in line or any(c.isdigit() for c in line) for line in lines)
        assert len(lines) == len(set(lines))


def test_spoken_lines_begin_with_what_saves_lives(content: Content) -> None:
    lines = content_files.spoken_lines(content)
    first = lines.index(content.say(content.protocols["cpr-adult"].steps[0].say))
    last = lines.index(content.say(content.protocols["cpr-adult"].handover))
    assert first < last


def test_the_first_words_of_every_protocol_are_among_the_lines_rendered_at_set_up(
    content: Content,
) -> None:
    few = re.search(r"models render --first (\d+)", (ROOT / "Makefile").read_text())
    assert few
    lines = content_files.spoken_lines(content)
    ready = list(dict.fromkeys(s for line in lines for s in sentences(line)))[: int(few[1])]
    for protocol in content.by_urgency:
        assert sentences(content.say(protocol.steps[0].say))[0] in ready, protocol.id


def test_an_unknown_region_is_named() -> None:
    with pytest.raises(UserError, match="atlantis"):
        content_files.load(Settings(content=Settings().content.__class__(region="atlantis")))
