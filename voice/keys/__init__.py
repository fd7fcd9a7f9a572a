"""Commands by key: a keyboard, a foot pedal, the buttons of a headset, or the terminal."""
