"""One text that the language model is writing: from the engine's tokens to the dialogue's inputs.

Tokens come on the engine's thread, the deadline on a timer's; a lock keeps the end single.
"""

import threading
from collections.abc import Callable, Sequence
from typing import Literal

from voice.dialogue import interface as d
from voice.dialogue.sentences import SentenceSplitter
from voice.engines import interfaces as m

MAX_SENTENCES = 2
_BEGUN_WORDS = 2
"""Words that the model must have begun to write before they can stand for a whole sentence."""

Deliver = Callable[[d.ModelSentence | d.ModelDraft | d.ModelEnded], None]
Clock = Callable[[], float]


class Text:
    """Some inputs in order, the last of them an end; silence once it is closed."""

    def __init__(self, request: int, deliver: Deliver, now: Clock) -> None:
        self._request = request
        self._deliver = deliver
        self._now = now
        self._lock = threading.Lock()
        self._open = True
        self._begun = False
        """Something usable was delivered: there is no deadline any more."""
        self._tokens = 0
        self._timer: threading.Timer | None = None
        self.over = threading.Event()
        self.first_token: float | None = None
        """When the first word came, by the clock of the inputs."""

    def start_clock(self, seconds: float, on_late: Callable[["Text"], None]) -> None:
        """End as late, and call `on_late`, unless something usable comes in time."""

        def due() -> None:
            if self._end("late", f"{self._tokens} tokens came in time", only_unbegun=True):
                on_late(self)

        self._timer = threading.Timer(seconds, due)
        self._timer.daemon = True
        self._timer.start()

    def receive(self, result: m.Result) -> bool:
        """Take what the engine says; true when it need not say more."""
        match result:
            case m.Token(text=text):
                self._tokens += 1
                if self.first_token is None:
                    self.first_token = self._now()
                return self._take(text)
            case m.Done():
                return self._finish()
            case m.Failed(reason=reason, detail=detail):
                self._end("failed", ": ".join(filter(None, (reason, *detail.splitlines()[:1]))))
        return False

    def fail(self, why: str) -> None:
        """End before it began."""
        self._end("failed", why)

    def late(self, why: str) -> None:
        """End before it began: it would not be there in time."""
        self._end("late", why)

    def close(self) -> bool:
        """Deliver nothing more; false when it was over already."""
        return self._close(only_unbegun=False)

    def _take(self, text: str) -> bool:
        """A piece of text; true when it was enough."""
        raise NotImplementedError

    def _finish(self) -> bool:
        """There are no more pieces; true when the engine has to be told so."""
        raise NotImplementedError

    def _end(
        self,
        reason: Literal["done", "late", "failed"],
        detail: str = "",
        only_unbegun: bool = False,
    ) -> bool:
        if not self._close(only_unbegun):
            return False
        end = d.ModelEnded(t=self._now(), request=self._request, reason=reason, detail=detail)
        self._deliver(end)
        self.over.set()
        return True

    def _close(self, only_unbegun: bool) -> bool:
        with self._lock:
            if not self._open or (only_unbegun and self._begun):
                return False
            self._open = False
        if self._timer:
            self._timer.cancel()
        return True


class Answer(Text):
    """Sentences as they are finished, or as soon as they can only become one of the notes'."""

    def __init__(
        self, request: int, deliver: Deliver, now: Clock, notes: Sequence[str] = ()
    ) -> None:
        """`notes`: the sentences that the model was asked to copy from."""
        super().__init__(request, deliver, now)
        self._splitter = SentenceSplitter()
        self._sentences = 0
        self._notes = notes
        self._ahead = False
        """The sentence that is being written has been delivered already."""

    def _take(self, text: str) -> bool:
        for sentence in self._splitter.feed(text):
            if not self._ahead:
                self._say(sentence)
            self._ahead = False
        if not self._ahead and (note := _begun(self._notes, self._splitter.rest)):
            self._ahead = True
            self._say(note)
        return self._sentences >= MAX_SENTENCES and self._end("done")

    def _finish(self) -> bool:
        rest = self._splitter.end()
        if not self._ahead and rest.rstrip().endswith((".", "!")):  # else it was cut off
            self._say(rest)
        self._end("done")
        return False

    def _say(self, sentence: str) -> None:
        with self._lock:
            if not self._open or self._sentences >= MAX_SENTENCES:
                return
            self._sentences += 1
            self._begun = True
        text = sentence.strip()
        self._deliver(d.ModelSentence(t=self._now(), request=self._request, text=text))


def _begun(notes: Sequence[str], text: str) -> str | None:
    """The one sentence of the notes that begins with this text, once it has two words."""
    words = text.split()
    if len(words) < _BEGUN_WORDS:
        return None
    found = [note for note in notes if note.startswith(" ".join(words))]
    return found[0] if len(found) == 1 else None


class DraftText(Text):
    """All of it at once, or nothing."""

    def __init__(self, request: int, deliver: Deliver, now: Clock) -> None:
        super().__init__(request, deliver, now)
        self._written = ""

    def _take(self, text: str) -> bool:
        self._written += text
        return False

    def _finish(self) -> bool:
        if self._close(only_unbegun=False):
            text = self._written.strip()
            self._deliver(d.ModelDraft(t=self._now(), request=self._request, text=text))
            self.over.set()
        return True
