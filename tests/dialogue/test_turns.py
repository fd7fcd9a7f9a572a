"""Questions, doubtful words, stop with the beat, timers and parking."""

import pytest

from tests.support.talking import Talk
from voice.config import Llm, Settings
from voice.dialogue import interface as d
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue


def in_cpr(dialogue: Dialogue) -> Talk:
    """A conversation in which compressions are under way."""
    talk = Talk(dialogue)
    talk.say("he is not breathing")
    for _ in range(3):
        talk.say("next")
    assert talk.of(d.Beat) == [d.Beat(on=True, rate=110.0)]
    return talk


def test_call_hands_and_push_come_within_four_steps(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    said = [talk.say("she is not breathing").say] + [talk.say("next").say for _ in range(3)]
    assert "Call one one two" in said[0]
    assert "Push hard and fast" in said[3]


def test_stop_while_speaking_is_silence_and_the_beat_goes_on(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    reply = talk.say("stop", speaking=True)
    assert (reply.say, reply.kind) == ("", "command")
    assert talk.of(d.StopSpeaking)
    assert talk.of(d.Beat) == []


def test_stop_with_only_the_beat_sounding_asks_first(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    assert talk.say("stop").say == "Stop the beat?"
    assert talk.of(d.Beat) == []
    assert talk.say("no").say == "The beat goes on."
    talk.say("stop")
    talk.say("yes")
    assert talk.of(d.Beat) == [d.Beat(on=False, rate=110.0)]


def test_stop_the_beat_needs_no_second_word(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    talk.say("stop the beat")
    assert talk.of(d.Beat) == [d.Beat(on=False, rate=110.0)]


def test_something_urgent_instead_of_yes_or_no_is_acted_on(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    talk.say("stop")
    assert talk.say("there's blood spurting from his leg").heard == "event:heavy-bleeding"
    assert talk.state.beat


def test_faster_moves_the_beat_within_its_limits_and_otherwise_the_voice(
    dialogue: Dialogue,
) -> None:
    talk = in_cpr(dialogue)
    rates = []
    for word in ["faster"] * 4 + ["slower"] * 6:
        talk.say(word)
        rates += [effect.rate for effect in talk.effects if isinstance(effect, d.Beat)]
    assert max(rates) == 120
    assert min(rates) == 100
    calm = Talk(dialogue, dialogue.start("choking-adult"))
    calm.say("slower")
    assert calm.of(d.Adjust) == [d.Adjust(slower=1)]


def test_a_finding_ends_the_beat(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    assert talk.say("he's breathing normally now").heard == "event:breathing"
    assert talk.of(d.Beat) == [d.Beat(on=False, rate=110.0)]
    talk.say("he stopped breathing again")
    assert [talk.say("next").step for _ in range(3)]
    assert talk.state.beat


def test_choking_that_ends_in_a_limp_body_becomes_cpr_and_says_so(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    talk.say("he's choking")
    reply = talk.say("he's gone limp")
    assert (reply.heard, reply.protocol, reply.step) == ("event:unresponsive", "cpr-adult", "call")
    assert reply.say.startswith("Lower them to the floor. This is C P R now.")


def test_doubtful_good_news_is_read_back_and_doubtful_bad_news_acted_on(
    dialogue: Dialogue,
) -> None:
    talk = in_cpr(dialogue)
    lost = {"alternatives": ("he isn't breathing normally",), "confidence": 0.6}
    reply = talk.say("he is breathing normally", **lost)
    assert reply.kind == "clarify"
    assert talk.state.beat
    assert talk.say("no").say == "All right. Carry on as before."
    assert talk.state.beat
    talk.say("he is breathing normally", **lost)
    assert talk.say("yes").step == "stop-pushing"
    assert not talk.state.beat
    urgent = Talk(dialogue, dialogue.start("choking-adult"))
    assert urgent.say("he went limp", confidence=0.1).protocol == "cpr-adult"


def test_a_doubtful_answer_that_eases_is_asked_again_a_safe_one_taken(dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    talk.say("he collapsed")
    reply = talk.say("yes", confidence=0.1)
    assert (reply.kind, talk.place) == ("clarify", ("primary-check", "tap"))
    assert talk.say("no", confidence=0.1).step == "call"


def test_doubtful_noise_is_no_clear_answer(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("primary-check"))
    assert talk.say("krzk wff", confidence=0.1).kind == "clarify"
    assert talk.say("krzk wff", confidence=0.1).heard == "choice:no"


def test_live_what_has_no_words_moves_nothing(listening: Dialogue) -> None:
    talk = Talk(listening, listening.start("primary-check"))
    assert [talk.say("...").kind for _ in range(3)] == ["none"] * 3
    assert talk.place == ("primary-check", "tap")


def test_a_doubtful_command_is_asked_back_but_never_stop(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("severe-bleeding"))
    assert talk.say("next", confidence=0.1).kind == "clarify"
    assert talk.say("stop", confidence=0.1).heard == "command:stop"


def test_a_voice_that_is_held_goes_on_after_doubtful_words(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("primary-check"))
    for words in ("yes", "next", "the lives", "is it raining"):
        assert talk.say(words, confidence=0.1, speaking=True, held=True).kind == "none"
    assert talk.place == ("primary-check", "tap")
    assert talk.say("no", confidence=0.1, speaking=True, held=True).step == "call"


@pytest.mark.parametrize(
    ("hedge", "step"), [("um, I think so", "breathing"), ("kind of", "breathing")]
)
def test_a_hedge_is_no_answer(hedge: str, step: str, dialogue: Dialogue) -> None:
    talk = Talk(dialogue)
    talk.say("he won't wake up")
    talk.say("next")
    reply = talk.say(hedge)
    assert (reply.step, reply.kind) == (step, "clarify")
    assert talk.say("hard to say").protocol == "cpr-adult"


def test_timers_advance_repeat_and_wait_for_open_questions(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    assert talk.of(d.SetTimer) == [d.SetTimer(name="step", seconds=20.0)]
    reply = talk.timer()
    assert (reply.heard, reply.step) == ("event:timer", "recoil")
    wound = Talk(dialogue, dialogue.start("severe-bleeding"))
    assert wound.timer().step == "press"
    assert wound.timer().step == "press"
    talk.say("stop")
    talk.step(d.TimerFired(t=0, name="step"))
    assert talk.of(d.Say) == []
    assert talk.of(d.SetTimer)


def test_pause_holds_timers_until_resume(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    talk.say("pause")
    assert talk.of(d.CancelTimer)
    talk.step(d.TimerFired(t=0, name="step"))
    assert talk.effects == ()
    assert talk.say("resume").step == "push"
    assert talk.of(d.SetTimer)


def test_a_second_casualty_parks_the_first(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("severe-bleeding"))
    talk.say("next")
    reply = talk.say("there's another one, she is choking")
    assert (reply.heard, reply.protocol) == ("start", "choking-adult")
    assert talk.say("back to the first").step == "call"
    assert talk.say("back to the other one").protocol == "choking-adult"


def test_a_finished_protocol_gives_way_to_a_new_emergency(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("choking-adult"))
    talk.say("it came out")
    assert talk.say("next").step == "doctor"
    assert talk.say("my husband has chest pain").protocol == "chest-pain"
    assert talk.state.parked == ()


def test_a_helper_who_arrives_is_no_casualty(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    assert talk.say("another man is coming").heard != "start"


def test_a_detour_returns_to_where_it_left(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("severe-bleeding"))
    talk.say("next")
    assert talk.say("I have no tourniquet").heard == "event:no-tourniquet"
    talk.say("he's bleeding from the scalp")
    for _ in range(3):
        reply = talk.say("next")
    assert reply.step == "call"


def question(dialogue: Dialogue) -> Talk:
    """A conversation that waits for the language model."""
    talk = Talk(dialogue, dialogue.start("severe-bleeding"))
    talk.step(d.Utterance(t=1, text="should I say the time out loud?"))
    assert talk.state.asked
    return talk


def test_a_question_goes_to_the_model_with_a_short_passage(dialogue: Dialogue) -> None:
    talk = question(dialogue)
    (ask,) = [effect for effect in talk.effects if isinstance(effect, d.AskModel)]
    assert "Say the time out loud. Write it down." in ask.passage
    assert len(ask.passage.split()) <= 120
    assert 0 < ask.deadline_s < 5
    assert talk.of(d.Say) == []


def test_the_models_sentence_is_spoken_when_it_says_what_the_passage_says(
    dialogue: Dialogue,
) -> None:
    talk = question(dialogue)
    talk.step(d.ModelSentence(t=2, request=1, text="Say the time out loud."))
    assert (talk.reply.by, talk.reply.kind) == ("llm", "answer")
    assert talk.reply.protocol == "severe-bleeding"
    talk.step(d.ModelEnded(t=3, request=1, reason="done"))
    assert talk.of(d.Say) == []
    assert talk.say("repeat").say == "Say the time out loud."


@pytest.mark.parametrize("text", ["Yes, rinse it with water.", "Loosen the tourniquet.", "", "No."])
def test_the_passage_is_spoken_when_the_models_sentence_fails_the_check(
    text: str, dialogue: Dialogue
) -> None:
    talk = question(dialogue)
    talk.step(d.ModelSentence(t=2, request=1, text=text))
    assert talk.reply.by == "passage"
    assert talk.reply.say.startswith("Say the time out loud")
    assert talk.of(d.CancelModel)


@pytest.mark.parametrize("reason", ["late", "failed", "done"])
def test_the_passage_is_spoken_when_the_model_says_nothing(reason: str, dialogue: Dialogue) -> None:
    talk = question(dialogue)
    talk.step(d.ModelEnded(t=2, request=1, reason=reason))  # type: ignore[arg-type]
    assert talk.reply.by == "passage"


def test_speaking_on_drops_the_question(dialogue: Dialogue) -> None:
    talk = question(dialogue)
    talk.step(d.Utterance(t=2, text="stop"))
    assert talk.of(d.CancelModel)
    talk.step(d.ModelSentence(t=3, request=1, text="Say the time out loud."))
    assert talk.effects == ()


def test_without_a_model_the_passage_answers_at_once(content: Content) -> None:
    dialogue = Dialogue(content, Settings(llm=Llm(model="")))
    talk = Talk(dialogue, dialogue.start("severe-bleeding"))
    talk.step(d.Utterance(t=1, text="should I say the time out loud?"))
    assert talk.reply.by == "passage"


def test_what_no_passage_is_about_is_said_so_with_standing_advice(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("severe-bleeding"))
    reply = talk.say("what is the capital of France?")
    assert reply.say == "I have no reviewed guidance for that. Keep pressing hard."


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("next", "whole"),
        ("okay, next please", "whole"),
        ("no", "whole"),
        ("no answer", "whole"),
        ("he is lying on the floor", "sentence"),
        ("he is lying on the", "open"),
        ("he is breathing and", "open"),
        ("so,", "open"),
        ("", "open"),
    ],
)
def test_how_complete_an_utterance_is(text: str, whole: str, dialogue: Dialogue) -> None:
    assert dialogue.understanding.whole(text, dialogue.start("primary-check")) == whole


@pytest.mark.parametrize(
    ("protocol", "text", "settled"),
    [
        ("primary-check", "No, he isn't breathing at all.", True),
        ("burns", "Should I pop the blisters?", True),
        ("burns", "I was going to put butter on it.", False),
        ("burns", "Her mother is here now.", False),
        ("stroke", "Her face is drooping.", False),  # news, which may go on
        (None, "Should I pop the blisters?", False),
    ],
)
def test_to_what_nothing_needs_to_be_added(
    protocol: str | None, text: str, settled: bool, dialogue: Dialogue
) -> None:
    state = dialogue.start(protocol) if protocol else dialogue.start()
    assert dialogue.understanding.settled(text, state) == settled


@pytest.mark.parametrize(
    ("protocol", "text", "begins"),
    [
        (None, "He's not breathing.", True),
        (None, "She is choking.", True),
        (None, "He's up there.", False),
        (None, "Tell me what.", False),
        ("burns", "She is choking.", False),  # it may be our own voice, asking about it
    ],
)
def test_few_words_over_our_greeting_that_are_an_emergency(
    protocol: str | None, text: str, begins: bool, dialogue: Dialogue
) -> None:
    state = dialogue.start(protocol) if protocol else dialogue.start()
    assert dialogue.understanding.begins(text, state) == begins


@pytest.mark.parametrize(
    ("protocol", "said", "heard"),
    [
        (
            "sepsis-meningitis",
            "no he's sat up watching the telly and moaning about his dinner",
            "choice:no",
        ),
        ("poisoning", "no he's tearing about the lounge right as ninepence", "choice:no"),
        ("poisoning", "no but wait the neighbour she does not think it was that", "noise"),
    ],
)
def test_a_long_answer_counts_by_its_first_word_unless_it_turns(
    protocol: str, said: str, heard: str, dialogue: Dialogue
) -> None:
    assert Talk(dialogue, dialogue.start(protocol)).say(said).heard == heard


def test_what_was_not_understood_has_the_step_said_once_more(dialogue: Dialogue) -> None:
    talk = Talk(dialogue, dialogue.start("nosebleed"))
    line = talk.dialogue.content.say(dialogue.content.protocol("nosebleed").steps[0].say)
    assert talk.say("the cat's been at the curtains again").say.endswith(line)
    assert talk.say("the cat's been at the curtains again").kind == "clarify"


def test_what_is_told_to_us_and_may_be_an_emergency_is_asked_about(
    dialogue: Dialogue, listening: Dialogue
) -> None:
    told = "he got whacked by the machine"
    assert Talk(dialogue).say(told).kind == "clarify"
    assert Talk(listening).say(told).kind == "none"


@pytest.mark.parametrize(
    ("protocol", "said", "heard"),
    [
        ("aed", "mate his chest is like a doormat the sticky bits keep lifting up", "event:hairy"),
        ("cpr-adult", "summat just went pop under me palms", "event:crack"),
        ("high-blood-sugar", "we have no insulin, it cooked in the car", "event:no-insulin"),
        ("minor-wound", "he got jabbed by a syringe in the sandpit, what do I do", "event:needle"),
    ],
)
def test_news_in_unforeseen_words_is_taken_for_what_it_is_most_like(
    protocol: str, said: str, heard: str, dialogue: Dialogue
) -> None:
    assert Talk(dialogue, dialogue.start(protocol)).say(said).heard == heard
