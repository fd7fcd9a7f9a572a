"""The format: mistakes are found with file, line and reason; the schema is the structs'."""

import re
from pathlib import Path

import pytest

from voice.config import ROOT, Settings
from voice.dialogue import checks, loader, schema, words, yamlfile
from voice.dialogue import content as content_files
from voice.dialogue.content import Content
from voice.dialogue.protocol import event_lines
from voice.dialogue.yamlfile import ContentError
from voice.errors import UserError

FOLDER = content_files.folder(Settings()) / "protocols"
FILES = sorted(FOLDER.glob("*.yaml"))

LOADING = [
    ("kind: loop", "kind: loup", "Invalid enum value 'loup'"),
    ("    safe: no\n", "", "names no safe choice"),
    ("    safe: no\n", "    safe: perhaps\n", "`perhaps` is none of the choices"),
    ("then: keep-coughing", "then: keep-caughing", "no step `keep-caughing`"),
    ("  - id: pull\n", "  - id: fist\n", "step `fist` stands here twice"),
    ("urgency: critical", "urgency: huge", "Invalid enum value 'huge'"),
    ("urgency: critical\n", "", "missing required field `urgency`"),
    ("version: 1", "version: one", "Expected `int`, got `str`"),
    ("version: 1", "version: 1\nversion: 2", "`version` stands here twice"),
    ("    screen: Lean forward", "    scream: Lean forward", "unknown field `scream`"),
    ("id: choking-adult", "id: choking", "is not the file's name"),
    ("    seconds: 25\n", "    seconds: -1\n", "Expected `int` >= 1"),
    ("    seconds: 25\n    then: blows\n", "", "does not say where to go"),
    ("kind: end\n", "kind: timer\n", "has no `seconds`"),
    ("standing: Stay", "standing: [Stay", "yaml:"),
    ("    repeat_after: 20\n", "    repeat_after: 20\n    advance_after: 9\n", "both advance"),
    ("  - id: water\n", "  - id: first\n", "`first` stands here twice"),
    ('said: ["see a doctor today"]', 'said: ["see (a"]', "not a pattern"),
    ("fact: Never give water", "fact: Give water", "Never"),
    ("    finding: cleared\n    hear", "    heard", "unknown field"),
    ('    on_unclear: "Is any sound', '    off: "Is any sound', "unknown field `off`"),
]

