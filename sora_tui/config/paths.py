"""The platform's folders for a program's own files."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path, user_config_path, user_state_path

_NAME: Final = "sora-tui"
#: Stands for the folder of a person without a home. Nothing is ever found below it, and writing
#: there fails as in any other place that cannot be written.
_NOWHERE: Final = Path(os.devnull) / "no-home"


def has_home() -> bool:
    """Return whether this process has a place for its own files; some containers have none."""
    return settings_folder() != _NOWHERE


def state_folder() -> Path:
    """Return the folder of the log and crash reports: kept, but of no use on another machine."""
    return _own(user_state_path, "XDG_STATE_HOME")


def settings_folder() -> Path:
    """Return the folder of settings, which a person may want on another machine too."""
    return _own(user_config_path, "XDG_CONFIG_HOME")


def user_toml_path() -> Path:
    """Return the path of the person's own `sora-tui.toml`, whether it exists or not."""
    return settings_folder() / "sora-tui.toml"


def saved_servers_path() -> Path:
    """Return the path of the profiles that this program writes, whether it exists or not."""
    return settings_folder() / "servers.toml"


def clip_cache() -> Path:
    """Return the folder for pictures of clips, which may be removed at any time."""
    return _own(user_cache_path, "XDG_CACHE_HOME") / "clips"


def _own(folder_of: Callable[..., Path], variable: str) -> Path:
    """Return the platform's folder, or `_NOWHERE` where HOME is missing or not absolute.

    A relative one would mean another folder in every current folder, and an empty one the root of
    the file system.
    """
    home = os.environ.get("HOME")
    named = os.environ.get(variable, "")
    if home is not None and not Path(home).is_absolute() and not Path(named).is_absolute():
        return _NOWHERE
    try:
        found = folder_of(_NAME, appauthor=False)
    except (RuntimeError, KeyError):  # no HOME, and no entry in the password file
        return _NOWHERE
    return found if found.is_absolute() else _NOWHERE
