"""How the log for the crew is put into words: elapsed times, and the summary when they arrive."""

from collections.abc import Iterable, Iterator

import msgspec

from voice.dialogue import words
from voice.dialogue.durations import Words
from voice.dialogue.log import LIMIT, Entry, Log
from voice.dialogue.yamlfile import ContentError, Document
from voice.spoken import cardinal

START, MOVED, CREW = "start", "protocol", "crew"
"""Entries without a line of their own: an emergency began, went on as another, was taken over."""
CPR, CPR_STOPPED, TOURNIQUET = "cpr", "cpr-stopped", "tourniquet"
LONGEST_SUMMARY = 30
"""Words."""


class Item(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An entry of handover.yaml, where each field is explained."""

    say: str
    many: str = ""
    lasts: str = ""
    ended: str = ""
    ends: str | None = None
    weight: int = 0
    essential: bool = False
    fact: str | None = None
    after: tuple[str, ...] = ()
    at_once: bool = False


class Phrases(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The sentences around the entries."""

    began: str
    went_on: str
    noted: str
    noted_briefly: str
    known: str
    nothing: str
    since_start: str
    compressions: str
    compressions_over: str
    tourniquet: str
    tourniquet_at: str
    no_tourniquet: str
    crew_here: str


class HandoverFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """handover.yaml."""

    spans: Words
    phrases: Phrases
    entries: dict[str, Item]


class Handover:
    """The words of the log, slots of the region unfilled. Immutable; safe in any thread."""

    def __init__(self, file: HandoverFile) -> None:
        self.items = file.entries
        self.phrases = file.phrases
        self.spans = file.spans

    def noted(self, what: str, clock: str = "") -> str:
        """The confirmation that something was kept."""
        return self.phrases.noted.format(what=f"{self.items[what].say} {clock}".strip())

    def known(self, entry: Entry, now: float) -> str:
        """The answer when something that happens once is told again."""
        return self.phrases.known.format(what=entry.detail, when=self._when(entry, now))

    def elapsed(self, log: Log, casualty: int, now: float) -> str:
        """How long it has been since the start, and since what counts by the minute."""
        start = next(iter(log.of(casualty, START)), None)
        if start is None:
            return self.phrases.nothing
        whole = self.spans.span(now - start.t)
        short = self.spans.after_minutes
        said = [self.phrases.since_start.format(time=_sentence(whole))]
        if begun := log.of(casualty, CPR):
            pushed, end = _lasted(begun, log.of(casualty, CPR_STOPPED), now)
            phrase = self.phrases.compressions if end == now else self.phrases.compressions_over
            said.append(phrase.format(time=short(pushed)))
        tourniquet = log.of(casualty, TOURNIQUET)
        if tourniquet and not tourniquet[-1].clock:
            said.append(self.phrases.tourniquet.format(time=short(now - tourniquet[-1].t)))
        return " ".join(said)

    def tourniquet(self, log: Log, casualty: int, now: float) -> str:
        """When the tourniquet went on."""
        marked = log.of(casualty, TOURNIQUET)
        if not marked:
            return self.phrases.no_tourniquet
        return self.phrases.tourniquet_at.format(when=self._when(marked[-1], now))

    def summary(self, log: Log, casualty: int, now: float) -> str:
        """At most two sentences and 30 words: what and since when, then what matters most."""
        began = self._began(log, casualty, now)
        room = LONGEST_SUMMARY - words.count(began)
        told = []
        for clause in self._clauses(log, casualty, now):
            if (needed := words.count(clause)) <= room:
                told.append(clause)
                room -= needed
        found = [began, _sentence(", ".join(told)) + "." if told else ""]
        return " ".join(filter(None, found)) or self.phrases.nothing

    def _began(self, log: Log, casualty: int, now: float) -> str:
        known = log.of(casualty, START, MOVED)
        if not known:
            return ""
        first, last = known[0], known[-1]
        ago = self.spans.since(now - first.t)
        if first.detail == last.detail:
            return self.phrases.began.format(first=first.detail, ago=ago)
        return self.phrases.went_on.format(first=first.detail, now=_inside(last.detail), ago=ago)

    def _clauses(self, log: Log, casualty: int, now: float) -> Iterator[str]:
        """Every kind of entry in words, the weightiest first."""
        kinds: dict[str, list[Entry]] = {}
        for entry in log.of(casualty):
            if entry.what in self.items and not self.items[entry.what].ends:
                kinds.setdefault(entry.what, []).append(entry)
        for what in sorted(kinds, key=lambda what: -self.items[what].weight):
            yield self._clause(what, kinds[what], log, now)

    def _clause(self, what: str, entries: list[Entry], log: Log, now: float) -> str:
        item, last = self.items[what], entries[-1]
        if item.lasts:
            lasted, end = _lasted(entries, self._ends(log, last.casualty, what), now)
            time, ago = self.spans.span(lasted), self.spans.since(now - end)
            return (item.ended if end < now else item.lasts).format(time=time, ago=ago)
        say = last.detail
        if item.many and len(entries) > 1:
            # The region's slots stay as they are; only the number is filled in.
            say = item.many.replace("{n}", cardinal(len(entries)))
        return f"{say} {self._when(last, now)}"

    def _when(self, entry: Entry, now: float) -> str:
        return entry.clock or self.spans.since(now - entry.t)

    def _ends(self, log: Log, casualty: int, what: str) -> tuple[Entry, ...]:
        return log.of(casualty, *(name for name, item in self.items.items() if item.ends == what))


def _lasted(begun: Iterable[Entry], ended: Iterable[Entry], now: float) -> tuple[float, float]:
    """How long something went on, breaks left out, and when it last ended; `now`: it goes on."""
    marks = sorted([(e.t, e.number, True) for e in begun] + [(e.t, e.number, False) for e in ended])
    total, since = 0.0, None
    end = now
    for t, _, begins in marks:
        if begins and since is None:
            since, end = t, now
        elif not begins and since is not None:
            total, since, end = total + t - since, None, t
    return (total if since is None else total + now - since), end


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def _inside(title: str) -> str:
    """A title inside a sentence: a spelt letter stays large."""
    return title if title[1:2] in ("", " ") else title[:1].lower() + title[1:]


def load(document: Document) -> Handover:
    """Read handover.yaml; raises ContentError.

    The log is bounded and keeps what is essential as long as it can: the entries of one casualty,
    each once, have to fit into it.
    """
    file = document.convert(document.data, HandoverFile)
    mistakes = []
    for name, item in file.entries.items():
        for other in (*item.after, *([item.ends] if item.ends else [])):
            if other not in file.entries:
                mistakes.append(document.mistake(f"$.entries.{name}", f"no entry `{other}`"))
        if bool(item.lasts) != bool(item.ended):
            mistakes.append(
                document.mistake(f"$.entries.{name}", "`lasts` and `ended` go together")
            )
    for name in (CPR, CPR_STOPPED, TOURNIQUET):
        if name not in file.entries:
            mistakes.append(document.mistake("$.entries", f"there is no entry `{name}`"))
    essential = sum(item.essential for item in file.entries.values())
    if essential >= LIMIT:
        why = f"{essential} entries are essential, and the log holds {LIMIT}"
        mistakes.append(document.mistake("$.entries", why))
    if mistakes:
        raise ContentError(mistakes)
    return Handover(file)
