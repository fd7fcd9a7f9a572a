"""The check on every sentence of the language model before it is spoken."""

from voice.dialogue.guard.rules import Verdict, check, check_alone

__all__ = ["Verdict", "check", "check_alone"]
