"""The check on every sentence of the language model before it is spoken."""

from voice.dialogue.guard.rules import Verdict, check

__all__ = ["Verdict", "check"]
