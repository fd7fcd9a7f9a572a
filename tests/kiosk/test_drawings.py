"""Which step shows which drawing: everything named exists, and nothing that needs one lacks it."""

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from voice.config import Settings
from voice.dialogue import content as content_files
from voice.dialogue.content import Content
from voice.dialogue.loader import event_steps
from voice.dialogue.protocol import Protocol, Step

FOLDER = Path(__file__).resolve().parents[2] / "voice" / "kiosk" / "page" / "drawings"
RULES: dict[str, dict[str, str]] = yaml.safe_load(
    (content_files.folder(Settings()) / "drawings.yaml").read_text()
)

# Words that tell a position of the body or of the hands, and the drawings that show it.
POSITIONS = {
    r"heel of one hand on the centre|^push hard and fast": {
        "compressions-adult",
        "compressions-child",
    },
    r"^one hand on the centre": {"compressions-child"},
    r"thumbs on the breastbone": {"compressions-infant"},
    r"on (their|her) (left )?side, mouth down": {"recovery-position"},
    r"hold the baby (on their side|face down)": {"baby-side", "back-blows-baby"},
    r"blows between the shoulder blades": {"back-blows-adult", "back-blows-baby"},
    r"fist just above the belly button": {"abdominal-thrusts"},
    r"baby face up, head low": {"chest-thrusts-baby"},
    r"cover mouth and nose, give": {"breath-infant"},
    r"^pinch the nose": {"breath-adult"},
    r"^tilt the head back": {"head-tilt"},
    r"tourniquet \{tourniquet_distance\}|twist the rod": {"tourniquet"},
    r"pack cloth deep": {"pack-wound"},
    r"^press hard on the bleeding": {"pressure-wound"},
    r"push the pen": {"auto-injector"},
    r"stick (one|the other) pad": {"aed-pads-adult"},
    r"adult pads?: ?one on the chest|one adult pad on the chest": {"aed-pads-child"},
    r"\bhold the head gently": {"hold-head"},
    r"^lay (them|her) flat\.|^flat on their back": {"lie-flat", "compressions-adult"},
    r"legs (up|raised)\b": {"legs-raised"},
    r"sitting up, leaning forward": {"sit-forward"},
    r"cushion the head": {"seizure"},
}


def _steps(protocol: Protocol) -> Iterator[Step]:
    yield from protocol.steps
    for event in protocol.events:
        yield from event_steps(event)


def _drawing(slug: str, step: str) -> str | None:
    rules = [*RULES.get(slug, {}).items(), *RULES["*"].items()]
    return next((name for pattern, name in rules if re.fullmatch(pattern, step)), None)


def test_every_protocol_step_and_drawing_that_is_named_exists(content: Content) -> None:
    assert set(RULES) - {"*"} <= set(content.protocols)
    for slug, rules in RULES.items():
        protocols = content.protocols.values() if slug == "*" else [content.protocols[slug]]
        ids = {step.id for protocol in protocols for step in _steps(protocol)}
        for pattern, name in rules.items():
            unknown = [one for one in pattern.split("|") if one not in ids]
            assert (slug, unknown) == (slug, [])
            assert (FOLDER / f"{name}.svg").is_file(), name


def test_every_drawing_is_shown_somewhere() -> None:
    shown = {name for rules in RULES.values() for name in rules.values()}
    assert {file.stem for file in FOLDER.glob("*.svg")} == shown


def test_every_position_of_a_critical_protocol_has_its_drawing(content: Content) -> None:
    wrong = []
    for protocol in content.protocols.values():
        if protocol.urgency != "critical":
            continue
        for step in protocol.steps:
            for words, names in POSITIONS.items():
                found = re.search(words, step.say, re.IGNORECASE)
                if found and _drawing(protocol.id, step.id) not in names:
                    wrong.append((protocol.id, step.id, step.say))
                    break
    assert wrong == []


@pytest.mark.parametrize("file", sorted(FOLDER.glob("*.svg")), ids=lambda file: file.stem)
def test_a_drawing_takes_the_pages_colours_and_has_a_name(file: Path) -> None:
    root = ElementTree.parse(file).getroot()
    assert root.get("role") == "img"
    assert root.get("aria-label")
    kinds = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert kinds <= {"svg", "g", "path", "circle", "rect"}
    names = {name for element in root.iter() for name in element.attrib}
    assert not {name for name in names if name.startswith("on") or name in ("style", "href")}
    paints = {element.get(name) for element in root.iter() for name in ("fill", "stroke")} - {
        None,
        "none",
    }
    ours = r"currentColor|var\(--(ground|tone|accent), #[0-9a-f]{3,6}\)"
    assert all(re.fullmatch(ours, paint) for paint in paints if paint)
