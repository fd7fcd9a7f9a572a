"""Replaces several folders of the cache as one step, and can take the step back.

What is to come is laid out in a staging folder. Renaming that folder to `.incoming` is the moment
of decision: before it nothing has changed, after it the moves go on to their end, by `finish`,
even when the process is killed in between. Replaced folders go to `.previous`, together with the
plan that brings them back.

    .incoming/plan.json   {"install": names, "remove": names}
    .incoming/new/NAME    the folders to install
    .incoming/old/        becomes .previous: the replaced folders, and their own plan.json
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec

from voice.errors import UserError
from voice.modelstore.files import link_or_copy, sync_directory, write

Note = Callable[[str], None]
"""Tells the user something, one line a call."""


class Plan(msgspec.Struct, frozen=True):
    """Which folders of the cache are replaced by new ones, and which are taken away."""

    install: tuple[str, ...]
    remove: tuple[str, ...] = ()


def commit(cache_dir: Path, staging: Path, plan: Plan) -> None:
    """Install `staging/new/NAME` for all names of the plan; the caller holds the store's lock."""
    touched = plan.install + plan.remove
    undo = Plan(
        install=tuple(name for name in touched if (cache_dir / name).exists()),
        remove=tuple(name for name in plan.install if not (cache_dir / name).exists()),
    )
    (staging / "old").mkdir()
    write([msgspec.json.encode(undo)], staging / "old" / "plan.json")
    write([msgspec.json.encode(plan)], staging / "plan.json")
    for folder in (staging / "old", staging / "new", staging):
        sync_directory(folder)
    os.rename(staging, cache_dir / ".incoming")
    sync_directory(cache_dir)
    finish(cache_dir)


def pending(cache_dir: Path) -> bool:
    """Whether a decided replacement has not come to its end."""
    return (cache_dir / ".incoming").exists()


def finish(cache_dir: Path) -> None:
    """Carry a decided replacement to its end; does nothing when there is none. Repeatable."""
    incoming, previous = cache_dir / ".incoming", cache_dir / ".previous"
    if not incoming.exists():
        return
    new, old = incoming / "new", incoming / "old"
    if old.exists():
        plan = msgspec.json.decode((incoming / "plan.json").read_bytes(), type=Plan)
        for name in plan.install:
            if (new / name).exists():  # else this name is done
                _move_away(cache_dir / name, old / name)
                os.rename(new / name, cache_dir / name)
        for name in plan.remove:
            _move_away(cache_dir / name, old / name)
        sync_directory(cache_dir)
        shutil.rmtree(previous, ignore_errors=True)
        os.rename(old, previous)
    shutil.rmtree(incoming)


def rollback(cache_dir: Path, staging: Path) -> Plan:
    """Bring back what the last `commit` replaced; a second roll-back undoes the first."""
    previous = cache_dir / ".previous"
    if not (previous / "plan.json").exists():
        raise UserError(f"{cache_dir} holds no earlier state to go back to")
    plan = msgspec.json.decode((previous / "plan.json").read_bytes(), type=Plan)
    for name in plan.install:
        # A link farm instead of a rename keeps `.previous` whole until the step is decided.
        shutil.copytree(previous / name, staging / "new" / name, copy_function=link_or_copy)
    commit(cache_dir, staging, plan)
    return plan


def _move_away(path: Path, target: Path) -> None:
    if path.exists() and not target.exists():
        os.rename(path, target)
