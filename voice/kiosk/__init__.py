"""A screen by the door: what the loop knows as a page, and touches as commands."""
