"""`models …` as it is typed."""

import argparse
import json
from pathlib import Path

import pytest

from voice.cli import models
from voice.errors import UserError
from voice.modelstore import load


def type_in(*words: str) -> int:
    parser = argparse.ArgumentParser()
    models.configure(parser)
    return models.main(parser.parse_args(words))


def test_list_prints_role_name_path_and_ok_of_every_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert type_in("list", "--json") == 0
    rows = json.loads(capsys.readouterr().out)
    assert {row["name"] for row in rows} == {entry.name for entry in load().models}
    for row in rows:
        assert Path(row["path"]).exists() == row["ok"]
        assert row["ok"] or not row["needed"]
    assert type_in("list") == 0
    assert "whisper-base" in capsys.readouterr().out


def test_verify_finds_what_is_missing_and_says_what_to_type(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    where = f"models.cache={tmp_path}"
    assert type_in("verify", "whisper-base", "--set", where) == 3
    said = capsys.readouterr().out
    assert "whisper-base: model.bin is missing" in said
    assert "models fetch whisper-base" in said
    assert type_in("verify", "--quick") == 0


def test_verify_sees_a_change_of_one_byte(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for file in load().entry("en_US-joe-medium").files:
        (tmp_path / "en_US-joe-medium").mkdir(exist_ok=True)
        with (tmp_path / "en_US-joe-medium" / file.path).open("wb") as weights:
            weights.truncate(file.bytes)
    where = ("--set", f"models.cache={tmp_path}")
    assert type_in("verify", "en_US-joe-medium", "--quick", *where) == 0
    assert type_in("verify", "en_US-joe-medium", *where) == 3
    assert "wrong checksum" in capsys.readouterr().out


@pytest.mark.parametrize(
    "words",
    [
        ("fetch", "no-such-model"),
        ("fetch", "--all", "whisper-base"),
        ("verify", "no-such-model"),
        ("import",),
        ("import", "--rollback", "somewhere"),
        ("import", "/no/such/stick"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(words: tuple[str, ...], tmp_path: Path) -> None:
    with pytest.raises(UserError) as mistake:
        type_in(*words, "--set", f"models.cache={tmp_path}")
    assert mistake.value.exit_code == 2
    assert "\n" not in str(mistake.value)


def test_exporting_what_is_not_there_is_exit_code_3(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="models fetch whisper-base") as mistake:
        type_in("export", str(tmp_path / "stick"), "--set", f"models.cache={tmp_path / 'none'}")
    assert mistake.value.exit_code == 3
