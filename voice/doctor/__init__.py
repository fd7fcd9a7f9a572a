"""Looks at this machine and says whether the assistant can run on it, and what to do if not."""
