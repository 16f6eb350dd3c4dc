"""Blocking calls, for worker threads."""
