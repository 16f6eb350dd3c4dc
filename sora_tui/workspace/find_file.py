"""Finds a file by the name a person gives, however its accents are composed on the disk."""

from __future__ import annotations

import os
from pathlib import Path

from sora_tui.core.text import same_name


def existing(path: Path) -> Path | None:
    """Return the path of a file or folder of this name, or None where there is none.

    A name with accents has two spellings that look the same (NFC, NFD): file systems keep either
    and keyboards type either. The spelling on the disk is returned, since only it opens the file.
    """
    try:
        if os.path.lexists(path):
            return path
        if str(path).isascii() or path.parent == path:
            return None
        parent = existing(path.parent)
        if parent is None:
            return None
        with os.scandir(parent) as entries:
            names = sorted(entry.name for entry in entries if same_name(entry.name, path.name))
    except (OSError, ValueError):  # no folder, no right to it, a NUL in the name
        return None
    return parent / names[0] if names else None
