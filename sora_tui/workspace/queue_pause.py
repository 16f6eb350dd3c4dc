"""Whether the queue is paused: a mark in the folder, so that every process and the next start know.

While it is there nothing new is sent; what a server has goes on and is brought home.
"""

from __future__ import annotations

from pathlib import Path

from sora_tui.workspace.atomic import disk_refusals, sync_dir
from sora_tui.workspace.folder import Folder


def is_paused(folder: Folder) -> bool:
    """Whether pending jobs have to wait for a person."""
    return _mark(folder).exists()


def set_paused(folder: Folder, paused: bool) -> None:
    """Stop sending, or go on. Durable once this returns; any process may do it.

    Raises:
        ProblemError: disk_full or folder_not_writable; all is as it was.
    """
    mark = _mark(folder)
    with disk_refusals(mark):
        if paused:
            mark.touch(mode=0o600)
        else:
            mark.unlink(missing_ok=True)
        sync_dir(folder.metadata)


def _mark(folder: Folder) -> Path:
    return folder.metadata / ".paused"
