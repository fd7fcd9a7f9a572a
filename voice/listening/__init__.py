"""From microphone blocks to turns: voice activity, end of turn, transcript gate."""
