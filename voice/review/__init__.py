"""What a clinician reads before signing a protocol: one page with all that it says and decides."""
