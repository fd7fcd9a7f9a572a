"""Talk that is not meant for us: amid it words have to be plainer to begin anything."""

from voice.dialogue import words
from voice.dialogue.state import State
from voice.dialogue.turn import Turn

_GOES_ON_S = 60.0
"""How long after its last sentences people are taken to go on with it."""
_SENTENCES = 2
_WORDS = 4
"""Words of a sentence; "computer" and "yeah" are nobody's conversation."""


def goes_on(state: State) -> bool:
    """Whether several sentences were overheard lately that got no reply."""
    return len(state.talk) >= _SENTENCES


def outdated(turn: Turn) -> None:
    """Forget the talk of a while ago, or of before a power cut, when the time began anew."""
    turn.set(talk=tuple(t for t in turn.state.talk if 0 <= turn.now - t < _GOES_ON_S))


def note(turn: Turn, text: str) -> None:
    """Keep when a sentence was overheard to which nothing is said while nothing runs."""
    state = turn.state
    if state.run is None and not turn.speaks and len(words.tokens(text)) >= _WORDS:
        turn.set(talk=(*state.talk, turn.now)[-_SENTENCES:])
