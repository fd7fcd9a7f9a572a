"""What to say next: commands, triage, protocol runner, answers and their guard."""
