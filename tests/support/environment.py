"""What the tests see of the environment of the person who runs them: how to find programs."""

from __future__ import annotations

import os
from typing import Final

from tests.support.clock import VARIABLE
from tests.support.start.sitecustomize import SHIFT

#: What stays: where programs, libraries and temporary files are, and what the tools of the tests
#: hand to their own processes. A person's language, terminal, keys, proxies and editors go.
_KEPT: Final = frozenset({
    *("PATH", "TMPDIR", "USER", "LOGNAME", "VIRTUAL_ENV"),
    *("PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "LD_PRELOAD", "DYLD_LIBRARY_PATH"),
    *("CI", "HYPOTHESIS_PROFILE", "TEXTUAL_SNAPSHOT_TEMPDIR", "TZ", VARIABLE, SHIFT),
})  # fmt: skip
#: LD_PRELOAD and SYSTEM_CLOCK are how `make test-long` changes the system's clock.
_KEPT_BEGINNINGS: Final = ("PYTEST", "PY_", "COV", "SYSTEM_CLOCK", "SORA_INTEROP")
#: A terminal of today, whatever one the run was started from.
_TERMINAL: Final = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}


def clear() -> None:
    """Take from this process, and so from those that it starts, what belongs to a person."""
    for name in list(os.environ):
        if name not in _KEPT and not name.startswith(_KEPT_BEGINNINGS):
            del os.environ[name]
    os.environ.update(_TERMINAL)
