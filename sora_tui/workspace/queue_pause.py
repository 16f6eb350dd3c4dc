"""Whether the queue is paused: a file in the folder, so that every process and the next start know.

While it exists nothing new is sent; jobs that a server has go on and are downloaded.
"""

from __future__ import annotations

from pathlib import Path

from sora_tui.workspace.atomic import disk_refusals, sync_dir
from sora_tui.workspace.folder import Folder


def is_paused(folder: Folder) -> bool:
    """Return whether pending jobs have to wait for a person."""
    return _mark(folder).exists()


def set_paused(folder: Folder, paused: bool) -> None:
    """Stop sending, or resume. Durable once this returns; any process may do it.

    Raises:
        ProblemError: disk_full or folder_not_writable; nothing was changed.
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
