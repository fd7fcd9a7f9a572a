"""Where the page may be called from: this machine alone, unless somebody says otherwise twice."""

from voice.config import Settings
from voice.errors import UserError
from voice.kiosk import wire
from voice.kiosk.guard import LOOPBACK

SHORTEST_TOKEN = 16


def server_options(settings: Settings, port: int, remote: bool) -> wire.Options:
    """How the server is to be; UserError where it would be open to others by mistake."""
    own = settings.kiosk
    hosts: tuple[str, ...] = LOOPBACK
    if own.host not in ("127.0.0.1", "::1", "localhost"):
        if not remote:
            raise UserError(
                f"kiosk.host = {own.host} would show the page to other machines; if that is meant, "
                "give --remote as well, and set kiosk.token"
            )
        if len(own.token) < SHORTEST_TOKEN:
            raise UserError(f"kiosk.token needs at least {SHORTEST_TOKEN} letters for --remote")
        hosts = (*LOOPBACK, own.host, *own.names.split())
    return wire.Options(
        port=port,
        hosts=hosts,
        token=own.token if remote else "",
        settings={"theme": own.theme, "text_size": own.text_size},
    )
