"""Between the loop and the page: keeps what is shown up to date and hands on the newest state.

The loop's thread tells what happens and never waits. Another thread takes the newest state when
it has time; states in between are left out.
"""

import threading
import time
from collections.abc import Callable

from voice.audio.interface import Backend, OnMic, OnState, Renderer, SpeakerBlock
from voice.audio.metronome import Struck
from voice.dialogue.state import State
from voice.events import LogEvent
from voice.kiosk import seen as s
from voice.kiosk.page_state import Page, SelfTest
from voice.kiosk.painter import Painter
from voice.observer import Observer
from voice.timers import Timers

_FOLLOWS = 0.01
"""Share of a delay that is taken for the clocks' drift, 100 times a second."""
_ANEW_S = 0.25
"""A longer one is a sound that has just begun, or begins anew."""


class SoundClock:
    """Where the monotonic clock stands on the axis: by when sound really reached the speaker."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._zero = clock()

    def note(self, t: float) -> None:
        """Time `t` of the axis has just reached the speaker; a busy machine tells so late."""
        zero = self._clock() - t
        late = zero - self._zero
        self._zero = self._zero + _FOLLOWS * late if 0 < late < _ANEW_S else zero

    def axis(self, monotonic: float) -> float:
        """The time on the axis, in seconds."""
        return monotonic - self._zero

    def wall(self, t: float) -> float:
        """The time of day, in seconds since 1970, of a time on the axis."""
        return time.time() - (self._clock() - self._zero - t)


class Clocked:
    """A back end whose speaker tells a clock."""

    def __init__(self, inner: Backend, clock: SoundClock) -> None:
        self.output_rate = inner.output_rate
        self._inner = inner
        self._clock = clock

    def start(self, on_mic: OnMic, renderer: Renderer, on_state: OnState) -> None:
        """See Backend."""
        self._inner.start(on_mic, _Noted(renderer, self._clock), on_state)

    def wait(self, timeout_s: float) -> bool:
        """See Backend."""
        return self._inner.wait(timeout_s)

    def close(self) -> None:
        """See Backend."""
        self._inner.close()


class _Noted:
    def __init__(self, renderer: Renderer, clock: SoundClock) -> None:
        self._renderer = renderer
        self._clock = clock

    def render(self) -> SpeakerBlock:
        return self._renderer.render()

    def consumed(self, blocks: int, t: float) -> None:
        self._clock.note(t)
        self._renderer.consumed(blocks, t)


class Feed(Observer):
    """Folds what happens and wakes whoever waits for a new state. A kiosk extends it."""

    def __init__(self, clock: SoundClock) -> None:
        self._clock = clock
        self._lock = threading.Condition()
        self._seen = s.Seen()
        self._seq = 0
        self._position_seq = 0
        self._selftest: SelfTest | None = None
        self._closed = False

    # --- the loop's thread -------------------------------------------------------------------

    def event(self, event: LogEvent) -> None:
        """See Observer."""
        self.happened(event)

    def state(self, state: State, timers: Timers, now: float) -> None:
        """See Observer."""
        self.happened(s.Became(now, state))

    def spoken(self, text: str) -> None:
        """See Observer."""
        self.happened(s.Spoke(text))

    def forgotten(self) -> None:
        """See Observer."""
        self.happened(s.Forgotten())

    def struck(self, beat: Struck) -> None:
        """See Observer."""
        self.happened(beat)

    # --- any thread --------------------------------------------------------------------------

    @property
    def seq(self) -> int:
        """The number of the newest state."""
        return self._seq

    @property
    def selftest(self) -> SelfTest | None:
        """How the last self-test went."""
        return self._selftest

    @property
    def seen(self) -> s.Seen:
        """What is shown now."""
        return self._seen

    def happened(self, happened: s.Happened) -> None:
        """Take something in."""
        with self._lock:
            self._put(s.see(self._seen, happened))

    def tested(self, selftest: SelfTest) -> None:
        """A self-test was made."""
        with self._lock:
            self._selftest = selftest
            self._changed()

    def shows(self, seq: int) -> bool:
        """Whether what was shown in state `seq` is still what "next" and "yes" refer to."""
        with self._lock:
            return seq >= self._position_seq

    def close(self) -> None:
        """Let go of whoever waits."""
        with self._lock:
            self._closed = True
            self._lock.notify_all()

    def newer(self, than: int, timeout_s: float, painter: Painter) -> Page | None:
        """Wait for a state later than `than` and give it; None when there is none in time."""
        with self._lock:
            self._lock.wait_for(lambda: self._seq > than or self._closed, timeout_s)
            moment = time.monotonic()
            self._put(s.tick(self._seen, self._clock.axis(moment)))
            seen, seq, selftest = self._seen, self._seq, self._selftest
        if seq <= than:
            return None
        now = self._clock.axis(moment)
        return painter.paint(seen, seq, now, moment * 1000, selftest)

    def _put(self, seen: s.Seen) -> None:
        """Take it as what is seen now; the lock is held."""
        if seen == self._seen:
            return
        moved = seen.position != self._seen.position
        self._seen = seen
        self._changed()
        if moved:
            self._position_seq = self._seq

    def _changed(self) -> None:
        self._seq += 1
        self._lock.notify_all()
