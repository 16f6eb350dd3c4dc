"""Where the platform wants a program's own files to lie."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from platformdirs import user_cache_path, user_config_path, user_state_path

_NAME: Final = "sora-tui"


def state_folder() -> Path:
    """Log and crash reports: kept, but of no use on another machine."""
    return user_state_path(_NAME, appauthor=False)


def settings_folder() -> Path:
    """What a person chose, and may want on another machine."""
    return user_config_path(_NAME, appauthor=False)


def user_toml_path() -> Path:
    """The person's own `sora-tui.toml`, whether it is there or not."""
    return settings_folder() / "sora-tui.toml"


def own_servers_path() -> Path:
    """The profiles that this program writes, whether there are any or not."""
    return settings_folder() / "servers.toml"


def clip_cache() -> Path:
    """Pictures of clips: may be removed at any time."""
    return user_cache_path(_NAME, appauthor=False) / "clips"
