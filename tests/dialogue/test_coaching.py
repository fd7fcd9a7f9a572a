"""Compressions in a conversation: counted breaths, the machine's phases, what the coach says."""

from dataclasses import dataclass, field

import pytest

from voice.dialogue import content as content_files
from voice.dialogue import interface as d
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.state import State
from voice.events import Reply
from voice.timers import Timers

LONGEST_HANDS_OFF_S = 25


@dataclass
class Scene:
    """A conversation on a clock, with its timers; keeps what was said and how the beat is."""

    dialogue: Dialogue
    state: State = field(default_factory=State)
    now: float = 0.0
    beat: d.Beat = field(default_factory=lambda: d.Beat(on=False))
    said: list[tuple[float, Reply]] = field(default_factory=list)
    tones: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._timers = Timers()

    def say(self, t: float, text: str) -> Reply:
        """Somebody speaks at a time; gives the reply."""
        self.until(t)
        self._step(d.Utterance(t=t, text=text))
        return self.said[-1][1]

    def until(self, t: float) -> None:
        """Let time pass, a tenth of a second at a time."""
        while self.now < t:
            self.now = min(t, self.now + 0.1)
            for name in self._timers.pop_due(self.now):
                self._step(d.TimerFired(t=self.now, name=name))

    @property
    def coached(self) -> list[str]:
        """What the coach said."""
        return [r.say for _, r in self.said if (r.heard, r.kind) == ("event:timer", "chat")]

    def _step(self, event: d.Input) -> None:
        outcome = self.dialogue.step(self.state, event)
        self.state = outcome.state
        for effect in outcome.effects:
            match effect:
                case d.Say(reply=reply):
                    self.said.append((self.now, reply))
                case d.Beat():
                    self.beat = effect
                case d.Tone():
                    self.tones.append(self.now)
                case d.SetTimer(name=name, seconds=seconds):
                    self._timers.set(name, self.now + seconds)
                case d.CancelTimer(name=name):
                    self._timers.cancel(name)


def pushing(dialogue: Dialogue, protocol: str = "cpr-adult") -> Scene:
    """A scene in which compressions have just begun."""
    scene = Scene(dialogue, dialogue.start(protocol))
    while not scene.beat.on:
        scene.say(scene.now + 1, "next")
        assert scene.now < 20
    return scene


def test_nothing_is_counted_until_somebody_gives_breaths(dialogue: Dialogue) -> None:
    scene = pushing(dialogue)
    assert scene.beat.sets is None
    reply = scene.say(scene.now + 10, "I can give breaths")
    assert (reply.heard, reply.say) == (
        "event:can-breathe",
        "Thirty pushes, then two breaths. I count for you.",
    )
    sets = scene.beat.sets
    assert sets
    assert (sets.pushes, sets.breaths) == (30, "Two breaths.")
    assert sets.pause_s <= 10
    assert [n for n, _ in sets.numbers] == [*range(1, 11), 15, 20, 25, 30]
    scene.say(scene.now + 40, "I only want to push now")
    assert scene.beat == d.Beat(on=True, rate=110.0)


def test_numbers_can_be_left_out_and_pauses_are_told_all_the_same(dialogue: Dialogue) -> None:
    scene = pushing(dialogue, "cpr-child")
    scene.say(scene.now + 20, "stop counting")
    assert scene.beat.sets
    assert (scene.beat.sets.numbers, scene.beat.sets.breaths) == ((), "Two breaths.")


def test_who_cannot_give_breaths_just_pushes(dialogue: Dialogue) -> None:
    scene = pushing(dialogue)
    assert scene.say(scene.now + 5, "I can't give breaths").heard == "event:no-breaths"
    scene.until(scene.now + 120)
    assert scene.beat.sets is None
    assert all(reply.step != "breaths" for _, reply in scene.said)


