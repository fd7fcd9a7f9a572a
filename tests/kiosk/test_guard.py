"""Who may talk to the page's server: by headers alone, and how often."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from voice.config import Kiosk, Settings
from voice.errors import UserError
from voice.kiosk.address import server_options
from voice.kiosk.guard import LOOPBACK, Guard, Rate

pytestmark = pytest.mark.alone

OURS = (b"host", b"localhost:8765")
OUR_PAGE = (b"origin", b"http://127.0.0.1:8765")


@pytest.mark.parametrize(("headers", "socket", "why"), [
    ([OURS], False, ""),
    ([OURS, OUR_PAGE], True, ""),
    ([(b"Host", b"LOCALHOST:8765")], False, ""),
    ([(b"host", b"[::1]:8765")], False, ""),
    ([(b"host", b"evil.example:8765")], False, "host"),
    ([(b"host", b"localhost")], False, "host"),
    ([(b"host", b"localhost:8765.evil.example")], False, "host"),
    ([(b"host", b"localhost:8765"), (b"host", b"evil.example")], False, "host"),
    ([], False, "host"),
    ([OURS], True, "origin"),
    ([OURS, (b"origin", b"http://evil.example")], True, "origin"),
    ([OURS, (b"origin", b"http://evil.example")], False, "origin"),
    ([OURS, (b"origin", b"null")], True, "origin"),
    ([OURS, (b"origin", b"https://localhost:8765")], True, "origin"),
    ([OURS, (b"origin", b"http://localhost:8765.evil.example")], True, "origin"),
    ([OURS, OUR_PAGE, (b"origin", b"http://evil.example")], True, "origin"),
])  # fmt: skip
def test_only_our_own_page(headers: list[tuple[bytes, bytes]], socket: bool, why: str) -> None:
    assert Guard(LOOPBACK, 8765).refuses(headers, socket=socket) == why


def test_a_token_is_in_the_address_or_the_cookie() -> None:
    guard = Guard(LOOPBACK, 8765, "sixteen-letters!")
    assert guard.admits([], b"token=sixteen-letters!")
    assert guard.admits([(b"Cookie", b"a=b; kiosk_token=sixteen-letters!")], b"")
    assert not guard.admits([], b"")
    assert not guard.admits([], b"token=")
    assert not guard.admits([], b"token=sixteen-letters")
    assert not guard.admits([(b"cookie", b"token=sixteen-letters!")], b"")
    assert not guard.admits([(b"cookie", b"kiosk_token=\xff\xfe")], b"token=%FF%FE")
    assert Guard(LOOPBACK, 8765).admits([], b"")


def test_another_machine_needs_to_be_meant_and_a_token() -> None:
    def settings(**own: str) -> Settings:
        return Settings(kiosk=Kiosk(**own))  # type: ignore[arg-type]

    assert server_options(settings(), 8765, remote=False).token == ""
    with pytest.raises(UserError, match="--remote"):
        server_options(settings(host="0.0.0.0", token="x" * 20), 8765, remote=False)
    with pytest.raises(UserError, match="16 letters"):
        server_options(settings(host="0.0.0.0", token="short"), 8765, remote=True)
    options = server_options(
        settings(host="0.0.0.0", token="x" * 20, names="kiosk.lan 10.0.0.7"), 8765, remote=True
    )
    assert options.token == "x" * 20
    assert {"kiosk.lan", "10.0.0.7", "localhost"} <= set(options.hosts)


@given(st.lists(st.floats(0, 3), max_size=80))
def test_no_more_comes_through_than_the_rate_allows(gaps: list[float]) -> None:
    rate, now, passed = Rate(burst=5, per_s=2.0), 0.0, 0
    for gap in gaps:
        now += gap
        passed += rate.allows(now)
        assert passed <= 5 + 2.0 * now + 1e-6


def test_who_asks_slowly_is_never_refused() -> None:
    rate = Rate(burst=2, per_s=2.0)
    assert all(rate.allows(second * 0.51) for second in range(200))
