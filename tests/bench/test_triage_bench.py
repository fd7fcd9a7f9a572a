"""The triage bench counts what the dialogue does, and its table says so."""

from pathlib import Path

from tests.support.real_content import loaded
from voice.bench import triage
from voice.config import Settings
from voice.dialogue.dialogue import Dialogue

CASES = """
{"id": "a", "kind": "opening", "turns": ["he is choking on a nut"], "protocol": "choking-adult"}
{"id": "b", "kind": "opening", "turns": ["he is choking on a nut"], "protocol": "burns"}
{"id": "c", "kind": "nothing", "turns": ["what a lovely day"]}
{"id": "d", "kind": "nothing", "turns": ["he is not breathing"]}
{"id": "e", "kind": "follow_up", "protocol_before": "cpr-adult", "turns": ["next", "go back"],
 "protocol": "cpr-adult", "heard": "command"}
{"id": "f", "kind": "command_words", "protocol_before": "cpr-adult", "turns": ["stop"],
 "not_command": true}
{"id": "g", "kind": "lost_negation", "protocol_before": "cpr-adult", "reply": "clarify",
 "turns": [{"text": "he is breathing now", "confidence": 0.4}]}
"""


def test_right_and_wrong_are_counted_by_kind(tmp_path: Path) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_text(CASES.replace(",\n ", ", "))
    known = loaded()
    asked = Dialogue(known, Settings(), always=True)
    seen = triage.run(triage.read_cases(file), asked, Dialogue(known, Settings()))
    assert [item.case.id for item in seen if not item.right] == ["b", "d", "f"]
    found = triage.report(seen)
    assert found["kinds"]["opening"] == {"n": 2, "right": 1, "right_or_question": 1}
    assert found["confusions"] == [["burns", "choking-adult", 1]]
    assert found["decisions"] == 8
    assert [line.split(":")[0] for line in triage.mistakes(seen)] == ["b", "d", "f"]
    text = triage.table({**found, "load_s": 0.5})
    assert "opening             2      1   50.0%" in text
