"""Reads and writes the few files that this program keeps for a person: atomic, private (0600)."""

from __future__ import annotations

import errno
import os
from pathlib import Path


def read_private(path: Path) -> str:
    """Return the text of such a file.

    Raises:
        OSError: It cannot be read, or is no regular file: a pipe would block without end.
        UnicodeDecodeError: It is not UTF-8.
    """
    if not path.is_file():
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(path))
    return path.read_text(encoding="utf-8")


def write_private(path: Path, text: str) -> None:
    """Replace a file in the platform's folders of this person; durable on return.

    Raises:
        OSError: It cannot be written; the old one stays.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    new.unlink(missing_ok=True)
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    new.replace(path)
