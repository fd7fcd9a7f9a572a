"""What is kept for the crew in a conversation, how it is told, and how it is deleted."""

import pytest

from tests.support.talking import Talk
from voice.dialogue import interface as d
from voice.dialogue import words
from voice.dialogue.dialogue import Dialogue
from voice.dialogue.handover import CPR, CPR_STOPPED, LONGEST_SUMMARY
from voice.dialogue.protocol import event_steps
from voice.events import Handover, HandoverDeleted, Reply
from voice.handover_record import HandoverRecord


class Timed(Talk):
    """A conversation in which each utterance comes at a minute of its own."""

    def at(self, minute: float, text: str) -> Reply:
        """Say something at a minute."""
        self.step(d.Utterance(t=60 * minute, text=text))
        if self.state.asked:
            request = self.state.asked.request
            self.step(d.ModelEnded(t=60 * minute, request=request, reason="late"))
        return self.reply

    @property
    def kept(self) -> list[tuple[str, str, float]]:
        """What, in words, and the minute."""
        return [(e.what, e.detail, e.t / 60) for e in self.state.log.entries]

    @property
    def kinds(self) -> list[str]:
        return [entry.what for entry in self.state.log.entries]


def in_cpr(dialogue: Dialogue) -> Timed:
    """Choking at the first minute, compressions since the second."""
    talk = Timed(dialogue)
    talk.at(1, "he is choking")
    talk.at(2, "he went limp")
    for _ in range(3):
        talk.at(2, "next")
    assert talk.place == ("cpr-adult", "push")
    return talk


def test_a_long_emergency_is_told_in_two_sentences_with_what_counts_first(
    dialogue: Dialogue,
) -> None:
    talk = in_cpr(dialogue)
    talk.at(4, "shock given")
    talk.at(6, "we swapped")
    talk.at(7, "the machine shocked him")
    reply = talk.at(10, "summary for the medics")
    handover = dialogue.content.protocols["cpr-adult"].handover
    assert (reply.heard, reply.kind) == ("command:handover", "command")
    assert reply.say == (
        "Choking, then C P R for an adult, began nine minutes ago. Compressions for eight minutes, "
        f"two shocks, the last three minutes ago, unresponsive eight minutes ago. {handover}"
    )
    assert talk.at(11, "say that again").say == reply.say


