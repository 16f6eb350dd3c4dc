"""The log of this program: redacted, private, small, in the platform's folder for such files."""

from __future__ import annotations

import logging
import os
import re
from io import FileIO, TextIOWrapper
from logging.handlers import RotatingFileHandler
from pathlib import Path
from typing import Final

from sora_tui.config.paths import state_folder
from sora_tui.core.text import clean

NAME: Final = "sora_tui"
_BYTES: Final = 1024 * 1024
#: The current file and two older ones.
_FILES: Final = 3
_REDACTED: Final = "[redacted]"
_SECRETS: Final = (
    # words that look like keys, and the word after one that announces a key
    re.compile(r"\bsk-[\w-]{4,}"),
    re.compile(r"(?i)(?<=\bbearer )\s*[^\s'\",]+"),
    re.compile(
        r"(?i)((?:api[-_]?key|authorization|token|secret|password)['\"]?\s*[:=]\s*)"
        r"['\"]?[^\s'\",}]+"
    ),
)
#: User, password and query of an address.
_USERINFO: Final = re.compile(r"(?<=://)[^/\s@'\"]+@")
_QUERY: Final = re.compile(r"(https?://[^\s?'\"]+)\?[^\s'\"]+")


def log_path() -> Path:
    """Return the path of the log."""
    return state_folder() / "sora-tui.log"


def start_log(*, debug: bool) -> Path | None:
    """Write the program's records to the log from now on.

    debug: Facts of each request too (method, path, status, ms, sizes, request id).
        debug: Wire facts too (method, path, status, ms, sizes, request id).

    Returns:
        The file, or None where it cannot be written: nothing else depends on it.
    """
    logger = logging.getLogger(NAME)
    logger.setLevel(logging.DEBUG if debug else logging.INFO)
    logger.propagate = False
    path = log_path()
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handler: logging.Handler = _PrivateFile(
            path, maxBytes=_BYTES, backupCount=_FILES - 1, encoding="utf-8"
        )
    except OSError:
        logger.handlers = [logging.NullHandler()]
        return None
    handler.setFormatter(_Redacting("%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"))
    logger.handlers = [handler]
    return path


def redact(text: str) -> str:
    """Return the text without keys, and addresses without user, password and query."""
    for secret in _SECRETS:
        text = secret.sub(lambda found: (found[1] if found.re.groups else "") + _REDACTED, text)
    return _QUERY.sub(r"\1?" + _REDACTED, _USERINFO.sub(f"{_REDACTED}@", text))


class _Redacting(logging.Formatter):
    """Redacts each record as it is written, traceback included."""

    def format(self, record: logging.LogRecord) -> str:
        return redact(clean(super().format(record), 20_000))


class _PrivateFile(RotatingFileHandler):
    """A log file that is private (0600) from its first byte on."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 -- logging's name
        """Drop the record: a full disk is reported by the code that writes what matters there.

        The inherited method writes a traceback to the terminal, over the screen.
        """

    def _open(self) -> TextIOWrapper:
        descriptor = os.open(
            self.baseFilename, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600
        )
        return TextIOWrapper(FileIO(descriptor, "a"), encoding=self.encoding, write_through=True)
