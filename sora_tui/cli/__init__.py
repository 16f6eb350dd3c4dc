"""The face for scripts: the same verbs as on screen, JSON out."""
