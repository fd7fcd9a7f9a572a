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

import pytest

from tests.support.model_shop import VOICE, Shop, digest

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


def fetch_mouth(root: Path, endpoint: str, times: int = 1) -> subprocess.CompletedProcess[str]:
    (root / "wheels").rmdir()  # the process opens the same shop anew
    environment = {
        **os.environ,
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(root / "home"),
        "HF_HUB_OFFLINE": "1",  # an explicit fetch lifts it
        "no_proxy": "127.0.0.1",
    }
    return subprocess.run(
        [sys.executable, "-c", FETCH, str(root), str(times)],
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
