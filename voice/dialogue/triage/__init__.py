"""From what was said to what is known and where to begin."""
