"""The replacement of folders, cut off at every single operation on the disk."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from voice.modelstore import swap

OLD = {"a/file": "old a", "b/file": "old b", "gone/file": "old gone"}
NEW = {"a/file": "new a", "b/file": "new b", "c/file": "new c"}
PLAN = swap.Plan(install=("a", "b", "c"), remove=("gone",))


class Killed(BaseException):
    """The process ends here."""


def lay(root: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text)


def state(cache: Path) -> dict[str, str]:
    return {
        path.relative_to(cache).as_posix(): path.read_text()
        for path in cache.rglob("*")
        if path.is_file() and not path.relative_to(cache).parts[0].startswith(".")
    }


def prepared(tmp_path: Path, step: int) -> tuple[Path, Path]:
    cache = tmp_path / str(step)
    staging = cache / ".staging" / "import"
    lay(cache, OLD)
    lay(staging / "new", NEW)
    return cache, staging


def cut_off(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Let the first `step` operations on the disk pass, then end the process."""
    left: Iterator[int] = iter(range(step))

    def until_killed(operation):  # type: ignore[no-untyped-def]
        def call(*args, **options):  # type: ignore[no-untyped-def]
            if next(left, None) is None:
                raise Killed
            return operation(*args, **options)

        return call

    for module, name in ((os, "rename"), (os, "fsync"), (shutil, "rmtree"), (Path, "replace")):
        monkeypatch.setattr(module, name, until_killed(getattr(module, name)))


def test_a_cut_off_replacement_leaves_the_old_or_the_new_state_never_a_mix(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outcomes = []
    for step in range(100):
        cache, staging = prepared(tmp_path, step)
        with monkeypatch.context() as patch:
            cut_off(patch, step)
            try:
                swap.commit(cache, staging, PLAN)
                done = True
            except Killed:
                done = False
        swap.finish(cache)
        assert state(cache) in (OLD, NEW)
        outcomes.append(state(cache) == NEW)
        if outcomes[-1]:
            undo = tmp_path / f"undo{step}"
            shutil.copytree(cache, undo)
            swap.rollback(undo, undo / ".staging" / "import")
            assert state(undo) == OLD
        if done:
            break
    assert done
    assert outcomes == sorted(outcomes)  # first old, from the decision on new
    assert len(set(outcomes)) == 2


def test_a_finish_that_is_itself_cut_off_can_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cache, staging = prepared(tmp_path, 0)
    with monkeypatch.context() as patch:
        patch.setattr(swap, "finish", lambda _: None)
        swap.commit(cache, staging, PLAN)  # decided, nothing moved
    attempts = 0
    while swap.pending(cache):
        with monkeypatch.context() as patch, contextlib.suppress(Killed):
            cut_off(patch, attempts)
            swap.finish(cache)
        attempts += 1
    assert attempts > 3
    assert state(cache) == NEW
    swap.rollback(cache, staging)
    assert state(cache) == OLD


def test_rolling_back_twice_is_rolling_forward(tmp_path: Path) -> None:
    cache, staging = prepared(tmp_path, 0)
    swap.commit(cache, staging, PLAN)
    swap.rollback(cache, staging)
    assert state(cache) == OLD
    swap.rollback(cache, staging)
    assert state(cache) == NEW
