"""Commands are whole utterances; the same words inside a sentence are not."""

import pytest

from tests.support.talking import Talk
from voice.config import Settings
from voice.dialogue import content as content_files
from voice.dialogue import words, yamlfile
from voice.dialogue.command_acts import COMMANDS
from voice.dialogue.commands import CommandFile, alternatives
from voice.dialogue.content import Content
from voice.dialogue.dialogue import Dialogue

SAID = {
    "next": ["next", "Okay, next please.", "um, next", "Next. Next. Next.", "done", "I'm done",
             "okay it's done", "what now", "go on", "NEXT!", "next step", "Nekst.",
             "I've done that"],
    "repeat": ["repeat", "say that again please", "Can you say that again?", "pardon?", "what?",
               "sorry, what was that", "one more time"],
    "back": ["go back", "back", "previous step", "okay go back please"],
    "stop": ["stop", "Stop!", "stop stop stop", "no, stop", "be quiet", "please stop talking",
             "okay stop now", "Funky, stop.", "Funky stop.", "Funkystop.",
             "O, key, stop.", "Okie stop!", "O. P. stop.", "Wait, stop.", "No, hold on, stop.",
             "Optalking.", "He quiet."],
    "stop-beat": ["stop the beat", "turn the beat off", "metronome off please"],
    "pause": ["pause", "Pause. Pause. Pause.", "wait", "hold on", "wait a minute",
              "hang on please"],
    "resume": ["resume"],
    "yes": ["yes", "Yeah.", "yes she is", "yep", "um, yes"],
    "no": ["no", "Nope.", "no he isn't", "not really", "no, no"],
    "skip": ["skip", "skip this step"],
    "slower": ["slower", "slow down please", "more slowly"],
    "faster": ["faster", "speed up"],
    "louder": ["louder", "speak up", "I can't hear you"],
    "quieter": ["quieter", "too loud"],
    "help": ["help"],
    "start-over": ["start over", "from the beginning please", "start again"],
    "are-you-there": ["are you there?", "can you hear me", "hello, are you still there"],
    "back-to-first": ["back to the first one"],
    "new-person": ["new person", "It's a new person."],
    "arrived": ["the ambulance is here", "The paramedics have arrived.", "The crew's here.",
                "the crew's here, they're taking over"],
    "start-beat": ["start the beat"],
    "handover": ["summary for the medics", "handover", "What do I tell the crew?",
                 "what have we done so far"],
    "elapsed": ["how long has it been?", "how long have we been going",
                "How long have I been pushing?", "how much time has passed"],
    "tourniquet-time": ["what time did the tourniquet go on?", "when was the tourniquet put on",
                        "how long has the tourniquet been on"],
    "mark-tourniquet": ["mark tourniquet", "The tourniquet is on.", "tourniquet on at ten fifteen",
                        "Tourniquet on at 10:15.", "the tourniquet went on five minutes ago",
                        "I've put a tourniquet on"],
    "mark-second-tourniquet": ["second tourniquet is on"],
    "mark-shock": ["mark shock given", "shock delivered", "The AED shocked him."],
    "mark-swap": ["swapped", "We swapped.", "okay, we just swapped over"],
    "mark-aspirin": ["gave aspirin", "I gave him an aspirin", "she chewed the aspirin"],
    "mark-pen": ["gave the pen", "I used her EpiPen", "the pen is in"],
    "mark-naloxone": ["gave naloxone", "I gave him the Narcan", "second naloxone given"],
    "mark-reliever": ["gave the inhaler", "she took her inhaler", "puffs given"],
    "mark-sugar": ["gave sugar", "he drank the juice"],
    "mark-last-well": ["last seen well at nine", "she was fine an hour ago",
                       "he was last seen normal at half past eight"],
    "delete-log": ["delete the log", "Forget everything.", "please delete everything"],
    "alone": ["I'm alone", "there's nobody here", "just me", "I'm here on my own"],
    "helper": ["there are two of us", "I've got help", "somebody is here to help",
               "I'm not alone any more"],
    "no-phone": ["no phone", "I have no phone", "my phone is dead", "there's no signal here"],
}  # fmt: skip

