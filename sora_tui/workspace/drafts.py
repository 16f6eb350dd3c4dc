"""Drafts: text that is not saved yet, stored beside the prompt files, one set for each process."""

from __future__ import annotations

import fcntl
import logging
import os
import re
import tomllib
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from threading import Lock
from typing import Final, NamedTuple
from urllib.parse import quote

from sora_tui.core.digest import sha256_of
from sora_tui.core.problem import ProblemError
from sora_tui.core.prompt import Prompt
from sora_tui.workspace.atomic import write_atomic
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.prompts import read_source

_NAME: Final = re.compile(r"(?P<stem>[^.].*)\.(?P<slot>\d+)\.toml")
_log = logging.getLogger(__name__)


class StoredDraft(NamedTuple):
    """A draft on the disk.

    Attributes:
        file: The prompt file it belongs to, as `PromptFile.path`.
        base: That file's source when the draft was begun.
        at: When it was stored.
    """

    file: str
    prompt: Prompt
    base: str
    at: datetime


class Drafts:
    """The drafts of a folder, as one process may use them.

    Two screens on one folder may edit the same prompt. So each process has a number, held by a lock
    that ends with the process, and writes drafts of that number only. Drafts of a number without a
    lock were left by a process that died, and any process may take them.
    """

    def __init__(self, folder: Folder) -> None:
        self._folder = folder
        #: Held while a draft or its file is written, so that an older version is not written later.
        self.lock = Lock()
        self._slot, self._held = _take_slot(folder)

    def save(self, file: str, prompt: Prompt, base: str) -> None:
        """Store what is in the editor, without touching the file that it belongs to.

        Raises:
            ProblemError: disk_full, folder_not_writable or folder_missing.
        """
        import tomli_w  # writing is rare, and the first frame need not wait for it

        # TOML, not Markdown: a draft comes back exactly, blank lines at its end included.
        said = {"file": file, "text": prompt.text, "settings": dict(prompt.settings), "base": base}
        data = tomli_w.dumps(said).encode(errors="replace")
        write_atomic(self._path(file, self._slot), data)

    def load(self, file: str) -> StoredDraft | None:
        """Return the newest draft of a prompt file, None where everything was saved."""
        stem = _stem(file)
        found = [path for path in self._left_here() if _parts(path)[0] == stem]
        return self._newest(found)

    def newest(self) -> StoredDraft | None:
        """Return the draft that was stored last, except those of trashed prompts."""
        trash = _stem(f"{self._folder.relative(self._folder.prompts_trash)}/")
        return self._newest([p for p in self._left_here() if not p.name.startswith(trash)])

    def clear(self, file: str) -> None:
        """Remove the draft of a file: it was saved, or is not wanted."""
        self._path(file, self._slot).unlink(missing_ok=True)

    def rename(self, file: str, to: str) -> None:
        """Rename the draft of a prompt file that was renamed."""
        draft = self.load(file)
        if draft is not None:
            self.save(to, draft.prompt, draft.base)
            self.clear(file)

    def close(self) -> None:
        """Release the number of this process."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def _newest(self, paths: list[Path]) -> StoredDraft | None:
        for path in sorted(paths, key=_modified, reverse=True):
            draft = _read(path)
            if draft is None:
                continue
            mine = self._path(draft.file, self._slot)
            if path != mine and not mine.exists():
                path.rename(mine)  # ours from now on, to be kept or cleared
            return draft
        return None

    def _left_here(self) -> list[Path]:
        """Return our own drafts, and those of processes that have ended."""
        try:
            paths = [path for path in self._folder.drafts.iterdir() if _NAME.fullmatch(path.name)]
        except OSError:
            return []
        slots = {_parts(path)[1] for path in paths}
        free = {slot for slot in slots if slot == self._slot or _is_free(self._folder, slot)}
        return [path for path in paths if _parts(path)[1] in free]

    def _path(self, file: str, slot: int) -> Path:
        return self._folder.drafts / f"{_stem(file)}.{slot}.toml"


def _read(path: Path) -> StoredDraft | None:
    try:
        said = tomllib.loads(read_source(path))
        prompt = Prompt(str(said["text"]), dict(said["settings"]))
        at = datetime.fromtimestamp(_modified(path), UTC)
        return StoredDraft(str(said["file"]), prompt, str(said["base"]), at)
    except (ProblemError, tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        _log.warning("draft %s: %s", path.name, error)
    return None


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _stem(file: str) -> str:
    """Return a file name for a prompt file's draft; long ones end in a hash of the whole."""
    stem = quote(file, safe="").removesuffix(".md")
    if len(stem) <= 160:
        return stem
    return f"{stem[:140]}-{sha256_of(file.encode(errors='replace'))[:16]}"


def _parts(path: Path) -> tuple[str, int]:
    found = _NAME.fullmatch(path.name)
    assert found is not None
    return found["stem"], int(found["slot"])


def _take_slot(folder: Folder) -> tuple[int, int | None]:
    """Return the lowest free number and the descriptor that locks it; 0 and None without locks."""
    for slot in count(1):
        try:
            return slot, _locked(folder, slot)
        except BlockingIOError:
            continue
        except OSError as error:
            _log.warning("drafts without a lock: %s", error)
            return 0, None
    raise AssertionError("numbers do not end")


def _is_free(folder: Folder, slot: int) -> bool:
    try:
        os.close(_locked(folder, slot))
    except BlockingIOError:
        return False
    except OSError:  # no locks here, so no process holds one
        return True
    return True


def _locked(folder: Folder, slot: int) -> int:
    fd = os.open(folder.drafts / f".{slot}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BaseException:
        os.close(fd)
        raise
    return fd
