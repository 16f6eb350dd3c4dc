"""Where the platform wants a program's own files to lie."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from platformdirs import user_cache_path, user_config_path, user_state_path

_NAME: Final = "sora-tui"
#: Stands for a folder of a person who has no home. Below it nothing is ever found, and whatever
#: should be written there fails like on any other place that cannot be written.
_NOWHERE: Final = Path(os.devnull) / "no-home"


def has_home() -> bool:
    """Whether this process has a place for files of its own: not in every container and job."""
    return settings_folder() != _NOWHERE


def state_folder() -> Path:
    """Log and crash reports: kept, but of no use on another machine."""
    return _own(user_state_path, "XDG_STATE_HOME")


def settings_folder() -> Path:
    """What a person chose, and may want on another machine."""
    return _own(user_config_path, "XDG_CONFIG_HOME")


def user_toml_path() -> Path:
    """The person's own `sora-tui.toml`, whether it is there or not."""
    return settings_folder() / "sora-tui.toml"


def saved_servers_path() -> Path:
    """The profiles that this program writes, whether there are any or not."""
    return settings_folder() / "servers.toml"


def clip_cache() -> Path:
    """Pictures of clips: may be removed at any time."""
    return _own(user_cache_path, "XDG_CACHE_HOME") / "clips"


def _own(folder_of: Callable[..., Path], variable: str) -> Path:
    """The platform's folder, or `_NOWHERE` where HOME is no absolute path or there is none.

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