def test_elapsed_times_are_plain_words(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    reply = talk.at(5, "how long has it been?")
    assert reply.say == "Four minutes since the start. Compressions for three."
    assert reply.heard == "command:elapsed"
    talk.at(6, "he is breathing normally now")
    said = talk.at(9, "how long have we been going").say
    assert said == "Eight minutes since the start. Compressions for four, then stopped."
    wound = Timed(dialogue, dialogue.start("severe-bleeding"))
    wound.at(3, "the tourniquet is on")
    assert wound.at(12, "how long has it been").say == (
        "Twelve minutes since the start. Tourniquet on for nine."
    )


def test_with_nothing_kept_there_is_nothing_to_tell(dialogue: Dialogue) -> None:
    talk = Timed(dialogue)
    assert talk.at(1, "how long has it been").say == "Nothing has been noted yet."
    assert talk.at(1, "summary").say == "Tell me what has happened."
    assert "No tourniquet is noted" in talk.at(1, "when did the tourniquet go on").say


def test_findings_are_kept_as_they_change(dialogue: Dialogue) -> None:
    talk = Timed(dialogue, dialogue.start("primary-check"))
    talk.at(1, "no")
    talk.at(1, "next")
    talk.at(2, "no, she's not breathing")
    for _ in range(3):
        talk.at(3, "next")
    talk.at(8, "she is breathing normally now")
    talk.at(9, "she stopped breathing again")
    whats = [what for what in talk.kinds if what not in ("start", "protocol")]
    assert whats == [
        *("unresponsive", "not-breathing", "cpr"),
        *("breathing-again", "cpr-stopped", "not-breathing"),
    ]


def test_a_pause_for_the_machine_does_not_end_compressions(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    talk.at(3, "the defibrillator is here")
    for _ in range(4):
        talk.at(3, "next")
    talk.at(4, "it says do not touch the patient")
    assert (talk.place, talk.state.beat) == (("aed", "checking"), False)
    talk.at(5, "shock given")
    assert talk.place == ("aed", "push-again")
    assert talk.kinds.count("cpr") == 1
    assert "cpr-stopped" not in talk.kinds
    assert talk.at(7, "how long has it been").say.endswith("Compressions for five.")


def test_a_step_counts_when_it_was_done_not_when_it_was_skipped(dialogue: Dialogue) -> None:
    talk = Timed(dialogue, dialogue.start("anaphylaxis"))
    while talk.place != ("anaphylaxis", "push"):
        talk.at(1, "next")
    skipped = Timed(dialogue, talk.state)
    skipped.at(2, "skip this step")
    assert "pen" not in skipped.kinds
    talk.at(2, "done")
    assert talk.kept[-1] == ("pen", "adrenaline pen given", 2)
    talk.at(2.5, "the pen is in")
    assert talk.kinds.count("pen") == 1
    talk.at(8, "I gave the second pen")
    assert talk.kinds.count("pen") == 2


def test_a_step_left_by_its_timer_alone_is_not_taken_for_done(dialogue: Dialogue) -> None:
    talk = Timed(dialogue, dialogue.start("opioid-overdose"))
    talk.at(1, "no")
    talk.at(1, "next")
    talk.at(1, "no")
    talk.at(1, "next")
    assert talk.place == ("opioid-overdose", "spray")
    talk.timer()
    assert talk.place == ("opioid-overdose", "breaths")
    assert "naloxone" not in talk.kinds


@pytest.mark.parametrize(
    ("said", "kept"), [("i gave her aspirin an hour ago", True), ("he had a double dose", False)]
)
def test_aspirin_for_a_child_is_kept_and_warned_of_and_no_other_medicine(
    said: str, kept: bool, dialogue: Dialogue
) -> None:
    talk = Timed(dialogue, dialogue.start("fever-child"))
    assert "never aspirin" in talk.at(1, said).say.lower()
    assert ("aspirin" in talk.kinds) == kept


def test_aspirin_is_kept_only_once_nothing_speaks_against_it(dialogue: Dialogue) -> None:
    def asked(answer: str) -> Timed:
        talk = Timed(dialogue, dialogue.start("chest-pain"))
        while talk.place != ("chest-pain", "aspirin-check"):
            talk.at(1, "next")
        talk.at(2, answer)
        return talk

    clear, unsure = asked("no"), asked("hard to say")
    clear.at(3, "done")
    assert clear.kept[-1] == ("aspirin", "aspirin given", 3)
    unsure.at(2, "hard to say")
    unsure.at(3, "next")
    assert "aspirin" not in unsure.kinds


def test_marks_are_confirmed_and_told_once(dialogue: Dialogue) -> None:
    talk = Timed(dialogue, dialogue.start("burns"))
    place = talk.place
    reply = talk.at(5, "mark tourniquet")
    assert (reply.heard, reply.say) == ("command:mark-tourniquet", "Noted: tourniquet on.")
    assert talk.at(9, "the tourniquet is on").say == (
        "Already noted: tourniquet on, four minutes ago."
    )
    assert talk.at(9, "what time did the tourniquet go on").say == (
        "The tourniquet went on four minutes ago."
    )
    assert talk.at(10, "Tourniquet on at 10:15.").say == "Noted: tourniquet on at 10:15."
    assert "Tourniquet on at 10:15" in talk.at(11, "handover").say
    assert talk.at(12, "when was the tourniquet applied").say.endswith("went on at 10:15.")
    talk.at(13, "the tourniquet went on ten minutes ago")
    assert talk.at(13, "tourniquet time").say.endswith("went on ten minutes ago.")
    assert talk.place == place


@pytest.mark.parametrize(
    ("protocol", "said", "kept"),
    [
        ("chest-pain", "gave aspirin", "aspirin given"),
        ("anaphylaxis", "I used her EpiPen", "adrenaline pen given"),
        ("opioid-overdose", "gave naloxone", "naloxone given"),
        ("asthma", "he took his inhaler", "inhaler puffs given"),
        ("hypoglycaemia", "gave sugar", "sugar given"),
        ("stroke", "she was last seen well at nine", "last seen well"),
    ],
)
def test_drugs_and_times_are_kept_and_told(
    protocol: str, said: str, kept: str, dialogue: Dialogue
) -> None:
    talk = Timed(dialogue, dialogue.start(protocol))
    assert talk.at(2, said).kind in ("command", "protocol")
    assert kept in talk.at(6, "handover").say.lower()


@pytest.mark.parametrize(
    ("protocol", "steps", "said", "heard", "place"),
    [
        ("severe-bleeding", 3, "the tourniquet is on", "event:tourniquet-on", "lock"),
        ("gunshot-stab", 2, "tourniquet on", "event:tourniquet-on", "tourniquet-on-1"),
        ("aed", 0, "shock given", "event:shocked", "push-again"),
        ("anaphylaxis", 1, "the pen is in", "event:given", "time"),
        ("amputation", 3, "the tourniquet is tight", "command:mark-tourniquet", "flat"),
        ("chest-pain", 3, "he chewed the aspirin", "command:mark-aspirin", "spray-check"),
    ],
)
def test_what_is_marked_moves_the_protocol_as_well(
    protocol: str, steps: int, said: str, heard: str, place: str, dialogue: Dialogue
) -> None:
    talk = Timed(dialogue, dialogue.start(protocol))
    for _ in range(steps):
        talk.at(1, "next" if talk.place != ("chest-pain", "aspirin-check") else "no")
    reply = talk.at(2, said)
    assert (reply.heard, reply.step) == (heard, place)
    assert reply.say.startswith("Noted. ")


def test_an_opening_that_tells_of_a_drug_starts_and_keeps_it(dialogue: Dialogue) -> None:
    talk = Timed(dialogue)
    assert talk.at(1, "I gave him naloxone").protocol == "opioid-overdose"
    assert talk.kinds == ["naloxone", "start"]


def test_the_crew_that_arrives_is_kept_and_told_everything(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    reply = talk.at(9, "the ambulance is here")
    assert reply.heard == "command:handover"
    assert reply.say.startswith("Choking, then C P R for an adult, began eight minutes ago.")
    assert talk.kept[-1] == ("crew", "crew here", 9)


def test_each_casualty_has_a_record_of_its_own(dialogue: Dialogue) -> None:
    talk = Timed(dialogue, dialogue.start("severe-bleeding"))
    talk.at(2, "the tourniquet is on")
    talk.at(4, "there's another one, she is choking")
    said = talk.at(5, "handover").say
    assert said.startswith("Choking, began one minute ago.")
    assert "ourniquet on" not in said
    talk.at(6, "back to the first")
    assert talk.at(6, "handover").say.startswith(
        "Severe bleeding, began six minutes ago. Tourniquet on four minutes ago"
    )
    assert [entry.what for entry in talk.state.log.of(2)] == ["start"]


def test_an_emergency_long_after_the_last_is_about_somebody_else(dialogue: Dialogue) -> None:
    talk = Timed(dialogue, dialogue.start("choking-adult"))
    talk.at(1, "it came out")
    talk.at(1, "next")
    soon, late = Timed(dialogue, talk.state), Timed(dialogue, talk.state)
    soon.at(20, "my husband has chest pain")
    late.at(90, "my husband has chest pain")
    assert soon.at(21, "handover").say.startswith("Choking, then chest pain, began twenty-one")
    assert late.at(91, "handover").say.startswith("Chest pain, began one minute ago.")


def test_everything_is_deleted_after_a_yes_and_cannot_be_repeated(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    talk.at(4, "summary")
    assert talk.at(5, "forget everything").kind == "clarify"
    assert talk.at(5, "no").say == "The notes are kept."
    assert talk.state.log.entries
    talk.at(5, "how deep do I push")
    assert talk.state.run.told
    talk.at(6, "delete the log")
    assert talk.at(6, "yes").say == "Everything is deleted."
    assert talk.state.run.told == ""
    assert (talk.state.log.entries, talk.state.log.deleted_at) == ((), 360)
    assert talk.at(7, "repeat").step == "push"
    assert talk.at(7, "how long has it been").say == "Nothing has been noted yet."
    talk.at(8, "shock given")
    assert talk.kinds == ["shock", "cpr"]
    assert talk.place == ("cpr-adult", "on-again")


def test_something_urgent_instead_of_yes_deletes_nothing(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    talk.at(4, "delete the log")
    talk.at(5, "he is breathing normally now")
    assert "breathing-again" in talk.kinds


def test_a_state_kept_from_before_a_turn_knows_nothing_of_it(dialogue: Dialogue) -> None:
    talk = in_cpr(dialogue)
    before = talk.state
    talk.at(4, "shock given")
    again = Timed(dialogue, before)
    again.at(4, "shock given at nine")
    assert [entry.what for entry in before.log.entries].count("shock") == 0
    assert (again.kinds.count("shock"), talk.kinds.count("shock")) == (1, 1)


def test_a_turn_that_is_taken_back_leaves_nothing_to_write(dialogue: Dialogue) -> None:
    written: list[Handover | HandoverDeleted] = []
    record = HandoverRecord(written.append)
    talk = Timed(dialogue, dialogue.start("aed"))
    record.settle(talk.state.log)
    before = talk.state
    talk.at(2, "shock given")
    again = Timed(dialogue, before)
    again.at(3, "shock given at nine")
    record.settle(again.state.log)
    shocks = [event for event in written if isinstance(event, Handover) and event.what == "shock"]
    assert [event.detail for event in shocks] == ["one shock at nine"]


def test_every_entry_can_come_about(dialogue: Dialogue) -> None:
    content = dialogue.content
    kept = {CPR, CPR_STOPPED, *content.phrasebook.marks}
    kept |= {name for name, item in content.handover.items.items() if item.fact}
    for protocol in content.protocols.values():
        items = [*protocol.steps, *protocol.events]
        items += [step for event in protocol.events for step in event_steps(event)]
        kept |= {item.log for item in items if item.log}
    assert kept == set(content.handover.items)


def test_every_protocol_can_be_handed_over(dialogue: Dialogue) -> None:
    for slug, protocol in dialogue.content.protocols.items():
        talk = Timed(dialogue, dialogue.start(slug))
        reply = talk.at(5, "handover")
        summary = reply.say.removesuffix(dialogue.content.say(protocol.handover))
        assert summary != reply.say
        assert words.count(summary) <= LONGEST_SUMMARY
        assert "began five minutes ago." in summary
