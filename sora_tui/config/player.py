"""The `player` setting: the command that opens a clip where there is a display."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from sora_tui.config.config_files import TomlFile
from sora_tui.core.problem import problem_error

_REASON: Final = "must be a command in quotes, as in: mpv --loop"


def read_player(environ: Mapping[str, str], user: TomlFile | None, own: TomlFile | None) -> str:
    """Return the command in SORA_PLAYER, else in the person's own file; empty means the desktop's.

    Args:
        environ: Of the process only, because a workspace's `.env` may be a stranger's.
        user: The person's own file.
        own: The workspace's file, which must not name a program.

    Raises:
        ProblemError: config_invalid, naming file and line.
    """
    if own is not None and "player" in own.values:
        raise own.invalid("", "player", "works in your own sora-tui.toml only")
    said = environ.get("SORA_PLAYER", "")
    if said:
        if not _is_command(said):
            raise problem_error("config_invalid", key="SORA_PLAYER", reason=_REASON)
        return said
    command = user.values.get("player", "") if user is not None else ""
    if user is not None and (
        not isinstance(command, str) or (command and not _is_command(command))
    ):
        raise user.invalid("", "player", _REASON)
    return str(command)


def _is_command(text: str) -> bool:
    import shlex  # few name a player, and the first frame need not wait for it

    try:
        return bool(shlex.split(text))
    except ValueError:  # a quotation without an end
        return False
