"""Sound in and out: devices, WAV files, the simulated room, the mixer and the beat."""
