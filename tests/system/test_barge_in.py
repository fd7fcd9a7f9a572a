"""Interruptions through the real loop, in a room with echo; figures: tests/evals/barge_in.py."""

from pathlib import Path

import pytest

from tests.evals.barge_in import hush, interrupted, patience, percentiles, recorded
from tests.support.assistant import run_wav
from tests.support.sounds import clip

pytestmark = pytest.mark.alone

ECHO = ("--stems", "--echo-db", "-10")


def test_stop_silences_our_voice_while_it_is_said_and_a_cough_costs_no_words(
    tmp_path: Path,
) -> None:
    stop = "stop", recorded("stop")
    cough = "cough", clip("cough_S1").astype("float32") / 32768
    sounds = [stop, stop, stop, cough, cough]
    scene, shouts = interrupted(iter(sounds), len(sounds), rest_s=5, beat=False, wait_s=1.2)
    scene.write(tmp_path / "scene.wav", 5)
    session = run_wav(tmp_path / "scene.wav", tmp_path, *ECHO)
    stops, coughs = list(hush(session, shouts[:3])), list(patience(session, shouts[3:]))
    assert stops, session.events
    assert coughs, session.events
    assert all(row["obeyed"] for row in stops), stops
    assert percentiles([row["silent_s"] for row in stops])["p50"] <= 0.4, stops
    assert not any(row["dropped"] for row in coughs), coughs
