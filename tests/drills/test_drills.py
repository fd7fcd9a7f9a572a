"""Every drill goes as its file says."""

from pathlib import Path

import pytest

from tests.drills import drill

pytestmark = pytest.mark.paired

FILES = sorted(Path(__file__).parent.glob("*.yaml"))


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_drill_goes_as_written(file: Path, tmp_path: Path) -> None:
    course = drill.act(drill.read(file), tmp_path)
    faults = {
        f"{line.at} {line.play}": found
        for index, line in enumerate(course.drill.lines)
        if (found := course.faults(index))
    }
    assert not faults
    assert course.stray_beats() == 0
