"""Puts what has been seen into the words of the page. Pure: times come from the caller."""

import time
from collections.abc import Callable, Iterator

from voice.dialogue.content import Content
from voice.dialogue.handover import START
from voice.dialogue.protocol import Step
from voice.dialogue.runner import Run, Runner
from voice.dialogue.state import State
from voice.kiosk import page_state as p
from voice.kiosk.drawings import Drawings
from voice.kiosk.seen import Seen
from voice.kiosk.words import Words

ENGINE_ALARMS = ("stt", "tts")
Clock = Callable[[float], float]
"""Gives the wall time, in seconds since 1970, of a time on the input's axis."""


class Painter:
    """Knows the content and the place. Immutable."""

    def __init__(
        self, content: Content, words: Words, drawings: Drawings, place: p.Place, clock: Clock
    ) -> None:
        self._content = content
        self._runner = Runner(content)
        self._words = words
        self._drawings = drawings
        self._place = place
        self._clock = clock

    def paint(
        self, seen: Seen, seq: int, now: float, now_ms: float, selftest: p.SelfTest | None
    ) -> p.Page:
        """The whole page; `now` is a time on the input's axis, `now_ms` the same moment."""
        state, run = seen.state, seen.state.run
        step = self._step(seen)
        return p.Page(
            seq=seq,
            mode=_mode(seen, step),
            place=self._place,
            caption=p.Caption(heard=seen.heard, final=seen.final, spoken=seen.spoken),
            listening=seen.listening,
            protocol=self._protocol(run) if run else None,
            step=step,
            answer=p.Answer(question=seen.aside[0], text=seen.aside[1]) if seen.aside else None,
            beat=_beat(seen, now, now_ms),
            now_ms=now_ms,
            since_s=_since(state, now),
            swap_in_s=self._swap(state, now),
            alarms=tuple(self._alarms(seen, selftest)),
            selftest=selftest,
            handover=self._handover(state, now) if seen.summary else None,
            disclaimer=self._disclaimer(run),
        )

    def _protocol(self, run: Run) -> p.Protocol:
        slug = run.place.slug
        title = self._runner.script(run).protocol.title
        return p.Protocol(slug=slug, title=title, reviewed=self._reviewed(slug))

    def _reviewed(self, slug: str) -> bool:
        """A draft of the language model is no protocol, and nobody has signed it."""
        return slug in self._content.protocols and self._content.reviewed(slug)

    def _step(self, seen: Seen) -> p.Step | None:
        """The question that waits for yes or no, else the protocol's step."""
        state = seen.state
        if state.confirm:
            labels = self._words.answers[state.confirm.what]
            asked = seen.aside[1] if seen.aside else state.last.say if state.last else ""
            return p.Step(
                id=f"confirm-{state.confirm.what}",
                screen=asked,
                say=asked,
                choices=tuple(p.Choice(name=name, label=label) for name, label in labels.items()),
                safe="no",
            )
        if state.run is None:
            return None
        step = self._runner.step(state.run)
        screen = self._content.region.screen
        say = self._runner.drafted(state.run) or step.say
        return p.Step(
            id=step.id,
            screen=screen(step.screen or _first_sentence(say)),
            say=screen(say),
            drawing=self._drawings.of(state.run.place.slug, step.id),
            choices=tuple(_choices(step)),
            safe=step.safe,
        )

    def _swap(self, state: State, now: float) -> float | None:
        """Until the coach next asks for a swap."""
        coach = state.coach
        if coach.began is None or not coach.pushing:
            return None
        every = self._content.coach.marks.every_s
        return round(every - (now - coach.began) % every, 1)

    def _alarms(self, seen: Seen, selftest: p.SelfTest | None) -> Iterator[p.Alarm]:
        texts = self._words.alarms
        for device in ("microphone", "speaker"):
            if (wrong := f"{device}_{seen.devices.get(device)}") in texts:
                yield p.Alarm(what=device, text=texts[wrong])
        for engine in ENGINE_ALARMS:
            if seen.engines.get(engine, "ready") not in ("ready", "loading"):
                yield p.Alarm(what=engine, text=texts[engine])
        if selftest and not selftest.ok:
            yield p.Alarm(what="selftest", text=texts["selftest"])

    def _handover(self, state: State, now: float) -> p.Handover:
        casualty = state.run.casualty if state.run else 1
        kept = self._content.handover
        lines = [self._content.say(kept.summary(state.log, casualty, now))]
        for entry in sorted(state.log.of(casualty), key=lambda entry: entry.t):
            clock = time.strftime("%H:%M", time.localtime(self._clock(entry.t)))
            lines.append(f"{clock}  {entry.detail} {entry.clock}".rstrip())
        return p.Handover(lines=tuple(lines))

    def _disclaimer(self, run: Run | None) -> str:
        """That nobody has signed what is said is told where it holds."""
        slugs = [run.place.slug] if run else list(self._content.protocols)
        signed = all(self._reviewed(slug) for slug in slugs)
        return " ".join((self._words.disclaimer, *([] if signed else [self._words.not_reviewed])))


def _mode(seen: Seen, step: p.Step | None) -> p.Mode:
    confirm = seen.state.confirm
    if confirm and confirm.what == "still-there":
        return "still_there"
    if seen.summary:
        return "summary"
    if step is None:
        return "answer" if seen.aside else "listening" if seen.listening else "idle"
    if step.choices:
        return "question"
    return "answer" if seen.aside else "step"


def _beat(seen: Seen, now: float, now_ms: float) -> p.Beat | None:
    struck = seen.beat
    if struck is None:
        return None
    due = struck.t + struck.next_s
    return p.Beat(
        on=True,
        rate=struck.rate,
        next_ms=round(now_ms + (due - now) * 1000, 1),
        count=struck.number or None,
        of=struck.of or None,
    )


def _since(state: State, now: float) -> float | None:
    """Since the emergency that is being dealt with was told of."""
    if state.run is None:
        return None
    start = next(iter(state.log.of(state.run.casualty, START)), None)
    return round(now - start.t, 1) if start else None


def _choices(step: Step) -> Iterator[p.Choice]:
    for choice in step.choices:
        label = choice.name.replace("-", " ")
        yield p.Choice(name=choice.name, label=label[:1].upper() + label[1:])


def _first_sentence(text: str) -> str:
    for end in (". ", "? ", "! "):
        head, found, _ = text.partition(end)
        if found:
            return _first_sentence(head) + end.strip()
    return text