CHECKING = [
    ("say: Look now. Is it out?", "say: Look now. See it? Is it out?", "3 sentences"),
    (
        "say: Stay close. Is the cough still strong?",
        "say: Stay very close to them now, sit down on the floor, and tell me whether the "
        "cough is still strong?",
        "words, at most 15",
    ),
    ("in and up, five times.", "in and up, 5 times.", "numbers are written as words"),
    ("This is C P R now", "This is CPR now", "write letters apart"),
    ("call {emergency}. Lean", "call {ambulance}. Lean", "slot `{ambulance}`"),
    ("See a doctor today.", "Rest today.", "no line says"),
    ("say: Hard blows, with", "say: Give water. Hard blows, with", "may not be advised"),
    ("someone to call {emergency}. Lean", "someone. Lean", "call for help does not come"),
    ("hear: [still standing,", "hear: [floppy,", "`floppy` also means `limp`"),
    ("hear: [not out,", "hear: [stop, not out,", "is the command `stop`"),
    ("hear: [it is out,", "hear: [nope, it is out,", "means no, here it means yes"),
    ("finding: cleared", "finding: cleaned", "is no finding"),
    ("    unless: can-cough\n", "    unless: can-sing\n", "nothing ever sets the fact `can-sing`"),
    ("known: [unresponsive]", "known: [wobbly]", "nothing ever sets the fact `wobbly`"),
    (
        "    kind: loop\n    say: Keep the blows and pulls going. Send someone to call again.\n"
        "    screen: Keep going\n    seconds: 25\n",
        "    say: Keep the blows and pulls going. Send someone to call again.\n",
        "comes round again",
    ),
    ("  - she is choking\n", "  - blood spurting\n", "also triggers `severe-bleeding`"),
    ("        then: start-cpr", "        then: out", "never reached"),
    (
        "ask: [how hard do I hit,",
        "ask: [do they need a hospital after, how hard do I hit,",
        "also means `how-hard`",
    ),
    ("    kind: end\n    say: Belly", "    say: Belly", "is no end, loop or goto"),
    ("who: [adult]\n", "who: [adult]\nstands_in_for: [cpr-adult]\n", "is written"),
    ("then: goto:cpr-adult", "then: goto:cpr-adults", "no protocol `cpr-adults`"),
    ("child: choking-child", "child: choking-kid", "no protocol `choking-kid`"),
    ("  - id: doctor\n", "  - id: doctor\n    unless: can-cough\n", "may be skipped"),
    (
        "  - id: noisy\n",
        "  - {id: again-out, finding: cleared, then: out}\n  - id: noisy\n",
        "event `again-out` never happens: `cleared` comes before it",
    ),
    (
        "    steps:\n      - Five back blows first.\n",
        "    steps:\n      - {id: awake-1, say: Five back blows first.}\n",
        "a step of `awake` in events.yaml is named `awake-1`",
    ),
    ("say: Look now. Is it out?", 'say: "Call {emergency}. Is it out?"', "wait for an answer"),
    ("  - id: lean\n", "  - id: lean\n    kind: end\n", "nothing follows the call for help"),
    (
        "  - id: watch-cough\n",
        "  - {id: sit, say: Sit them down.}\n  - {id: coat, say: Open the coat.}\n"
        '  - {id: call, say: "Call {emergency}."}\n  - id: watch-cough\n',
        "after `yes` at `cough` the call comes later than step 2",
    ),
    ("See a doctor today.", "Chew three hundred aspirin. See a doctor today.", "without its unit"),
    ("harm", "harm\n    # nothing", ""),
]


def planted(tmp_path: Path, before: str, after: str) -> Path:
    """choking-adult.yaml with one change."""
    text = (FOLDER / "choking-adult.yaml").read_text()
    assert before in text, before
    file = tmp_path / "choking-adult.yaml"
    file.write_text(text.replace(before, after, 1))
    return file


@pytest.mark.parametrize(("before", "after", "reason"), LOADING, ids=[c[2] for c in LOADING])
def test_a_mistake_in_the_format_is_refused_with_its_line(
    before: str, after: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(ContentError) as refused:
        loader.read(planted(tmp_path, before, after))
    lines = str(refused.value).splitlines()
    assert any(reason in line for line in lines), lines
    assert all(line.startswith("choking-adult.yaml:") for line in lines)


@pytest.mark.parametrize(("before", "after", "reason"), CHECKING, ids=[c[2] for c in CHECKING])
def test_a_planted_mistake_is_found_with_file_line_and_reason(
    before: str, after: str, reason: str, tmp_path: Path, content: Content
) -> None:
    found = [str(mistake) for mistake in checks.check(planted(tmp_path, before, after), content)]
    if not reason:
        assert found == []
        return
    assert any(reason in line for line in found), found
    assert all(re.match(r"choking-adult\.yaml:\d+: \S", line) for line in found)


def test_a_mistake_points_at_its_own_line(tmp_path: Path) -> None:
    file = planted(tmp_path, "then: keep-coughing", "then: nowhere")
    number = file.read_text().splitlines().index("        then: nowhere") + 1
    with pytest.raises(ContentError) as refused:
        loader.read(file)
    assert str(refused.value) == f"choking-adult.yaml:{number}: no step `nowhere`"


def test_several_mistakes_are_all_reported_at_once(tmp_path: Path) -> None:
    file = planted(tmp_path, "kind: ask", "kind: asks")
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


def test_an_unknown_region_is_named() -> None:
    with pytest.raises(UserError, match="atlantis"):
        content_files.load(Settings(content=Settings().content.__class__(region="atlantis")))
