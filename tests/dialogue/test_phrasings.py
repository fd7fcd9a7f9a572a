"""Further phrasings: what they belong to is checked, and they are listened for."""

from pathlib import Path

import pytest

from voice.dialogue import phrasings
from voice.dialogue.content import Content
from voice.dialogue.yamlfile import ContentError


def _load(tmp_path: Path, text: str, content: Content) -> dict[str, phrasings.Phrasings]:
    (tmp_path / "anaphylaxis.yaml").write_text(text, encoding="utf-8")
    return phrasings.load(tmp_path, content.scripts)


def test_lines_belong_to_what_the_protocol_expects(tmp_path: Path, content: Content) -> None:
    text = "event no-pen: |\n  not one of them has got a jabber\nchoice better no: |\n  puffier\n"
    found = _load(tmp_path, text, content)["anaphylaxis"]
    assert found == {
        "event no-pen": ("not one of them has got a jabber",),
        "choice better no": ("puffier",),
    }


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("event no-such: |\n  words\n", "`event no-such` is nothing that `anaphylaxis` expects"),
        ("event pen-found: |\n  There is no pen!\n", "already means `event no-pen`"),
        ("choice better no: |\n  much better\n", "already means `choice better yes`"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, content: Content, text: str, reason: str
) -> None:
    with pytest.raises(ContentError, match=reason) as failed:
        _load(tmp_path, text, content)
    assert [mistake.line for mistake in failed.value.mistakes] == [1]


def test_files_of_other_protocols_are_left_alone(tmp_path: Path, content: Content) -> None:
    """With `content.require_signed` most protocols are not there, but their files are."""
    (tmp_path / "no-such-protocol.yaml").write_text("event x: |\n  words\n", encoding="utf-8")
    assert phrasings.load(tmp_path, content.scripts) == {}
