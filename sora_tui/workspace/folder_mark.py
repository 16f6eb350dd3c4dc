"""What distinguishes this folder from a copy of it, and which paid requests began in it.

An order that waits is sent without a question only in the folder that it was handed in to. A copy,
a folder restored from a backup and one on another machine have the same documents. So the mark
holds two things that a copy cannot have: the inode of the mark file, and the id of the machine.
A copy by hard links (`cp -al`, rsnapshot) shares that inode: then the inode of the folder stands
for it, which no two folders share. The device's number changes with a reboot and the host's name
with the network: both are left out. A backup that is copied over the folder file by file keeps the
inode. So each paid request leaves an empty file named by its key, which an earlier backup does not
have: a key is never used twice. And each request changes the time of the mark file, so that tools
which skip unchanged files replace it.
"""

from __future__ import annotations

import logging
import os
import re
import time
from pathlib import Path
from typing import Final

from sora_tui.core.job import FolderMark, Job
from sora_tui.core.problem import problem_error
from sora_tui.workspace.atomic import (
    NEW_FILE,
    chance,
    claim_name,
    disk_refusals,
    sync_dir,
    write_all,
)
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.safe_open import safe_open

#: Where systems keep the machine's id (machine-id(5); FreeBSD). Many containers have none.
_MACHINE_FILES: Final = ("/etc/machine-id", "/var/lib/dbus/machine-id", "/etc/hostid")
_MACHINE: Final = re.compile(r"[0-9a-f]{32}")
_TOKEN: Final = re.compile(rb"[0-9a-f]{32}\n?")
#: A file system without links shows the mark empty for a moment while it is made.
_TRIES: Final = 20
_MOMENT: Final = 0.01
#: Keys that are kept; a backup older than this many requests is not restored over a folder.
_KEYS_KEPT: Final = 5000

_log = logging.getLogger(__name__)


def folder_mark(folder: Folder) -> FolderMark:
    """Return the mark of a folder; it is made where there is none.

    Processes that make it at the same time agree on one.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing.
    """
    path = folder.mark_file
    for attempt in range(_TRIES):
        if (mark := _read(path)) is not None:
            return mark
        _make(path, over=attempt == _TRIES - 2)
    raise problem_error("folder_not_writable", path=str(path.parent), reason=path.name)


def has_known_past(folder: Folder, job: Job) -> bool:
    """Return whether a waiting job was handed in to this very folder, and was not sent from it.

    A practice job costs nothing, so it always may go on.

    Raises:
        ProblemError: As `folder_mark`.
    """
    if job.simulated:
        return True
    return folder_mark(folder).is_same_folder(job.handed_in) and not _was_begun(folder, job)


def key_of(job: Job) -> str:
    """Return the key of a job's next paid request."""
    return f"{job.id}-{len(job.attempts) + 1}"


def note_begun(folder: Folder, key: str) -> None:
    """Record that the request with this key was begun here.

    The job's document says so too, so an error here does not stop the sending.
    """
    try:
        folder.attempts.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(folder.attempts / key, os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW, 0o600))
        os.utime(folder.mark_file)
    except OSError as error:
        _log.warning("%s is not noted as begun: %s", key, error)


def sweep_begun(folder: Folder) -> None:
    """Remove the oldest keys. For the owner alone."""
    try:
        keys = sorted(folder.attempts.iterdir())
    except FileNotFoundError:
        return
    for key in keys[:-_KEYS_KEPT]:
        key.unlink(missing_ok=True)


def _was_begun(folder: Folder, job: Job) -> bool:
    """Return whether a job's next paid request was begun here: then its document is a backup."""
    return (folder.attempts / key_of(job)).exists()


def _read(path: Path) -> FolderMark | None:
    """Return the mark in its file; None where there is no file, or none that can be read."""
    try:
        with safe_open(path) as file:
            inode, said = _own_inode(file.fileno(), path), file.read(64)
    except OSError:
        return None
    if not _TOKEN.fullmatch(said):
        return None
    return FolderMark(said[:32].decode(), inode, _machine())


def _own_inode(descriptor: int, path: Path) -> int:
    """Return the inode of the mark file, or of its folder where other folders share the file."""
    for _ in range(_TRIES):
        found = os.fstat(descriptor)
        if found.st_nlink == 1:
            return found.st_ino
        time.sleep(_MOMENT)  # it may just be made: it has two names for a moment then
    return path.parent.stat().st_ino


def _make(path: Path, *, over: bool) -> None:
    """Make the file, unless another process has made it; `over` replaces one that is unreadable."""
    part = path.with_name(f".{path.name}.{chance()}.tmp")
    with disk_refusals(path):
        fd = os.open(part, NEW_FILE, 0o600)
        try:
            try:
                write_all(fd, os.urandom(16).hex().encode() + b"\n")
                os.fsync(fd)
            finally:
                os.close(fd)
            try:
                claim_name(part, path)
            except FileExistsError:
                if over:
                    part.replace(path)
                else:
                    time.sleep(_MOMENT)
        finally:
            part.unlink(missing_ok=True)
        sync_dir(path.parent)


def _machine() -> str | None:
    """Return the hash of the machine's id: machine-id(5) asks not to show it to others."""
    for name in _MACHINE_FILES:
        try:
            said = Path(name).read_text("ascii").strip().lower().replace("-", "")
        except (OSError, ValueError):
            continue  # most containers have none of these
        if _MACHINE.fullmatch(said):
            from hashlib import sha256  # not for the first frame

            return sha256(f"sora-tui {said}".encode()).hexdigest()[:32]
    return None
