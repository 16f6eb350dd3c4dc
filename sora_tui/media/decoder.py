"""Whether clips can be decoded here: tested in a process of its own, as the decoder runs in one."""

from __future__ import annotations

import subprocess
import sys
from typing import Final

#: Seconds that PyAV may take to load; it takes a third of one.
_PATIENCE: Final = 30.0


def decoder_version() -> str | None:
    """Return the version of PyAV; None where it is not installed, or its libraries do not load."""
    try:
        said = subprocess.run(
            [sys.executable, "-P", "-c", "import av; print(av.__version__)"],
            cwd="/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_PATIENCE,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return said.stdout.strip()
