"""The face for scripts: the same actions as on the screen, with JSON output."""
