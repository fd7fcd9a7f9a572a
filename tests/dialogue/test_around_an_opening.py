"""What is left out of account where an opening is looked for: places, and other talk around it."""

import pytest

from voice.dialogue.content import Content
from voice.dialogue.triage import places
from voice.dialogue.triage.openings import OVERHEARD, Opening, Vague


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("She fainted in the kitchen.", "She fainted."),
        ("He collapsed at the bus stop, he's cold.", "He collapsed, he's cold."),
        ("My son passed out in our tent", "My son passed out"),
        ("In the kitchen.", "In the kitchen."),
        ("Fire in the kitchen", "Fire in the kitchen"),
        ("She has a knife in the thigh.", "She has a knife in the thigh."),
        ("He fell in the pool.", "He fell in the pool."),
    ],
)
def test_only_such_places_are_left_out(text: str, left: str) -> None:
    assert places.without(text) == left


@pytest.mark.parametrize("place", ["", " in the garden", " on the bus", " at work", " in our tent"])
@pytest.mark.parametrize(
    ("told", "slug"),
    [
        ("Someone fainted", "fainting"),
        ("She is having a heart attack", "chest-pain"),
        ("My colleague swallowed bleach", "poisoning"),
        ("He has been stabbed", "gunshot-stab"),
    ],
)
def test_an_emergency_is_one_wherever_it_happens(
    told: str, slug: str, place: str, content: Content
) -> None:
    found = content.openings.find(f"{told}{place}.", near=OVERHEARD)
    assert isinstance(found, Opening)
    assert found.slug == slug


@pytest.mark.parametrize("told", ["An old man fainted.", "My aunt fainted on the stairs."])
def test_what_a_finding_tells_of_is_at_least_asked_about(told: str, content: Content) -> None:
    assert content.openings.find(told, near=OVERHEARD) is not None


@pytest.mark.parametrize(
    "talk",
    [
        "I heard a dark joke, straw drop, ice, no breath.",
        "Oh, Ebenezer, a dimmiser, he's like his mother. Um, yeah go for a nap. And he's dead, and"
        " he's dead, he or. Ebenezer, I've your rule, his, I'm the marketing expert, okay?",
    ],
)
def test_a_threat_amid_other_talk_is_asked_about(talk: str, content: Content) -> None:
    assert isinstance(content.openings.find(talk, near=OVERHEARD), Vague)
