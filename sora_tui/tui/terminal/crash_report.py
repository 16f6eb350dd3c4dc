"""A crash report that a person may send on: where it broke, never what it was working on."""

import os
import platform
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

# The interpreter writes these messages about code; any other may quote a prompt or an answer.
_ABOUT_CODE = (
    ArithmeticError,
    AttributeError,
    ImportError,
    IndexError,
    NameError,
    NotImplementedError,
    RecursionError,
    TypeError,
)
_SECRETS = r"(?i)\bsk-[\w-]+|\bBearer\s+[^\s'\"]+"
_CHAIN = 10


def write_crash_report(folder: Path, error: BaseException) -> Path | None:
    """Write `crash-<UTC date>-<time>.txt` (mode 0600) into `folder` and return its path.

    The report holds the lines of code that led to `error` and its causes: no local variables, and
    messages only where the interpreter wrote them. None when the folder cannot be written.
    """
    name = f"crash-{datetime.now(UTC):%Y%m%d-%H%M%S}-{os.getpid()}.txt"
    path = folder / name
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.writelines(_report(error))
    except OSError:
        return None
    return path


def _report(error: BaseException) -> Iterator[str]:
    from importlib.metadata import version  # 16 ms that no first frame should pay

    yield f"sora-tui {version('sora-tui')}, textual {version('textual')}, "
    yield f"Python {platform.python_version()}, {platform.system()} {platform.release()}\n"
    for cause in _causes(error):
        yield "\n"
        for line in traceback.format_tb(cause.__traceback__):
            yield re.sub(_SECRETS, "[redacted]", line)
        yield re.sub(_SECRETS, "[redacted]", _headline(cause)) + "\n"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """`error` and what led to it, newest first."""
    cause: BaseException | None = error
    for _ in range(_CHAIN):
        if cause is None:
            return
        yield cause
        hidden = cause.__suppress_context__
        cause = cause.__cause__ or (None if hidden else cause.__context__)


def _headline(error: BaseException) -> str:
    kind = f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("builtins.")
    if isinstance(error, OSError):
        return f"{kind}: {error.strerror}"
    if isinstance(error, _ABOUT_CODE):
        return f"{kind}: {error}"
    return f"{kind} (its message is left out: it may quote a prompt)"
