"""How long the language model takes for the first sentence of an answer, from a short trial.

A machine that cannot write it in time had better not try: the rescuer would wait for nothing.
"""

import msgspec

from voice.dialogue import prompts
from voice.engines import interfaces as m

_SENTENCE_TOKENS = 4
"""That tell which sentence of the notes it will be: who is hopeless with them need not begin."""
_TRIAL_TOKENS = 4
_QUESTION, _NOTES = "is it deep", "Look at the cut. A deep cut needs stitches within hours."


class Pace(msgspec.Struct, frozen=True):
    """Seconds that one character of a prompt takes to read, and one token to write."""

    read_s: float
    write_s: float

    def first_sentence_s(self, prompt: str) -> float:
        """How long the first sentence of an answer takes; its prefix has been read before."""
        return self.read_s * len(prompt) + self.write_s * _SENTENCE_TOKENS


def trial(style: prompts.Style, generation: int, deadline_s: float) -> m.Generate:
    """An answer that nobody hears."""
    prompt = prompts.answer_prompt(style, _QUESTION, _NOTES)
    return m.Generate(
        generation=generation,
        deadline_s=deadline_s,
        prefix=prompt.prefix,
        prompt=prompt.text,
        max_tokens=_TRIAL_TOKENS,
    )


def measured(tried: m.Generate, result: m.Result) -> Pace | None:
    """What the end of a trial shows; None when it did not come to its end."""
    if not isinstance(result, m.Done):
        return None
    first, whole, tokens = (result.info.get(k) for k in ("first_token_s", "seconds", "tokens"))
    if not isinstance(first, float) or not isinstance(whole, float) or not isinstance(tokens, int):
        return None
    return Pace(first / len(tried.prompt), (whole - first) / max(tokens - 1, 1))
