"""Memory of all processes while the assistant works: the demo's conversation, or another recording.

    python -m tests.evals.memory [RECORDING] [--json]

Twice a second the proportional set sizes (PSS, in which a page that several processes share counts
once) of the program and its engines are added up. Prints the most that this came to, and of whom.
The target is 1,600 MB with the embedded models.
"""

import argparse
import contextlib
import json
import subprocess
import sys
import tempfile
from pathlib import Path

import psutil

from tests.support.assistant import ROOT, Live

DEMO = ROOT / "tests" / "data" / "demo" / "emergency.wav"
MOST = 1_600_000_000
"""Bytes."""
WORKER = "voice.engines.worker_main"
_INTERVAL_S = 0.5


def main() -> int:
    """Measure and print; 1 when it is more than the target."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("recording", type=Path, nargs="?", default=DEMO)
    parser.add_argument("--json", action="store_true")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        used = most(args.recording, Path(folder))
    whole = sum(used.values())
    if args.json:
        print(json.dumps({"whole": whole, **used}))
    else:
        for name, size in {**used, "all": whole}.items():
            print(f"{name:26} {size / 1e6:6.0f} MB")
    return int(whole > MOST)


def most(recording: Path, folder: Path) -> dict[str, int]:
    """Bytes of each process at the moment when all together had the most."""
    found: dict[str, int] = {}
    with Live(recording, folder) as live:
        program = psutil.Process(live.process.pid)
        while not _ended(live, _INTERVAL_S):
            now = _sizes(program)
            found = max(found, now, key=lambda sizes: sum(sizes.values()))
        live.finish()
    return found


def _ended(live: Live, wait_s: float) -> bool:
    with contextlib.suppress(subprocess.TimeoutExpired):
        live.process.wait(wait_s)
        return True
    return False


def _sizes(program: psutil.Process) -> dict[str, int]:
    """PSS of the program and of each engine by its model; what ends just now is left out."""
    found = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        found["program"] = program.memory_full_info().pss
        for worker in program.children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                found[_name(worker)] = worker.memory_full_info().pss
    return found


def _name(worker: psutil.Process) -> str:
    """Of `python -m voice.engines.worker_main MODULE OPTIONS PARENT`: a path among the options."""
    command = worker.cmdline()
    if WORKER not in command:
        return f"process {worker.pid}"
    options = json.loads(command[-2])
    return Path(options.get("model_path") or options["voice_path"]).stem


if __name__ == "__main__":
    sys.exit(main())