def test_nothing_about_the_machine_has_somebody_push_who_breathes_again(
    dialogue: Dialogue,
) -> None:
    for protocol in ("aed", "cpr-adult", "cpr-child", "cpr-infant"):
        scene = Scene(dialogue, dialogue.start(protocol))
        scene.say(1, "she is breathing normally again")
        for text in ("no shock advised", "it says stand clear", "I can give breaths"):
            scene.say(scene.now + 1, text)
            scene.until(scene.now + 60)
            assert not scene.beat.on, (protocol, text)


def test_the_protocol_asks_for_breaths_and_goes_on_by_itself(dialogue: Dialogue) -> None:
    willing, silent = pushing(dialogue), pushing(dialogue)
    for scene in (willing, silent):
        while scene.said[-1][1].step != "breaths":
            scene.until(scene.now + 1)
    assert willing.say(willing.now + 3, "yes").step == "count"
    assert willing.beat.sets
    silent.until(silent.now + 26)
    assert silent.said[-1][1].step == "swap"
    assert silent.beat.sets is None


@pytest.mark.parametrize(
    ("protocol", "refuses", "again", "breaths"),
    [
        ("cpr-child", "I can't do breaths", "I can give breaths now", "Two breaths."),
        ("cpr-infant", "I can't do the puffs", "I can give puffs now", "Two puffs."),
    ],
)
def test_children_get_breaths_from_the_first_set_on(
    protocol: str, refuses: str, again: str, breaths: str, dialogue: Dialogue
) -> None:
    scene = pushing(dialogue, protocol)
    assert scene.beat.sets
    assert (scene.beat.sets.pushes, scene.beat.sets.breaths) == (30, breaths)
    scene.say(scene.now + 20, "two of us are trained")
    assert scene.beat.sets.pushes == 15
    scene.say(scene.now + 20, refuses)
    assert scene.beat.sets is None
    scene.until(scene.now + 60)
    assert scene.beat.sets is None
    scene.say(scene.now + 1, again)
    assert scene.beat.sets.pushes == 15


def test_no_breaths_are_counted_for_the_poisoned(dialogue: Dialogue) -> None:
    scene = Scene(dialogue, dialogue.start("chemical-agent"))
    scene.say(1, "he is not breathing")
    while not scene.beat.on:
        scene.until(scene.now + 1)
    for text in ("I can give breaths", "I can do mouth to mouth"):
        scene.say(scene.now + 20, text)
        assert scene.beat == d.Beat(on=True, rate=110.0)


def test_the_machine_is_followed_phase_by_phase(dialogue: Dialogue) -> None:
    scene = pushing(dialogue)
    scene.say(scene.now + 5, "I can give breaths")
    counted = scene.beat
    scene.say(scene.now + 30, "the defibrillator is here")
    assert scene.say(scene.now + 20, "the pads are on").step == "until-told"
    assert scene.beat == counted
    assert scene.say(scene.now + 5, "it says analysing, stand clear").step == "checking"
    assert scene.tones == [scene.now]
    assert not scene.beat.on
    assert scene.say(scene.now + 5, "shock delivered").step == "push-again"
    assert scene.beat == counted
    scene.say(scene.now + 120, "it says don't touch the patient")
    assert scene.say(scene.now + 5, "no shock advised").step == "no-shock-push"
    assert scene.beat == counted


@pytest.mark.parametrize("protocol", ["aed", "cpr-adult", "cpr-child", "cpr-infant"])
@pytest.mark.parametrize("said", ["it says stand clear", "it says shock advised"])
def test_hands_are_never_off_silently(protocol: str, said: str, dialogue: Dialogue) -> None:
    scene = Scene(dialogue, dialogue.start(protocol))
    scene.say(1, "he is not breathing")
    scene.say(2, said)
    assert not scene.beat.on
    began, count = scene.now, len(scene.said)
    while not scene.beat.on:
        scene.until(scene.now + 1)
        assert scene.now - scene.said[-1][0] <= 16, "nothing is said for too long"
        assert scene.now - began <= LONGEST_HANDS_OFF_S + 1
    assert len(scene.said) > count


