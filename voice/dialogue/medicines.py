"""Names of medicines and drugs in a question: nothing may be said of one that no answer names."""

import re

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
    r"digoxin|furosemide|amiodarone|clopidogrel|whisky|whiskey|brandy|vodka|rum|cannabis|weed)\b"
)
_SAME = (
    ("paracetamol", "acetaminophen", "tylenol", "calpol"),
    ("ibuprofen", "nurofen", "advil"),
    ("adrenaline", "epinephrine"),
    ("naloxone", "narcan"),
    ("salbutamol", "ventolin"),
)
"""One medicine by its different names."""


def named(text: str) -> frozenset[str]:
    """The medicines in a text, each by the first of its names."""
    found = _NAMED.findall(words.normalise(text))
    return frozenset(_first_name(name.rstrip("s") if len(name) > 5 else name) for name in found)


def _first_name(name: str) -> str:
    return next((names[0] for names in _SAME if name in names), name)
