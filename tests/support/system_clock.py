"""A system whose own clock is wrong, for a command and all that it starts.

    python -m tests.support.system_clock 2028-02-29T23:58:00 COMMAND ...

The clock of the C library is moved, so SQLite and OpenSSL see it as well, which the draw of
`clock.py` cannot do. It is moved by a small library of our own that is built here: libfaketime
0.9.10 moves the monotonic clock too, and then Python's sleeps fail and its threads crash.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

#: Why no clock can be moved here, or None.
MISSING = None if shutil.which("cc") and sys.platform == "linux" else "no C compiler, or not Linux"


@cache
def _library() -> Path:
    """Build the library, once for each version of its source."""
    source = Path(__file__).with_suffix(".c")
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:12]
    library = Path(tempfile.gettempdir()) / f"system-clock-{os.getuid()}-{digest}.so"
    if not library.exists():
        built = library.with_suffix(f".{os.getpid()}")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", built, source], check=True)
        built.replace(library)  # another run may build it at the same time
    return library


def moved(to: str) -> dict[str, str]:
    """Return the environment of a process to which it is this time (ISO 8601, UTC) now."""
    there = datetime.fromisoformat(to).replace(tzinfo=UTC)
    shift = there.timestamp() - time.time()
    return {"LD_PRELOAD": str(_library()), "SYSTEM_CLOCK_SHIFT": str(int(shift))}


if __name__ == "__main__":
    if MISSING is not None:
        print(f"not run under another system's clock: {MISSING}")
        sys.exit(0)
    environment = os.environ | moved(sys.argv[1])
    os.execvpe(sys.argv[2], sys.argv[2:], environment)
