"""What a text says is the matter: the words that an opening is looked for in."""

import re

from voice.dialogue import words
from voice.dialogue.triage import places

_DENIED = re.compile(
    r"\b(?:no|never had|without|not got|not see|not have|not had|not) (?:any |a |much )?"
    r"(?:blood|bleeding|asthma|allerg\w+|injur\w+|fever|temperature|pain|rash|diabet\w+|burns?|"
    r"wounds?|cuts?|swelling|drugs|alcohol)\b(?: or anything)?"
)
_MEANT = (
    (re.compile(r"\bout cold\b"), "unconscious"),
    (
        re.compile(r"\bnose\b(?: \w+){0,4} (?:running|streaming)\b(?!.*\b(?:blood\w*|red)\b)"),
        "sniffles",
    ),
)
"""Words whose neighbours mislead: out cold has nothing to do with the cold, a runny nose does not
bleed.
"""


def asserted(text: str) -> str:
    """The text without what it says is not there, for "no blood" does not tell of bleeding, and
    without places that tell nothing.
    """
    text = places.without(text)
    plain = words.normalise(text)
    left = _DENIED.sub("", plain)
    for pattern, meant in _MEANT:
        left = pattern.sub(meant, left)
    return text if left == plain or not left.strip() else left
