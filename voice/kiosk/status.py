"""`/status`: how the machine is, for whoever watches over many; no word of any conversation."""

from typing import Literal

import msgspec

from voice import __version__
from voice.kiosk.page_state import SelfTest
from voice.kiosk.seen import Seen

Mode = Literal["starting", "idle", "running"]


class Status(msgspec.Struct, frozen=True, kw_only=True):
    """The whole answer."""

    ok: bool
    """Whether nothing needs anybody's attention."""
    version: str = __version__
    mode: Mode
    up_s: float
    engines: dict[str, str]
    devices: dict[str, str]
    alarms: tuple[str, ...]
    """What is wrong now, by short names."""
    selftest: SelfTest | None
    beat: bool
    pages: int
    """How many browsers show the page."""
    server_starts: int
    """More than one: the page's server died and was started again."""


def status(
    seen: Seen,
    selftest: SelfTest | None,
    *,
    ready: bool,
    up_s: float,
    pages: int,
    server_starts: int,
) -> Status:
    """Put it together."""
    wrong = [name for name, state in seen.engines.items() if state not in ("ready", "loading")]
    wrong += [name for name, state in seen.devices.items() if state in ("lost", "silent")]
    if selftest and not selftest.ok:
        wrong.append("selftest")
    mode: Mode = "running" if seen.state.run else "idle" if ready else "starting"
    return Status(
        ok=ready and not wrong,
        mode=mode,
        up_s=round(up_s, 1),
        engines=dict(seen.engines),
        devices=dict(seen.devices),
        alarms=tuple(wrong),
        selftest=selftest,
        beat=seen.beat_on,
        pages=pages,
        server_starts=server_starts,
    )
