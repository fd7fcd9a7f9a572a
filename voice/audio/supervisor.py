"""Notices lost devices and brings them back. Once sound runs, nobody else opens or closes streams.

PortAudio reads its list of devices once. To read it again every stream must be closed, which is
done when all are lost, or when cards were plugged in or out while a device is missed.
"""

from contextlib import suppress
from typing import Protocol

from voice.audio import portaudio
from voice.audio.ear import Ear, EarState, Overhearing
from voice.audio.interface import OnState
from voice.audio.microphone import Microphone
from voice.audio.speaker import Speaker
from voice.errors import MissingError

WATCH_S = 0.1
RETRY_S = 0.5
LONG_S, SELDOM_S = 30.0, 5.0
"""After the first so often; looking for devices costs time. A card that is plugged in is seen."""
STAND_IN_S = 2.0
"""A device that is away for so long is replaced by the system's default one."""
PREFER_S = 5.0
"""Time between two attempts to take the device back that the profile names."""
PROBATION_S = 3.0
"""A new stream that has to prove that it hears a room is opened anew after so long."""

NO_SOUND = "no sound from the driver"
SPEAKER_INSTEAD = "it is connected to the speaker instead of a microphone"
FLAT = "digital silence, not even noise: is it muted?"


class Side(Protocol):
    """A microphone or a speaker."""

    kind: portaudio.Kind
    name: str
    """The device that the profile names, or part of its name; empty: the default one."""

    @property
    def lost(self) -> bool:
        """Whether there is no working stream."""

    def open(self, name: str) -> str:
        """Open a device in place of the one that is open, and give its name."""

    def release(self) -> None:
        """Close the stream."""


class Care:
    """One side, and what is known about its absence."""

    def __init__(self, side: Side, name: str, on_state: OnState) -> None:
        """`name`: of the device that is open now."""
        self.side = side
        self._on_state = on_state
        self._lost_at: float | None = None
        """When the loss was reported; None while the device works."""
        self._name = name
        """What was reported last."""
        self._stands_in = False
        self._tried_at = -RETRY_S

    @property
    def missed(self) -> bool:
        """Whether the device that the profile means is not in use."""
        return self._lost_at is not None or self._stands_in

    def report(self, detail: str, now: float) -> None:
        """Report a loss, once."""
        if self._lost_at is None:
            self._lost_at = now
            self._on_state(self.side.kind, "lost", detail)

    def works(self, name: str) -> None:
        """Report the device that is in use, unless that is known."""
        if self._lost_at is not None or name != self._name:
            self._lost_at, self._name = None, name
            self._on_state(self.side.kind, "open", name)

    def due(self, now: float) -> bool:
        """Whether it may be tried again to open it: seldom, when it has been away for long."""
        long = self._lost_at is not None and now - self._lost_at >= LONG_S
        return now - self._tried_at >= (SELDOM_S if long else RETRY_S)

    def reopen(self, now: float) -> str:
        """Open what is lost and give its name, empty when that is impossible."""
        self._tried_at = now
        names = [self.side.name]
        if self.side.name and self._lost_at is not None and now - self._lost_at >= STAND_IN_S:
            names.append("")
        for name in names:
            with suppress(MissingError):
                opened = self.side.open(name)
                self._stands_in = name != self.side.name
                return f"{opened}, in place of {self.side.name}" if self._stands_in else opened
        return ""

    def prefer(self, now: float) -> str:
        """Take back the device that another stands in for; give its name when that was done."""
        if self._lost_at is not None or not self._stands_in or now - self._tried_at < PREFER_S:
            return ""
        self._tried_at = now
        with suppress(MissingError):
            opened = self.side.open(self.side.name)
            self._stands_in = False
            return opened
        return ""


class Supervisor:
    """For one thread, which calls `look` again and again; `now` is any monotonic clock."""

    def __init__(
        self,
        microphone: Microphone,
        speaker: Speaker,
        overhearing: Overhearing,
        names: list[str],
        on_state: OnState,
        *,
        silence_s: float,
    ) -> None:
        """`names`: of the microphone and speaker that are open now. `silence_s`: see EarState."""
        self._microphone = microphone
        self._overhearing = overhearing
        self._on_state = on_state
        self._ear = EarState(silence_s)
        self._hearing = Care(microphone, names[0], on_state)
        self._sides = [self._hearing, Care(speaker, names[1], on_state)]
        self._cards = portaudio.cards()
        self._opened_at = 0.0
        self._name = names[0]

    def look(self, now: float) -> None:
        """Do what is due."""
        lost = [care for care in self._sides if care.side.lost]
        for care in lost:
            care.report(NO_SOUND, now)
        for care in lost:
            care.side.release()
        due = [care for care in lost if care.due(now)]
        if len(due) == len(self._sides) or self._card_was_added():
            due = self._rescan()
        for care in due:
            self._reopen(care, now)
        for care in self._sides:
            if name := care.prefer(now):
                self._opened(care, name, now)
                care.works(name)
        self._listen(now)

    def _card_was_added(self) -> bool:
        """Whether a device that is missed may have come back under a new number."""
        return any(care.missed for care in self._sides) and bool(portaudio.cards() - self._cards)

    def _rescan(self) -> list[Care]:
        """Read the device list again; every side has to be opened afterwards."""
        for care in self._sides:
            care.side.release()
        self._cards = portaudio.cards()
        with suppress(MissingError):
            portaudio.rescan()
        return self._sides

    def _reopen(self, care: Care, now: float) -> None:
        if name := care.reopen(now):
            self._opened(care, name, now)
            if care is not self._hearing or not self._microphone.deaf:
                care.works(name)
        else:
            care.report(NO_SOUND, now)

    def _opened(self, care: Care, name: str, now: float) -> None:
        if care is self._hearing:
            self._overhearing.forget()
            self._ear.renew()
            self._opened_at, self._name = now, name

    # --- what the microphone hears -----------------------------------------------------------

    def _listen(self, now: float) -> None:
        """Follow what the microphone hears, and believe it or not."""
        if self._microphone.lost:
            return
        sound = self._overhearing.look()
        if sound is not None:
            before, after = self._ear.now, self._ear.note(sound)
            if after != before:
                self._changed(before, after, now)
        if self._microphone.deaf and now - self._opened_at >= PROBATION_S:
            self._reopen(self._hearing, now)

    def _changed(self, before: Ear, after: Ear, now: float) -> None:
        if after == "silent":
            self._on_state("microphone", "silent", FLAT)
        elif after == "deaf":
            self._microphone.deaf = True
            self._hearing.report(SPEAKER_INSTEAD, now)
            self._reopen(self._hearing, now)
        elif before == "silent":
            self._on_state("microphone", "open", self._name)
        else:
            self._microphone.deaf = False
            self._hearing.works(self._name)
