"""What the page shows of a conversation: a fold over what happens, on the real content."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.talking import Talk
from voice.audio.metronome import Struck
from voice.config import Settings
from voice.dialogue import interface as d
from voice.dialogue.dialogue import Dialogue
from voice.events import (
    AudioEnd,
    DeviceEvent,
    EngineEvent,
    Metronome,
    Partial,
    ReplyEvent,
    SpeechStart,
    TranscriptEvent,
)
from voice.kiosk import drawings, page_state, words
from voice.kiosk.painter import Painter
from voice.kiosk.seen import Became, Closed, Happened, Seen, Spoke, Typed, see, tick

PLACE = page_state.Place(name="Elm Street", tell="Second door", number="112")


@pytest.fixture(scope="session")
def painter(dialogue: Dialogue) -> Painter:
    own = Settings()
    return Painter(dialogue.content, words.load(own), drawings.load(own), PLACE, lambda t: t)


class Watched:
    """A conversation by text, and what is seen of it."""

    def __init__(self, dialogue: Dialogue, painter: Painter) -> None:
        self.talk = Talk(dialogue)
        self.seen = Seen()
        self._painter = painter

    def say(self, text: str) -> page_state.Page:
        heard = TranscriptEvent(t=self.now, text=text, confidence=1.0, accepted=True)
        self.see(SpeechStart(t=self.now), heard)
        self.talk.say(text)
        for reply in (e.reply for e in self.talk.of(d.Say)):
            fields = {name: getattr(reply, name) for name in reply.__struct_fields__}
            self.see(ReplyEvent(t=self.now, **fields))
        for beat in self.talk.of(d.Beat):
            self.see(Metronome(t=self.now, on=beat.on, rate=beat.rate))
        self.see(Became(self.now, self.talk.state))
        return self.page

    def see(self, *happened: Happened) -> None:
        for one in happened:
            self.seen = see(self.seen, one)

    @property
    def now(self) -> float:
        return float(self.talk.turns)

    @property
    def page(self) -> page_state.Page:
        return self._painter.paint(self.seen, 1, self.now, self.now * 1000, None)


@pytest.fixture
def watched(dialogue: Dialogue, painter: Painter) -> Watched:
    return Watched(dialogue, painter)


def test_nothing_has_happened(watched: Watched) -> None:
    page = watched.page
    assert (page.mode, page.step, page.beat, page.protocol) == ("idle", None, None, None)
    assert page.place.number == "112"
    assert "No clinician" in page.disclaimer


def test_a_step_is_shown_in_screen_words(watched: Watched) -> None:
    page = watched.say("he is not breathing")
    assert page.mode == "step"
    assert page.protocol
    assert page.protocol.slug == "cpr-adult"
    assert page.step
    assert page.step.screen == "Call 112"
    assert "one one two" not in page.step.say
    assert page.caption.heard == "he is not breathing"


def test_a_question_has_its_choices_and_a_side_question_does_not_hide_them(
    watched: Watched,
) -> None:
    watched.say("he is not breathing")
    for _ in range(6):
        page = watched.say("next")
    assert page.mode == "question"
    assert page.step
    assert [c.name for c in page.step.choices] == ["yes", "no"]
    assert page.step.safe == "no"
    page = watched.say("how deep do I push")
    assert page.mode == "question"
    assert page.answer
    assert page.answer.question == "how deep do I push"


def test_an_answer_goes_by_itself_and_by_hand(watched: Watched) -> None:
    watched.say("he is not breathing")
    assert watched.say("how deep do I push").mode == "answer"
    watched.see(AudioEnd(t=10.0, source="voice", reason="finished"))
    watched.seen = tick(watched.seen, 17.9)
    assert watched.page.mode == "answer"
    watched.seen = tick(watched.seen, 18.1)
    assert watched.page.mode == "step"
    assert watched.say("how deep do I push").mode == "answer"
    watched.see(Closed())
    assert watched.page.mode == "step"


def test_the_assistants_own_question_has_labels(watched: Watched) -> None:
    watched.say("he is not breathing")
    for _ in range(3):
        watched.say("next")
    page = watched.say("stop")
    assert page.mode == "question"
    assert page.step
    assert page.step.id == "confirm-stop-beat"
    assert page.step.screen == "Stop the beat?"
    assert [c.label for c in page.step.choices] == ["Stop the beat", "Keep the beat"]


def test_the_beat_is_told_by_when_it_is_next_heard(watched: Watched) -> None:
    watched.see(Struck(t=1.0, number=0, of=0, rate=110.0, next_s=0.5))
    assert watched.page.beat is None, "no beat is on"
    watched.see(Metronome(t=1.0, on=True, rate=110.0))
    watched.see(Struck(t=2.0, number=12, of=30, rate=110.0, next_s=0.5))
    beat = watched.page.beat
    assert beat == page_state.Beat(on=True, rate=110.0, next_ms=2500.0, count=12, of=30)
    watched.see(Metronome(t=3.0, on=False, rate=110.0))
    watched.see(Struck(t=3.0, number=13, of=30, rate=110.0, next_s=0.5))
    assert watched.page.beat is None, "a beat that was on its way when it was switched off"


def test_what_is_heard_and_said_is_captioned(watched: Watched) -> None:
    watched.see(SpeechStart(t=1.0), Partial(t=1.5, text="he is not"))
    assert watched.page.listening
    assert watched.page.mode == "listening"
    assert watched.page.caption == page_state.Caption(heard="he is not", final=False, spoken="")
    noise = TranscriptEvent(t=2.0, text="Thank you.", confidence=0.1, accepted=False)
    watched.see(noise)
    assert not watched.page.listening
    assert watched.page.caption.heard == "", "what was no speech is not shown as if it were"
    watched.see(Spoke("Push hard."))
    assert watched.page.caption.spoken == "Push hard."
    watched.see(Spoke(""), Typed("<b>help</b>"))
    assert watched.page.caption == page_state.Caption(heard="<b>help</b>", final=True, spoken="")


def test_the_summary_has_every_entry(watched: Watched) -> None:
    watched.say("he is not breathing")
    for _ in range(3):
        watched.say("next")
    watched.say("shock given")
    page = watched.say("summary")
    assert page.mode == "summary"
    assert page.handover
    assert "C P R" in page.handover.lines[0]
    assert any("shock" in line for line in page.handover.lines[1:])
    watched.see(Closed())
    assert watched.page.mode == "step"
    assert watched.page.handover is None


def test_what_is_wrong_is_told_in_words(watched: Watched) -> None:
    watched.see(DeviceEvent(t=1.0, name="microphone", state="lost"))
    watched.see(EngineEvent(t=1.0, name="tts", state="restarting", pid=None))
    watched.see(EngineEvent(t=1.0, name="stt", state="ready", pid=1))
    assert [alarm.what for alarm in watched.page.alarms] == ["microphone", "tts"]
    watched.see(DeviceEvent(t=2.0, name="microphone", state="open"))
    watched.see(EngineEvent(t=2.0, name="tts", state="ready", pid=1))
    assert watched.page.alarms == ()


SAID = [
    "he is not breathing",
    "next",
    "yes",
    "no",
    "back",
    "stop",
    "summary",
    "how deep do I push",
    "delete the log",
    "she is choking",
    "my arm is bleeding badly",
    "there is a second person who is unconscious",
    "back to the first",
    "pause",
    "hello",
    "blue green",
]


@given(said=st.lists(st.sampled_from(SAID), max_size=12))
@settings(max_examples=60, deadline=None)
def test_whatever_is_said_the_page_agrees_with_the_conversation(
    dialogue: Dialogue, painter: Painter, said: list[str]
) -> None:
    watched = Watched(dialogue, painter)
    for text in said:
        before = watched.seen
        page = watched.say(text)
        state = watched.talk.state
        assert (page.protocol is None) == (state.run is None)
        assert (page.mode == "question") == bool(page.step and page.step.choices) or (
            page.mode == "summary"
        )
        if state.run and not state.confirm:
            assert page.step
            assert page.step.id == state.run.place.step
        place = state.run.place if state.run else None
        was = before.state.run.place if before.state.run else None
        moved = (place, state.confirm) != (was, before.state.confirm)
        assert (watched.seen.position > before.position) == moved
        assert page.since_s is None or page.since_s >= 0
        assert page.swap_in_s is None or 0 <= page.swap_in_s <= 120
        assert len(page.handover.lines) >= 1 if page.handover else True


def test_a_page_is_painted_quickly(watched: Watched) -> None:
    watched.say("he is not breathing")
    watched.say("summary")
    began = time.perf_counter()
    for _ in range(100):
        assert watched.page.mode == "summary"
    assert time.perf_counter() - began < 1.0
