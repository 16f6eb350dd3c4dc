"""Where the platform wants a program's own files to lie."""

from __future__ import annotations

from pathlib import Path

from platformdirs import user_cache_path, user_state_path


def state_folder() -> Path:
    """Log and crash reports: kept, but of no use on another machine."""
    return user_state_path("sora-tui", appauthor=False)


def clip_cache() -> Path:
    """Pictures of clips: may be removed at any time."""
    return user_cache_path("sora-tui", appauthor=False) / "clips"