NOT_COMMANDS = [
    "how do I stop the bleeding",
    "his heart stopped I think",
    "go back to the part where you said push",
    "stop the bleeding",
    "it won't stop",
    "Breathing, stop.",
    "not, stop",
    "Okay, can I stop?",
    "okay don't stop",
    "okay, his heart stop",
    "bleeding, pulse, stop",
    "they make it non-stop",
    "the bleeding stopped",
    "she stopped breathing",
    "what do I do next to him",
    "who is next to her",
    "I can't go back to the car",
    "he hurt his back",
    "his back hurts",
    "roll him on his back",
    "the blood keeps going",
    "is he done for",
    "yes but he is gasping",
    "no blood at all",
    "there is no pulse",
    "should I stop pushing",
    "when can I stop",
    "help him",
    "help me lift her",
    "can you help my dad",
    "wait he is awake",
    "wait for the ambulance or drive",
    "she repeats the same words",
    "he keeps repeating himself",
    "do I skip the breaths",
    "my heart skipped a beat",
    "the beat of his heart is weird",
    "does the beat matter",
    "he is breathing slower",
    "she is breathing faster now",
    "the siren gets louder",
    "it is getting quieter in here",
    "his breathing got louder",
    "start with the breaths",
    "we had to start over with the other one",
    "are you there yet he asked",
    "I can hear the ambulance",
    "pause between the breaths",
    "how long is the pause",
    "he resumed work yesterday",
    "he said yes to the doctor",
    "I know he is breathing",
    "no one is here",
    "go ahead of the car",
    "continue with the other leg",
    "is it okay to continue",
    "ready for the shock",
    "he had enough whiskey",
    "quiet breathing is good I guess",
    "carry on his shoulders",
    "carry him on the bed",
    "the next of kin is here",
    "stop him from running away",
    "I stopped at the red light",
    "back pain after the fall",
    "tell me when to stop",
    "the last step broke and she fell",
    "how long has he been lying there",
    "how long has it been bleeding do you think",
    "how long does the tourniquet stay on",
    "how long have you been pressing on it he asks",
    "what time does the ambulance come",
    "when did you last eat I asked her",
    "should I mark the tourniquet with a pen",
    "mark his position with a stick",
    "the tourniquet is on the wrong leg",
    "the tourniquet is only loose",
    "I have no tourniquet",
    "is the tourniquet on right",
    "he gave up smoking",
    "who gave her the pen",
    "I gave him water",
    "can I give aspirin",
    "I never gave aspirin to her",
    "the pen is broken",
    "the inhaler is empty",
    "we have no naloxone",
    "she took her shoes off",
    "no shock was given because she moved",
    "a shock from the socket",
    "he is in shock",
    "they swapped the babies",
    "can we swap places in a minute",
    "there are two of us trapped in the car",
    "there are two of them hurt",
    "I've got help on the phone but no ambulance",
    "am I alone with this",
    "he was alone when he fell",
    "leave me alone he says",
    "there is no phone signal in the cellar so I ran upstairs",
    "her phone is on the floor",
    "delete the photo of the label",
    "forget the shoes",
    "he forgets everything since the fall",
    "the log fell on his leg",
    "the summary on the box says five millilitres",
    "hand over the scissors",
    "what do I tell the children",
    "she was well at noon and then she fell",
    "last seen walking to the shop",
    "next, he stopped, go back",
]


@pytest.mark.parametrize(("name", "text"), [(n, t) for n, texts in SAID.items() for t in texts])
def test_a_whole_utterance_is_heard_as_its_command(name: str, text: str, content: Content) -> None:
    assert content.phrasebook.meaning(text) == name


@pytest.mark.parametrize("text", NOT_COMMANDS)
def test_command_words_inside_a_sentence_are_no_command(text: str, dialogue: Dialogue) -> None:
    assert dialogue.content.phrasebook.meaning(text) is None
    for protocol in dialogue.content.protocols:
        talk = Talk(dialogue, dialogue.start(protocol))
        assert not talk.say(text).heard.startswith("command:")


def test_every_command_of_the_file_is_carried_out_and_every_act_can_be_said(
    content: Content,
) -> None:
    marks = {f"mark-{what}" for what in content.phrasebook.marks}
    named = {name for name in SAID if content.phrasebook.phrases(name)}
    assert named | {"mark-last-well"} == COMMANDS | marks == set(SAID)
    for name in SAID:
        for phrase in content.phrasebook.phrases(name):
            assert content.phrasebook.meaning(phrase) == name


def test_no_phrase_belongs_to_two_commands() -> None:
    document = yamlfile.read(content_files.folder(Settings()) / "commands.yaml")
    file = document.convert(document.data, CommandFile)
    meant: dict[str, set[str]] = {}
    for name, phrases in file.commands.items():
        for phrase in (said for written in phrases for said in alternatives(written)):
            meant.setdefault(words.normalise(phrase), set()).add(name)
    assert {phrase: names for phrase, names in meant.items() if len(names) > 1} == {}
