"""The lock that makes one process the owner of a workspace: flock on `metadata/.lock`.

flock and not lockf: lockf is lost as soon as the process closes any other descriptor of the file.
The file is never unlinked: unlinking splits the lock in two. Both were measured.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, NamedTuple

from sora_tui.core.problem import problem_error
from sora_tui.workspace.atomic import disk_refusals, write_all
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.safe_open import safe_open

_UNSUPPORTED: Final = frozenset({errno.ENOSYS, errno.EOPNOTSUPP, errno.ENOLCK, errno.EINVAL})
#: On these flock always succeeds, or works only among the processes of one machine.
_NETWORK: Final = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "afs", "ceph", "lustre", "gpfs", "beegfs"}
    | {"fuse.sshfs", "fuse.glusterfs"}
)


class Holder(NamedTuple):
    """Who holds the lock, for display.

    Attributes:
        state: `running`, or `stopped` for a process of this machine that ctrl+z or SIGSTOP
            stopped.
    """

    pid: int
    host: str
    since: datetime
    state: str


class OwnerLock:
    """The lock, as one process uses it.

    Args:
        alone: The person said that no other process works on this folder: a file system without
            a reliable flock counts as locked.
    """

    def __init__(self, folder: Folder, *, alone: bool = False) -> None:
        self._folder = folder
        self._alone = alone
        self._fd: int | None = None

    @property
    def held(self) -> bool:
        """Whether this process owns the workspace now.

        If the lock file was unlinked, other processes lock another file: then it is not held.
        """
        return self._fd is not None and self._is_in_place(self._fd)

    def try_acquire(self) -> bool:
        """Become the owner, if there is none. Returns at once; True if the lock is held afterwards.

        Raises:
            ProblemError: lock_unsupported where locks are unreliable here; disk_full,
                folder_not_writable or folder_missing where the file cannot be made.
        """
        if self.held:
            return True
        self.release()
        if not self._folder.writable:
            return False
        path = self._folder.lock_file
        if not self._alone and (kind := _network_file_system(path.parent)):
            raise problem_error("lock_unsupported", path=str(path.parent), reason=kind)
        with disk_refusals(path):
            # Descriptors are not inherited by default (PEP 446): a player must not keep the lock.
            fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            locked = self._flock(fd)
            if locked and self._is_in_place(fd):
                _write_holder(fd)
                self._fd, fd = fd, -1
        finally:
            if fd >= 0:
                os.close(fd)
        return self._fd is not None

    def release(self) -> None:
        """Release the lock, if held."""
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def holder(self) -> Holder | None:
        """Return the holder that the lock's file names; for after a `try_acquire` that failed.

        None where the file is not readable or the process is gone.
        """
        try:
            with safe_open(self._folder.lock_file) as file:
                said = json.loads(file.read(4096))
            pid, host = int(said["pid"]), str(said["host"])
            since, state = datetime.fromisoformat(said["since"]), str(said["state"])
        except (OSError, ValueError, KeyError, TypeError):
            return None
        if host == os.uname().nodename:
            alive = _process_state(pid)
            if alive is None:
                return None
            state = alive
        return Holder(pid, host, since, state)

    def _flock(self, fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            if error.errno not in _UNSUPPORTED:
                raise
            if not self._alone:
                place = str(self._folder.metadata)
                reason = os.strerror(error.errno)
                raise problem_error("lock_unsupported", path=place, reason=reason) from error
        return True

    def _is_in_place(self, fd: int) -> bool:
        try:
            return os.path.samestat(os.fstat(fd), self._folder.lock_file.stat())
        except OSError:
            return False


def _write_holder(fd: int) -> None:
    holder = {
        "pid": os.getpid(),
        "host": os.uname().nodename,
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
        "state": "running",
    }
    os.ftruncate(fd, 0)
    write_all(fd, json.dumps(holder).encode() + b"\n")


def _process_state(pid: int) -> str | None:
    """Return `running` or `stopped`; None for a process that has ended."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass  # another user's process, and alive
    try:
        # The name in parentheses may hold anything, so the state is searched after the last one.
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (OSError, IndexError):
        return "running"
    return "stopped" if state in {"T", "t"} else "running"


def _network_file_system(path: Path) -> str | None:
    """Return the type of the network file system that `path` lies on, where the system tells it."""
    try:
        lines = Path("/proc/self/mountinfo").read_text(errors="replace").splitlines()
    except OSError:
        return None
    real, best, kind = str(path.resolve()), "", ""
    for line in lines:
        before, _, after = line.partition(" - ")
        point = before.split()[4].encode().decode("unicode_escape")
        inside = real == point or real.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, after.split()[0]
    return kind if kind in _NETWORK else None
