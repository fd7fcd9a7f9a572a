"""Whole conversations as data."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.talking import Talk
from voice.dialogue.dialogue import Dialogue

SCENES = [
    scene
    for file in sorted((Path(__file__).parent / "scenes").glob("*.yaml"))
    for scene in yaml.safe_load(file.read_text())
]


@pytest.mark.parametrize("scene", SCENES, ids=[scene["name"] for scene in SCENES])
def test_a_conversation_goes_as_written(scene: dict[str, Any], dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start(scene.get("protocol")))
    for said, heard, kind, place in scene["turns"]:
        reply = talk.timer() if said == "timer" else talk.say(said)
        stands = " ".join(talk.place) if talk.place else None
        assert (said, reply.heard, reply.kind, stands) == (said, heard, kind, place)
