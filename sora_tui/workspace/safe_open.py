"""Opens files safely: no FIFO that blocks, no link that leads elsewhere."""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path
from typing import BinaryIO


def safe_open(path: Path | str) -> BinaryIO:
    """Open a regular file for reading, unbuffered. A link as its last part is not followed.

    Raises:
        OSError: As open(2) raises it; ELOOP for a link, EINVAL for a folder, a FIFO or a
            device.
    """
    fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        return os.fdopen(fd, "rb", buffering=0)
    except BaseException:
        os.close(fd)
        raise


def open_named(path: Path) -> BinaryIO:
    """Open a file that a person names: a regular one, or a stream that the shell opened.

    `<(command)` and `/dev/stdin` are such streams. A named pipe or a device could block without
    end.

    Raises:
        OSError: As open(2) raises it; EINVAL for a pipe, a socket, a device or a terminal. Its
            `strerror` is then a code of `i18n.reasons.REASONS`.
        ValueError: There is a NUL in the name.
    """
    mode = path.stat().st_mode
    is_handed = _is_handed_over(path) and stat.S_ISFIFO(mode)
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or is_handed):
        raise OSError(errno.EINVAL, "not_regular", str(path))
    return path.open("rb")


def _is_handed_over(path: Path) -> bool:
    """Return whether the path is one of this process's own descriptors."""
    named = os.path.realpath(path.parent) if path != Path("/dev/stdin") else "/dev/fd"
    return named in {"/dev/fd", os.path.realpath("/dev/fd")}
