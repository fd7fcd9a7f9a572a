"""Whether words ask something. Transcripts seldom have a question mark."""

import re

from voice.dialogue import words

# "When she tries to smile only half goes up" and "what he took was mine" state; "what do i do when
# it stops" asks inside.
_ASKING = re.compile(
    r"^(?:(?:so|and|but|for|okay|ok|um|uh|oh|hey|please|well|then|also|quick question|wait) )*(?:"
    r"(?:what(?! an? )|when|where|which|who)(?! (?:he|she|they|it|his|her|their|the)\b)|how|why|"
    r"(?:should|shall|can|could|do|does|did|is|are|was|would|will|may|must|has|have|am|might) "
    r"(?:not )?"
    r"(?:i|he|she|they|it|we|you|this|that|the|a|there|my|his|her|their|someone|somebody|"
    r"anyone|any|water|food|these|those|me|him|them))\b"
)
# "will coke do", "does steam help"; "is bleeding" leaves out who, and states.
_JUDGED = re.compile(
    r"^(?:(?:so|and|but|or|okay|ok|um|uh|oh|hey|well|then) )*"
    r"(?:will|would|does|is|are|can|could|should) (?!not\b|\w+ing\b|\w+ed\b)(?:\w+ ){1,5}?"
    r"(?:do|okay|ok|alright|all right|safe|help|work|good|enough|better|fine|hurt|harm|any good)\b"
)
_ASKED_INSIDE = re.compile(
    r"\b(?:what if|how (?:do|can|should) i|(?:should|can|do|may|must|shall) i|"
    r"(?:should|can|may) we)\b"
)


def is_question(text: str) -> bool:
    """Whether the words ask something, with or without a question mark."""
    return (
        text.rstrip().endswith("?")
        or any(_ASKING.match(said) or _JUDGED.match(said) for said in words.clauses(text))
        or bool(_ASKED_INSIDE.search(words.normalise(text)))
    )
