"""The measurement of speech recognition."""

import json
import shutil

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.clips import FOLDER
from voice.bench import wer
from voice.bench.recognition import looped, repeats
from voice.cli import main as cli

pytestmark = pytest.mark.alone


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("It's 10 o'clock, Mr. Hale!", "its ten o clock mister hale"),
        ("a 16-ounce, triple-shot", "a sixteen ounce triple shot"),
        ("1,250 people in 1961", "one thousand two hundred fifty people in "
         "one thousand nine hundred sixty one"),
        ("call 0800 112", "call zero eight zero zero one hundred twelve"),
    ],
)  # fmt: skip
def test_spelling_is_no_error(one, other):
    assert wer.words(one) == wer.words(other)
    assert wer.errors(one, other) == 0


def test_errors_are_counted_a_word_of_the_truth():
    assert wer.rate([("she is breathing", "she isn't breathing"), ("stop", "stop stop")]) == 0.5


@given(st.integers(1, 9999))
def test_each_number_has_its_own_words(number):
    assert wer.words(str(number)) != wer.words(str(number - 1))


@pytest.mark.parametrize(
    ("said", "times"),
    [("stop", 1), ("stop stop", 2), ("go on go on go on", 3), ("a b c a b", 1), ("", 1)],
)
def test_repeats_are_counted_in_a_row(said, times):
    assert repeats(said.split()) == times


def test_only_what_was_not_said_twice_is_a_loop():
    assert looped("pause", "Pause. Pause. Pause.")
    assert not looped("no no", "No, no.")


def folder_of(tmp_path, *names):
    rows = (FOLDER / "manifest.jsonl").read_text().splitlines()
    chosen = [row for row in rows if json.loads(row)["file"] in names]
    (tmp_path / "manifest.jsonl").write_text("\n".join(chosen))
    for name in names:
        shutil.copy(FOLDER / name, tmp_path)
    return tmp_path


def test_the_bench_reports_both_recognisers_on_the_same_clips(tmp_path, capsys):
    clips = folder_of(tmp_path, "rh_what_time_is_it.wav", "my_nww_condition_0.wav")
    assert cli.main(["bench", "recognition", "--clips", str(clips), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["all"]["ours"]["n"] == found["all"]["baseline"]["n"] == 2
    assert found["one_word"]["ours"]["n"] == 1
    assert found["all"]["ours"]["wer"] <= 0.2
    assert found["all"]["ratio_p50"] > 0


@pytest.mark.parametrize(
    ("manifest", "says"),
    [(None, "cannot read the clips"), ("no json", "file and text"), ('{"text": ""}', "file and")],
)
def test_a_folder_that_holds_no_clips_is_one_clear_line(tmp_path, capsys, manifest, says):
    if manifest is not None:
        (tmp_path / "manifest.jsonl").write_text(manifest)
    assert cli.main(["bench", "recognition", "--clips", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert len(error.splitlines()) == 1


def test_a_clip_of_another_rate_is_one_clear_line(tmp_path, capsys):
    import numpy as np
    import soundfile

    soundfile.write(tmp_path / "a.wav", np.zeros(800, np.int16), 8000)
    (tmp_path / "manifest.jsonl").write_text('{"file": "a.wav", "text": "x"}')
    assert cli.main(["bench", "recognition", "--clips", str(tmp_path)]) == 2
    assert "16000 Hz" in capsys.readouterr().err
