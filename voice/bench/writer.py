"""Has a language model write one short answer in words that nobody checks."""

import queue

from voice.answering import MAX_TOKENS, WHOLE_ANSWER_S
from voice.dialogue import prompts
from voice.dialogue.sentences import SentenceSplitter
from voice.engines import interfaces as m
from voice.model_text import MAX_SENTENCES


class Writer:
    """Asks a ready engine and waits, within the bounds of the assistant's own answers. One thread
    uses it.
    """

    def __init__(self, engine: m.Engine) -> None:
        self._engine = engine
        self._generation = 0

    @property
    def style(self) -> prompts.Style:
        """How the model is asked."""
        chat = self._engine.info.get("chat_format") == "gemma-chat"
        return "gemma-chat" if chat else "completion"

    def write(self, prompt: prompts.Prompt) -> str:
        """The answer's sentences; what a limit cut off in the middle is left out."""
        results: queue.SimpleQueue[m.Result] = queue.SimpleQueue()
        self._generation += 1
        self._engine.submit(self._request(prompt), results.put)
        splitter = SentenceSplitter()
        sentences: list[str] = []
        while len(sentences) < MAX_SENTENCES:
            match results.get():
                case m.Token(text=text):
                    sentences += splitter.feed(text)
                case m.Done():
                    rest = splitter.end()
                    sentences += [rest] if rest.rstrip().endswith((".", "!")) else []
                    break
                case _:
                    break
        self._engine.cancel(self._generation + 1)
        return " ".join(sentence.strip() for sentence in sentences[:MAX_SENTENCES])

    def _request(self, prompt: prompts.Prompt) -> m.Generate:
        return m.Generate(
            generation=self._generation,
            deadline_s=WHOLE_ANSWER_S,
            prefix=prompt.prefix,
            prompt=prompt.text,
            stop=prompt.stop,
            max_tokens=MAX_TOKENS,
        )