def test_every_alert_ends_by_itself(content: Content) -> None:
    for script in content.scripts.values():
        for step in script.steps.values():
            if not (step.alert and step.beat == "off"):
                continue
            hands_off = 0
            while step.beat != "on":
                assert step.advance_after, (script.protocol.id, step.id)
                hands_off += step.advance_after
                step = script.step(script.after(step.id))
            assert hands_off <= LONGEST_HANDS_OFF_S


def test_the_change_of_rescuers_comes_every_two_minutes(dialogue: Dialogue) -> None:
    scene = pushing(dialogue)
    began = scene.now
    scene.until(began + 270)
    swaps = [(t, r.say) for t, r in scene.said if "Swap now" in r.say]
    assert [say.split()[0] for _, say in swaps] == ["Two", "Four"]
    for number, (t, _) in enumerate(swaps, 1):
        assert 0 <= t - began - 120 * number <= 20


def test_somebody_alone_is_told_something_else(dialogue: Dialogue) -> None:
    scene = pushing(dialogue)
    scene.say(scene.now + 10, "I am all alone here")
    scene.until(scene.now + 150)
    assert "Two minutes. Push as well as you can, don't stop." in scene.coached
    assert not any("Swap" in line for line in scene.coached)
    scene.say(scene.now + 1, "somebody is here to help")
    scene.until(scene.now + 130)
    assert any("Swap now" in line for line in scene.coached)


def test_it_says_how_long_it_has_been(dialogue: Dialogue) -> None:
    scene = pushing(dialogue)
    reply = scene.say(scene.now + 240, "how long has it been")
    assert reply.say == "Four minutes since the start. Compressions for four."


def test_depth_and_recoil_are_said_once(dialogue: Dialogue) -> None:
    for protocol in ("cpr-adult", "cpr-child", "cpr-infant", "drowning"):
        scene = pushing(dialogue, protocol)
        began = scene.now
        scene.until(began + 400)
        recoil = [t - began for t, r in scene.said if "come all the way up" in r.say]
        deep = [t - began for t, r in scene.said if t >= began - 1 and " deep" in r.say]
        assert len(recoil) == 1, (protocol, recoil)
        assert len(deep) == 1, (protocol, deep)
        assert max(*recoil, *deep) <= 90


def test_the_coach_is_silent_when_told_to_be_and_while_a_question_is_open(
    dialogue: Dialogue,
) -> None:
    scene = pushing(dialogue)
    scene.say(scene.now + 1, "pause")
    scene.until(scene.now + 200)
    assert scene.coached == []
    scene = pushing(dialogue)
    scene.say(scene.now + 110, "stop")
    assert scene.state.confirm
    count = len(scene.said)
    scene.until(scene.now + 30)
    assert len(scene.said) == count
    scene.say(scene.now, "no")
    assert scene.beat.on


def test_the_coach_ends_with_the_compressions(dialogue: Dialogue) -> None:
    scene = pushing(dialogue)
    scene.say(scene.now + 60, "he is breathing normally now")
    count = len(scene.coached)
    scene.until(scene.now + 300)
    assert len(scene.coached) == count


@pytest.mark.parametrize("text", ["One, two, three, four.", "1, 2, 3", "and twenty-one and thirty"])
def test_counting_along_is_no_talk(text: str, listening: Dialogue, dialogue: Dialogue) -> None:
    scene = pushing(listening)
    assert scene.say(scene.now + 1, text).kind == "none"
    assert scene.say(scene.now + 1, "two breaths").kind != "none"
    scene.say(scene.now + 10, "I can give breaths")
    assert scene.say(scene.now + 10, "Eight, nine, ten. Two breaths. Push again.").kind == "none"
    assert pushing(dialogue).say(90, text).kind != "none"


def test_all_that_the_coach_says_is_rendered_ahead(content: Content) -> None:
    lines = content_files.spoken_lines(content)
    assert {content.say(line) for line in content.coach.lines()} <= set(lines)
    assert {"one", "ten", "thirty", "Two breaths.", "Push again."} <= set(lines[:150])
