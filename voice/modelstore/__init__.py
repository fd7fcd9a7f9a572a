"""The model catalogue: fetch, verify, and carry on a USB stick."""
