"""The systemd units: checked by systemd itself where it is there, and by what they have to say."""

import configparser
import shutil
import subprocess
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "configs" / "systemd"
UNITS = sorted(FOLDER.glob("*.service"))


class Options(dict[str, str]):
    """An option that stands several times is a list in one string."""

    def __setitem__(self, key: str, value: str) -> None:
        if isinstance(value, list) and key in self:
            self[key].extend(value)  # type: ignore[attr-defined]
        else:
            super().__setitem__(key, value)


def read(name: str) -> configparser.ConfigParser:
    unit = configparser.ConfigParser(strict=False, interpolation=None, dict_type=Options)
    unit.optionxform = str  # type: ignore[assignment]
    unit.read_string((FOLDER / name).read_text())
    return unit


def test_there_are_two_units() -> None:
    assert [unit.name for unit in UNITS] == ["rescue-voice-screen.service", "rescue-voice.service"]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd here")
@pytest.mark.parametrize("unit", UNITS, ids=[unit.stem for unit in UNITS])
def test_systemd_finds_no_fault(unit: Path, tmp_path: Path) -> None:
    """Programs that only a kiosk has are stood in for."""
    text = unit.read_text()
    for program in (
        "/opt/rescue-voice/.venv/bin/python",
        "/usr/bin/cage",
    ):
        text = text.replace(program, shutil.which("true") or "/bin/true")
    for other in UNITS:
        (tmp_path / other.name).write_text(text if other == unit else other.read_text())
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(tmp_path / unit.name)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"SYSTEMD_UNIT_PATH": f"{tmp_path}:", "PATH": "/usr/bin:/bin"},
    )
    found = [
        line
        for line in done.stderr.splitlines()
        if unit.name in line and "is not executable" not in line
    ]
    assert found == []


def test_the_assistant_is_watched_restarted_and_confined() -> None:
    service = read("rescue-voice.service")["Service"]
    assert service["Type"] == "notify"
    assert 0 < int(service["WatchdogSec"]) <= 60
    assert service["Restart"] == "always"
    assert float(service["RestartSec"]) <= 2
    assert service["User"] not in ("", "root")
    assert "run_assistant.py kiosk" in service["ExecStart"]
    for option, value in {
        "NoNewPrivileges": "yes",
        "ProtectSystem": "strict",
        "ProtectHome": "yes",
        "PrivateTmp": "yes",
        "CapabilityBoundingSet": "",
        "IPAddressDeny": "any",
        "IPAddressAllow": "localhost",
    }.items():
        assert service[option] == value
    assert service["StateDirectory"]


def test_the_screen_shows_the_page_and_keeps_nothing() -> None:
    service = read("rescue-voice-screen.service")["Service"]
    assert "--kiosk" in service["ExecStart"]
    assert "http://127.0.0.1:8765/" in service["ExecStart"]
    assert "--incognito" in service["ExecStart"]
    assert service["RuntimeDirectory"] in service["ExecStart"], "the profile is gone with a restart"
    assert service["Restart"] == "always"
    assert service["User"] not in ("", "root")
    assert "no-sandbox" not in service["ExecStart"]


def test_no_service_gives_up_restarting() -> None:
    for unit in UNITS:
        assert read(unit.name)["Unit"]["StartLimitIntervalSec"] == "0"
