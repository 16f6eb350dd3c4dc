"""When this person saw a workspace last: the time of a file of their own."""

from __future__ import annotations

import os
import time
import zlib
from datetime import UTC, datetime
from pathlib import Path

from sora_tui.config.paths import state_folder


def last_seen(workspace: Path) -> datetime | None:
    """When this person's last screen on a workspace ended, or began where it could not end."""
    try:
        stamp = _mark(workspace).stat().st_mtime
    except OSError:
        return None
    return datetime.fromtimestamp(stamp, UTC)


def mark_seen(workspace: Path) -> None:
    """Remember that this person sees the workspace now, by the clock that the jobs have.

    Raises:
        OSError: the state folder cannot be written; the next welcome counts from an older time.
    """
    mark = _mark(workspace)
    mark.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    mark.touch(mode=0o600)
    # A touch alone takes the file system's clock, which may be hours from ours.
    now = time.time()
    os.utime(mark, (now, now))


def _mark(workspace: Path) -> Path:
    """A file of this person's own whose time is what is remembered; its name tells no path."""
    # Not SHA-256, which brings OpenSSL: two folders of one number share a welcome at most.
    name = f"{zlib.crc32(str(workspace).encode('utf-8', 'surrogateescape')):08x}"
    return state_folder() / "seen" / name
