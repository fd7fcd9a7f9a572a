"""Names of medicines and drugs in a question: nothing may be said of one that no answer names."""

import re
from collections.abc import Iterable

from voice.dialogue import words

# Endings of generic names, and names without one of these; spelling follows the recogniser's.
_NAMED = re.compile(
    r"\b(?:\w{3,}(?:olol|pril|sartan|statin|azole|cillin|cycline|mycin|azepam|zolam|dipine|zine|"
    r"triptan|gliptin|gliflozin|formin|codone|morphone|barbital|caine|setron|tidine|parin|xaban)s?|"
    r"warfarin|heparin|codeine|morphine|fentanyl|tramadol|oxycontin|methadone|ketamine|heroin|"
    r"cocaine|naproxen|diclofenac|aspirin|ibuprofen|nurofen|advil|paracetamol|acetaminophen|"
    r"tylenol|calpol|viagra|cialis|sildenafil|nitro\w*|insulin|steroids?|prednisolone|"
    r"hydrocortisone|adrenaline|epinephrine|naloxone|narcan|salbutamol|ventolin|antihistamines?|"
    r"benadryl|piriton|cetirizine|loperamide|imodium|antibiotics?|valium|xanax|zopiclone|melatonin|"
    r"digoxin|furosemide|amiodarone|clopidogrel|alcohol|whisky|whiskey|brandy|vodka|rum|cannabis|weed)s?\b"
)
_DOSE = re.compile(r"\b(?:dos(?:e|es|age)|how (?:much|many)|milligrams?|mg|units?|number of)\b")
_NO_DRINK = re.compile(
    r"\b(?:nothing (?:by mouth|to (?:eat|drink|swallow))|no (?:drinks?|food))\b", re.IGNORECASE
)
_SAME = (
    ("paracetamol", "acetaminophen", "tylenol", "calpol"),
    ("ibuprofen", "nurofen", "advil"),
    ("adrenaline", "epinephrine"),
    ("naloxone", "narcan"),
    ("salbutamol", "ventolin"),
    ("alcohol", "whisky", "whiskey", "brandy", "vodka", "rum"),
)
"""One medicine by its different names."""


def named(text: str) -> frozenset[str]:
    """The medicines in a text, each by the first of its names."""
    found = _NAMED.findall(words.normalise(text))
    return frozenset(_first_name(name.rstrip("s") if len(name) > 5 else name) for name in found)


def dose_asked(text: str) -> bool:
    """Whether it is asked how much of something is right."""
    return bool(_DOSE.search(words.normalise(text)))


def answered(question: str, say: str, asked: Iterable[str]) -> bool:
    """Whether an answer is about every medicine in the question; about a dose it has to name it.

    `asked`: the ways in which the answer is asked for.
    """
    wanted = named(question)
    if wanted <= named(say) or (wanted == {"alcohol"} and _NO_DRINK.search(say)):
        return True
    return not dose_asked(question) and wanted <= named(" ".join((say, *asked)))


def _first_name(name: str) -> str:
    return next((names[0] for names in _SAME if name in names), name)
