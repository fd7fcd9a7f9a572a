"""Offline voice assistant for rescuers: hears an emergency, speaks the next action."""

__version__ = "0.1.0"
