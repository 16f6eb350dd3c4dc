"""Downloads into `output/`: hidden parts, hashed as they grow, published when whole."""

from __future__ import annotations

import os
import re
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from sora_tui.core.digest import sha256_of
from sora_tui.core.job import Job, Output
from sora_tui.core.job_id import JOB_ID
from sora_tui.core.problem import Fact, problem_error
from sora_tui.core.text import clean_line
from sora_tui.workspace.atomic import NEW_FILE, TEMPORARY, chance, disk_refusals, publish, write_all
from sora_tui.workspace.folder import ROOM, Folder
from sora_tui.workspace.safe_open import safe_open

#: Remote ids up to this length that hold only these characters are used as they are.
_SAFE_ID: Final = re.compile(r"[A-Za-z0-9_-]{1,40}")
#: Seconds after which a request that is still half written will never be completed.
_ABANDONED: Final = 3600
_READ_AT_ONCE: Final = 1024 * 1024
_PART: Final = re.compile(rf"\.{JOB_ID.pattern}\.[0-9a-f]{{8}}\.part")


def output_name(job: Job, suffix: str = ".mp4", output: int = 0) -> str:
    """Return the name of a job's file, e.g. `20261122-101530Z_video_9c1e.mp4`.

    The second of several clips ends in `_2` before its suffix, and so on. Gateways put routing into
    ids, so that they are long and alike at both ends: such an id is replaced by twelve digits of
    its SHA-256.
    """
    remote_id = job.remote_id or job.id
    if not _SAFE_ID.fullmatch(remote_id):
        digest = sha256_of(remote_id.encode("utf-8", "surrogatepass"))
        remote_id = f"video_{digest[:12]}"
    number = f"_{output + 1}" if output else ""
    return f"{_stamp(job.created_at)}_{remote_id}{number}{suffix}"


class PartFile:
    """A download that is not a clip yet: hidden, private, hashed while it is written.

    Attributes:
        bytes: How many were written so far.
    """

    def __init__(self, folder: Folder, job_id: str) -> None:
        """Create the file.

        Raises:
            ProblemError: disk_full, folder_not_writable or folder_missing.
        """
        import hashlib

        self._folder = folder
        self.path = folder.output / f".{job_id}.{chance()}.part"
        self.bytes = 0
        self._hash = hashlib.sha256()
        with disk_refusals(self.path):
            folder.output.mkdir(mode=0o700, exist_ok=True)  # a person may have removed it
            self._fd: int | None = os.open(self.path, NEW_FILE, 0o600)

    @classmethod
    def reopened(cls, folder: Folder, path: Path) -> PartFile:
        """Open a part that was closed before it was whole; its bytes are read and hashed again.

        Raises:
            FileNotFoundError: It was removed meanwhile.
            ProblemError: The disk refuses it.
        """
        import hashlib

        part = cls.__new__(cls)
        part._folder, part.path = folder, path
        part._hash, part.bytes = hashlib.sha256(), 0
        part._fd = None
        if not path.exists():
            raise FileNotFoundError(path)
        with disk_refusals(path):
            part._fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
            while chunk := os.read(part._fd, _READ_AT_ONCE):
                part._hash.update(chunk)
                part.bytes += len(chunk)
        return part

    @property
    def sha256(self) -> str:
        """The hash of what was written so far, in hexadecimal."""
        return self._hash.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append a chunk, and hash it.

        Raises:
            ProblemError: disk_full or folder_not_writable.
        """
        if self._fd is None:
            raise ValueError("the part is closed")
        with disk_refusals(self.path):
            write_all(self._fd, chunk)
        self._hash.update(chunk)
        self.bytes += len(chunk)

    def restart(self) -> None:
        """Drop what was written: the next byte is the first.

        Raises:
            ProblemError: The disk refuses it.
        """
        import hashlib

        if self._fd is None:
            raise ValueError("the part is closed")
        with disk_refusals(self.path):
            os.ftruncate(self._fd, 0)
            os.lseek(self._fd, 0, os.SEEK_SET)
        self._hash = hashlib.sha256()
        self.bytes = 0

    def sync_and_close(self) -> None:
        """Make the file durable and close it.

        Raises:
            ProblemError: disk_full.
        """
        if self._fd is not None:
            with disk_refusals(self.path):
                os.fsync(self._fd)
            self.close()

    def beginning(self, length: int) -> bytes:
        """Return at most this many of its first bytes, as they stand on the disk."""
        with self.path.open("rb") as file:
            return file.read(length)

    def publish(self, name: str) -> Path:
        """Give it a name in `output/` that no other file has; return its path."""
        return publish(self.path, self._folder.output / name)

    def discard(self) -> None:
        """Remove it, if it was not published."""
        self.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Close it without removing it, for `reopened`."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None


def open_output(folder: Folder, output: Output) -> BinaryIO:
    """Open a file that a job left behind, to view it: a regular file of this workspace.

    `output/` itself may be a link to another place. A link in the file's own place is refused, and
    so is a path in a document that leads out of the folder.

    Raises:
        ProblemError: clip_missing, or clip_not_ours with a `reason`.
    """
    path = folder.root / output.path
    facts: dict[str, Fact] = {"path": clean_line(output.path, 200)}
    try:
        above = path.parent.resolve()
        homes = (folder.root, folder.output.resolve())
        if ".." in path.parts or not any(above.is_relative_to(home) for home in homes):
            raise problem_error("clip_not_ours", **facts)
        return safe_open(path)
    except FileNotFoundError:
        raise problem_error("clip_missing", **facts) from None
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in the name, a loop of links
        reason = (error.strerror or "") if isinstance(error, OSError) else ""
        raise problem_error("clip_not_ours", **facts, reason=reason) from None


def sweep_parts(folder: Folder) -> int:
    """Remove what killed processes left unfinished; for the owner. Return how many files it were.

    Only files with names of our own are removed. Those that other processes may write too must be
    an hour older than the last request: a temporary file in the inbox may be one being written just
    now.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing.
    """
    with disk_refusals(folder.output):
        folder.output.mkdir(mode=0o700, exist_ok=True)  # a person may have removed it
    swept = [
        path
        for path in folder.output.iterdir()
        if _PART.fullmatch(path.name) or ROOM.fullmatch(path.name)
    ]
    # The folder's mark is made by the process that hands in first, owner or not.
    mark = f".{folder.mark_file.name}."
    swept += [
        path
        for path in _temporary(folder.metadata)
        if not path.name.startswith(mark) or _age(path) > _ABANDONED
    ]
    swept += [path for path in _temporary(folder.inbox) if _age(path) > _ABANDONED]
    for path in swept:
        path.unlink(missing_ok=True)
    return len(swept)


def _temporary(place: Path) -> list[Path]:
    try:
        return [path for path in place.iterdir() if TEMPORARY.fullmatch(path.name)]
    except FileNotFoundError:
        return []


def _age(path: Path) -> float:
    """Return the seconds from a file's writing to the last change beside it; 0 if it is gone.

    Both times are the file system's: our clock may differ from it by hours.
    """
    try:
        return path.parent.stat().st_mtime - path.stat().st_mtime
    except FileNotFoundError:
        return 0


def verify(folder: Folder, output: Output) -> bool:
    """Return whether a published file is still what was downloaded, by its SHA-256.

    Raises:
        FileNotFoundError: The person moved or removed it.
    """
    import hashlib

    with (folder.root / output.path).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == output.sha256


def _stamp(at: datetime) -> str:
    return f"{at:%Y%m%d-%H%M%S}Z"
