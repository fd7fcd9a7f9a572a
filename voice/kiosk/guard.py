"""Who may talk to the page's server, and how much: hosts, origins, tokens, rates. Pure."""

import hmac
from collections.abc import Iterable
from urllib.parse import parse_qs

Headers = Iterable[tuple[bytes, bytes]]

LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
COOKIE = "kiosk_token"


class Guard:
    """Checks each request by its headers. Immutable."""

    def __init__(self, hosts: tuple[str, ...], port: int, token: str = "") -> None:
        """`hosts`: names that may stand in the address bar; `token`: empty where none is asked."""
        self._hosts = {f"{host}:{port}".lower() for host in hosts}
        if port == 80:
            self._hosts |= {host.lower() for host in hosts}
        self._origins = {f"http://{host}" for host in self._hosts}
        self._token = token

    def refuses(self, headers: Headers, *, socket: bool) -> str:
        """Why a request is refused, or nothing; `socket`: it wants to open a web socket.

        A name that is not ours in `Host` is a foreign page that had its name point here; a foreign
        `Origin` is a foreign page that tries to talk to us.
        """
        known = [(name.lower(), value.decode("latin-1")) for name, value in headers]
        hosts = [value.lower() for name, value in known if name == b"host"]
        if len(hosts) != 1 or hosts[0] not in self._hosts:
            return "host"
        origins = [value.lower() for name, value in known if name == b"origin"]
        if any(origin not in self._origins for origin in origins) or (socket and not origins):
            return "origin"
        return ""

    def admits(self, headers: Headers, query: bytes) -> bool:
        """Whether the token is there, in the address or in the cookie."""
        if not self._token:
            return True
        offered = parse_qs(query.decode("latin-1")).get("token", [])
        for name, value in headers:
            if name.lower() == b"cookie":
                offered += _cookies(value.decode("latin-1"))
        return any(hmac.compare_digest(self._token.encode(), one.encode()) for one in offered)


class Rate:
    """A bucket of tokens: so many at once, then so many a second."""

    def __init__(self, burst: int, per_s: float) -> None:
        self._burst = float(burst)
        self._per_s = per_s
        self._left = float(burst)
        self._at: float | None = None

    def allows(self, now: float) -> bool:
        """Whether one more may come at this time (s)."""
        if self._at is not None:
            self._left = min(self._burst, self._left + max(0.0, now - self._at) * self._per_s)
        self._at = now
        if self._left < 1.0:
            return False
        self._left -= 1.0
        return True


def _cookies(header: str) -> list[str]:
    pairs = (part.strip().partition("=") for part in header.split(";"))
    return [value for name, _, value in pairs if name == COOKIE]
