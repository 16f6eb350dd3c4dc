"""The terminal job manager for video generation."""
