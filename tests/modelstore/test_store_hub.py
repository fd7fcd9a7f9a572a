"""Fetching with the real Hugging Face client, from a server on this machine that speaks its HTTP.

The client reads its endpoint when it is imported, so each fetch runs in a process of its own.
"""

import http.server
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from tests.support.model_shop import VOICE, Notes, Shop, digest
from voice.modelstore.bundle_export import export
from voice.modelstore.bundle_import import import_bundle
from voice.modelstore.cache import problems
from voice.modelstore.catalogue import Catalogue, ModelEntry

FETCH = """
import sys
from pathlib import Path
import msgspec
from tests.support.model_shop import VOICE, model_file, open_shop
from voice.errors import UserError
from voice.modelstore.fetch import fetch
from voice.modelstore.progress import Progress

shop = open_shop(Path(sys.argv[1]))
file = model_file("voice.onnx", VOICE * int(sys.argv[2]), hub="en/voice.onnx")
if "unpinned" in sys.argv:
    file = msgspec.structs.replace(file, bytes=1, sha256="")
entry = msgspec.structs.replace(shop.catalogue.entry("mouth"), files=(file,))
try:
    fetch([entry], shop.cache, Progress())
except UserError as error:
    print(f"error: {error}")
    sys.exit(error.exit_code)
"""


@dataclass
class Hub:
    """One file of one repository; `cut` ends the first answer after so many bytes."""

    content: bytes = VOICE
    etag: str = digest(VOICE)
    cut: int | None = None
    gets: list[str | None] = field(default_factory=list)
    """The Range header of each download."""
    url: str = ""


@pytest.fixture
def hub() -> Iterator[Hub]:
    served = Hub()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.head(0, len(served.content))

        def do_GET(self) -> None:
            wanted = self.headers.get("Range")
            served.gets.append(wanted)
            start = int(wanted.removeprefix("bytes=").split("-")[0]) if wanted else 0
            body = served.content[start:]
            self.head(start, len(body))
            stop, served.cut = served.cut, None
            self.wfile.write(body[:stop])
            self.close_connection = True

        def head(self, start: int, length: int) -> None:
            self.send_response(206 if start else 200)
            self.send_header("Content-Length", str(length))
            if start:
                total = len(served.content)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            self.send_header("ETag", f'"{served.etag}"')
            self.send_header("X-Repo-Commit", "c" * 40)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    served.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield served
    server.shutdown()
    thread.join()
    server.server_close()


def fetch_mouth(
    root: Path, endpoint: str, times: int = 1, *flags: str
) -> subprocess.CompletedProcess[str]:
    (root / "wheels").rmdir()  # the process opens the same shop anew
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(root / "home"),
        "HF_HUB_OFFLINE": "1",  # an explicit fetch lifts it
        "no_proxy": "127.0.0.1",
    }
    return subprocess.run(
        [sys.executable, "-c", FETCH, str(root), str(times), *flags],
        env=environment,
        capture_output=True,
        text=True,
    )


@pytest.fixture
def empty(shop: Shop) -> Shop:
    for wheel in shop.wheels.iterdir():
        wheel.unlink()
    return shop


def test_a_file_comes_from_the_hub(empty: Shop, tmp_path: Path, hub: Hub) -> None:
    done = fetch_mouth(tmp_path, hub.url)
    assert done.returncode == 0, done.stdout + done.stderr
    assert empty.contents() == {"mouth/voice.onnx": VOICE}


def test_a_broken_download_goes_on_where_it_stopped(empty: Shop, tmp_path: Path, hub: Hub) -> None:
    times = 16_000
    hub.content = VOICE * times
    hub.etag = digest(hub.content)
    hub.cut = 11 << 20  # the client writes 10 MiB at a time
    done = fetch_mouth(tmp_path, hub.url, times)
    assert done.returncode == 0, done.stdout + done.stderr
    assert empty.contents() == {"mouth/voice.onnx": hub.content}
    assert hub.gets == [None, f"bytes={10 << 20}-"]


@pytest.mark.parametrize("etag", [digest(b"other"), "another-kind-of-hash"])
def test_a_file_that_has_changed_on_the_hub_is_refused(
    empty: Shop, tmp_path: Path, hub: Hub, etag: str
) -> None:
    hub.content, hub.etag = VOICE[::-1], etag
    done = fetch_mouth(tmp_path, hub.url)
    assert done.returncode == 3
    assert "checksum" in done.stdout
    assert "models import" in done.stdout
    assert empty.contents() == {}
    # A checksum in the headers saves the download.
    assert bool(hub.gets) == (len(etag) != 64)


def test_a_hub_out_of_reach_names_the_other_way_in(empty: Shop, tmp_path: Path) -> None:
    done = fetch_mouth(tmp_path, "http://127.0.0.1:9")
    assert done.returncode == 3
    assert "somebody/voices cannot be read" in done.stdout
    assert "models import" in done.stdout
    assert "Traceback" not in done.stderr
    assert empty.contents() == {}


# --- a file whose checksum the catalogue does not know ------------------------------------------


def unpinned(shop: Shop) -> ModelEntry:
    mouth = shop.catalogue.entry("mouth")
    return msgspec.structs.replace(
        mouth, files=tuple(msgspec.structs.replace(f, bytes=1, sha256="") for f in mouth.files)
    )


@pytest.mark.parametrize(
    ("etag", "says"),
    [(digest(VOICE), "compared with what Hugging Face says"), ("git", "compared with nothing")],
)
def test_an_unpinned_file_is_recorded_and_what_could_be_compared_is_said(
    empty: Shop, tmp_path: Path, hub: Hub, etag: str, says: str
) -> None:
    hub.etag = etag
    done = fetch_mouth(tmp_path, hub.url, 1, "unpinned")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "we have no checksum for voice.onnx" in done.stderr
    assert f"{says}" in done.stderr
    assert digest(VOICE) in done.stderr
    assert "c" * 40 in done.stderr
    assert problems(unpinned(empty), empty.cache, deep=True) == []
    (empty.cache / "mouth" / "voice.onnx").write_bytes(VOICE[::-1])
    assert "wrong checksum" in problems(unpinned(empty), empty.cache, deep=True)[0]


def test_an_unpinned_file_that_is_damaged_on_the_way_is_refused(
    empty: Shop, tmp_path: Path, hub: Hub
) -> None:
    hub.content = VOICE[::-1]
    done = fetch_mouth(tmp_path, hub.url, 1, "unpinned")
    assert done.returncode == 3
    assert "wrong checksum" in done.stdout
    assert empty.contents() == {}


def test_an_unpinned_file_of_unknown_origin_is_a_problem(empty: Shop) -> None:
    empty.fill("mouth")
    assert "nothing says what it should be" in problems(unpinned(empty), empty.cache)[0]


def test_a_bundle_carries_the_record_of_an_unpinned_file(
    empty: Shop, tmp_path: Path, hub: Hub
) -> None:
    fetch_mouth(tmp_path, hub.url, 1, "unpinned")
    mouth = unpinned(empty)
    models, notes = Catalogue((mouth,)), Notes()
    export((mouth,), empty.cache, tmp_path / "stick", models, notes)
    import_bundle(tmp_path / "stick", tmp_path / "other", models, notes)
    assert problems(mouth, tmp_path / "other", deep=True) == []
    assert "voice.onnx: compared with the bundle's manifest alone" in notes.text
