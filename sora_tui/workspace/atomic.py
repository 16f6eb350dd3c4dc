"""Writes files so that a reader finds the old content or the new one, never a mixture.

The shape is borg's and atomicwrites': a temporary file of our own beside the target, fsync, rename,
fsync of the folder. Mechanism AW of the reliability notes.
"""

from __future__ import annotations

import errno
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Final

from sora_tui.core.problem import problem_error

#: Names of temporary files that `write_atomic` may leave when the process is killed.
TEMPORARY: Final = re.compile(r"\..+\.[0-9a-f]{8}\.tmp")

#: `O_EXCL` never opens what is already there, `O_NOFOLLOW` never writes through a planted link.
NEW_FILE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC

_REFUSALS: Final = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "disk_full",
    errno.EROFS: "folder_not_writable",
    errno.EACCES: "folder_not_writable",
    errno.EPERM: "folder_not_writable",
    errno.EIO: "folder_not_writable",
    # A folder of ours that is a file, a broken link, or on another device: a person made it so.
    errno.ENOTDIR: "folder_not_writable",
    errno.EISDIR: "folder_not_writable",
    errno.ELOOP: "folder_not_writable",
    errno.EEXIST: "folder_not_writable",
    errno.EXDEV: "folder_not_writable",
    errno.ENOENT: "folder_missing",
}


@contextmanager
def disk_refusals(path: Path) -> Iterator[None]:
    """Turn the usual errors of a disk into a `Problem` that names the folder of `path`.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing. Any other `OSError` (a
            failing disk) goes on as it is.
    """
    try:
        yield
    except OSError as error:
        code = _REFUSALS.get(error.errno or 0)
        if code is None:
            raise
        raise problem_error(
            code, path=str(path.parent), reason=os.strerror(error.errno or 0)
        ) from error


def chance() -> str:
    """Return eight random hexadecimal digits; importing `secrets` would delay a start by 5 ms."""
    return os.urandom(4).hex()


def write_atomic(path: Path, data: bytes, mode: int = 0o600, *, rights: int | None = None) -> None:
    """Make `data` the content of `path`, durably: after the return it survives a power cut.

    Args:
        path: The file to write.
        data: The new content.
        mode: Permissions of a new file; the umask may remove some.
        rights: Permissions that the file gets whatever the umask says.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing; the old content stays.
    """
    part = path.with_name(f".{path.name}.{chance()}.tmp")
    with disk_refusals(path):
        fd = os.open(part, NEW_FILE, mode)
        try:
            try:
                write_all(fd, data)
                if rights is not None:
                    os.fchmod(fd, rights)
                os.fsync(fd)
            finally:
                os.close(fd)
            part.replace(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        sync_dir(path.parent)


def write_all(fd: int, data: bytes) -> None:
    """Write every byte; write(2) may take fewer than it is given."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(fd, rest) :]


def reserve(path: Path, size: int) -> None:
    """Make a private file that takes `size` bytes of the disk, for `write_reserved`.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing.
    """
    with disk_refusals(path):
        path.unlink(missing_ok=True)
        fd = os.open(path, NEW_FILE, 0o600)
        try:
            allocate(fd, size)
            os.fsync(fd)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        finally:
            os.close(fd)


def write_reserved(reserved: Path, path: Path, data: bytes) -> None:
    """Do as `write_atomic` on a full disk: the bytes go where `reserve` took them.

    Raises:
        ProblemError: disk_full for more bytes than were reserved; the old content stays.
    """
    with disk_refusals(path):
        fd = os.open(reserved, os.O_WRONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            write_all(fd, data)
            os.ftruncate(fd, len(data))
            os.fsync(fd)
        finally:
            os.close(fd)
        reserved.replace(path)
        sync_dir(path.parent)


def allocate(fd: int, size: int) -> None:
    """Take this much of the disk for a file, where the system can do so beforehand."""
    if not hasattr(os, "posix_fallocate"):  # macOS: write and fsync report it then
        return
    try:
        os.posix_fallocate(fd, 0, max(size, 1))
    except OSError as error:
        if error.errno not in {errno.EOPNOTSUPP, errno.EINVAL}:
            raise


def sync_dir(path: Path) -> None:
    """Make the names in a folder durable, except on network file systems that cannot (EINVAL)."""
    fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno != errno.EINVAL:
            raise
    finally:
        os.close(fd)


def publish(part: Path, target: Path) -> Path:
    """Give a finished file its name, without ever taking another file's name.

    A name that is taken gets `-1`, `-2` ... before its extension. If the file under that name has
    the same bytes, it is this file already: a publication that a crash interrupted is completed,
    not repeated.

    Returns:
        The final path.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing.
    """
    with disk_refusals(target):
        for number in count():
            name = target if number == 0 else target.with_stem(f"{target.stem}-{number}")
            if _claim_name(part, name):
                break
        part.unlink(missing_ok=True)
        sync_dir(name.parent)
    return name


def claim_name(file: Path, name: Path) -> None:
    """Give a file a second name, if it is free; its only name where the disk refuses links.

    FAT and FUSE mounts answer EPERM, Android and SELinux EACCES, quotas and overlays EXDEV, other
    systems ENOSYS, EOPNOTSUPP or EMLINK: for any of these an empty file of our own takes the name
    and is then replaced. If that file cannot be made either, its error is the one that is raised.

    Raises:
        FileExistsError: Something has that name.
    """
    try:
        os.link(file, name, follow_symlinks=False)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError:
        descriptor = os.open(name, NEW_FILE, 0o600)
        try:
            _move_into(file, name, descriptor)
        except BaseException:
            name.unlink(missing_ok=True)  # empty, or half a copy
            raise
        finally:
            os.close(descriptor)


def _move_into(file: Path, name: Path, descriptor: int) -> None:
    """Put a file in the place of a new, empty one; copy it where it cannot be moved."""
    try:
        file.replace(name)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        with file.open("rb") as source:
            while chunk := source.read(1024 * 1024):
                write_all(descriptor, chunk)
        os.fsync(descriptor)
        file.unlink()


def _claim_name(part: Path, name: Path) -> bool:
    try:
        claim_name(part, name)
    except FileExistsError:
        import filecmp  # a name is rarely taken, and no start needs to wait for it

        try:
            is_plain = name.is_file() and not name.is_symlink()
            return is_plain and filecmp.cmp(part, name, shallow=False)
        except PermissionError:  # not ours to read, so not ours
            return False
    return True
