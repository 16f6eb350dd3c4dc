"""The workspace folder: where everything is stored, and whether it can be written."""

from __future__ import annotations

import errno
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from sora_tui.core.problem import Fact, Problem, ProblemError, problem, problem_error
from sora_tui.workspace.atomic import NEW_FILE, allocate, chance, disk_refusals, sync_dir, write_all

#: Names of the files with which `check_room` tests a disk, and which a killed process may leave.
ROOM: Final = re.compile(r"\.room\.[0-9a-f]{8}\.tmp")
#: Room for the documents of one job over its whole life, in bytes.
_DOCUMENT_ROOM: Final = 64 * 1024


class Folder(NamedTuple):
    """A workspace.

    Attributes:
        root: Absolute, links resolved.
        writable: False means view only: everything can be viewed, nothing is sent.
        refusal: Why it is view only, if that is known.
    """

    root: Path
    writable: bool = True
    refusal: Problem | None = None

    def check_writable(self) -> None:
        """Refuse an action that needs to write here.

        Raises:
            ProblemError: folder_not_writable, naming the folder and the reason.
        """
        if not self.writable:
            why = self.refusal or problem("folder_not_writable", path=str(self.metadata))
            raise ProblemError(why)

    @property
    def prompts(self) -> Path:
        """Prompt files, Markdown."""
        return self.root / "prompts"

    @property
    def prompts_trash(self) -> Path:
        """Prompt files that were deleted, each in a folder named after the time of its deletion."""
        return self.prompts / ".trash"

    @property
    def references(self) -> Path:
        """The only folder from which reference pictures are taken."""
        return self.root / "input_reference"

    @property
    def output(self) -> Path:
        """Finished clips, and hidden unfinished ones."""
        return self.root / "output"

    @property
    def metadata(self) -> Path:
        """One document per job."""
        return self.root / "metadata"

    @property
    def inbox(self) -> Path:
        """Requests and commands for the owner."""
        return self.metadata / ".inbox"

    @property
    def trash(self) -> Path:
        """Documents that were deleted or withdrawn; their ids stay known."""
        return self.metadata / ".trash"

    @property
    def conflicts(self) -> Path:
        """Documents that a person edited while the owner had newer ones."""
        return self.metadata / ".conflicts"

    @property
    def sent(self) -> Path:
        """Reference bytes as they were sent, named by their SHA-256."""
        return self.metadata / ".sent"

    @property
    def drafts(self) -> Path:
        """Drafts: what is in the editor and not yet saved."""
        return self.metadata / ".drafts"

    @property
    def variables_file(self) -> Path:
        """The last values of the variables of each prompt."""
        return self.metadata / ".variables.json"

    @property
    def simulator(self) -> Path:
        """State of the simulator."""
        return self.metadata / ".simulator"

    @property
    def lock_file(self) -> Path:
        """The lock of the process whose engine runs; the file is never unlinked."""
        return self.metadata / ".lock"

    @property
    def mark_file(self) -> Path:
        """The file that distinguishes this folder from a copy of it."""
        return self.metadata / ".mark"

    @property
    def attempts(self) -> Path:
        """An empty file for each paid request that was begun here."""
        return self.metadata / ".attempts"

    @property
    def index_file(self) -> Path:
        """The disposable cache of the documents."""
        return self.metadata / ".index.sqlite3"

    @property
    def prompt_md(self) -> Path:
        """The prompt file of the one-file script."""
        return self.root / "prompt.md"

    def relative(self, path: Path) -> str:
        """Return the name of a file of this workspace as documents show it: relative, with `/`."""
        return path.relative_to(self.root).as_posix()


def open_folder(root: Path) -> Folder:
    """Return the workspace at `root`. What is missing is made, itself included, not its parents.

    Metadata and output are private (0700), whatever the umask says.

    Raises:
        ProblemError: folder_missing where `root` is no folder and cannot become one;
            current_folder_gone where it is relative to a folder that was removed;
            folder_not_writable where a file stands in the place of one of its folders;
            folder_unreadable where its names cannot be read: that does not mean that
            there are no jobs.
    """
    root = _found(root)
    folder = Folder(root)
    private = (folder.inbox, folder.trash, folder.conflicts, folder.sent, folder.drafts)
    refusal: Problem | None = None
    try:
        for path in (folder.prompts, folder.references):
            path.mkdir(mode=0o755, exist_ok=True)
        for path in (folder.output, folder.metadata, *private):
            path.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as error:
        reason = os.strerror(errno.ENOTDIR)
        raise problem_error(
            "folder_not_writable", path=str(error.filename), reason=reason
        ) from None
    except OSError as error:
        refusal = _not_writable(Path(str(error.filename or root)), error.strerror or "")
    for path in (folder.metadata, folder.inbox, folder.trash):
        check_readable(path)
    needed = (folder.metadata, folder.output, *private)
    for path in needed if refusal is None else ():
        if not os.access(path, os.W_OK | os.X_OK):
            refusal = _not_writable(path, os.strerror(errno.EACCES))
            break
    if refusal is None:
        refusal = _split(folder)
    return Folder(root, writable=refusal is None, refusal=refusal)


def check_readable(path: Path) -> None:
    """Refuse a folder of ours whose names cannot be read; a missing folder passes.

    Raises:
        ProblemError: folder_unreadable, with the account that it belongs to.
    """
    try:
        with os.scandir(path):
            return
    except (FileNotFoundError, NotADirectoryError):
        return
    except OSError as error:
        facts: dict[str, Fact] = {"path": str(path), "reason": error.strerror or ""}
        with suppress(OSError):  # a folder on the way to it is closed as well
            facts["owner"] = path.stat().st_uid
        raise problem_error("folder_unreadable", **facts) from None


def _found(root: Path) -> Path:
    """Return the folder itself, made if necessary."""
    try:
        root = root.resolve()
    except FileNotFoundError:  # only the current folder is asked for, and it is gone
        raise problem_error("current_folder_gone") from None
    except (OSError, RuntimeError) as error:  # a loop of links
        reason = error.strerror or "" if isinstance(error, OSError) else os.strerror(errno.ELOOP)
        raise problem_error("folder_missing", path=str(root), reason=reason) from None
    try:
        if root.parent.is_dir():
            with suppress(OSError):
                root.mkdir(exist_ok=True)
        if root.is_dir():
            return root
    except OSError as error:  # a folder on the way to it is closed
        reason = error.strerror or ""
        raise problem_error("folder_unreadable", path=str(root), reason=reason) from None
    raise problem_error("folder_missing", path=str(root))


def _split(folder: Folder) -> Problem | None:
    """Return why requests cannot be claimed: a rename does not work from one device to another."""
    home = folder.metadata.stat().st_dev
    for path in (folder.inbox, folder.trash, folder.conflicts):
        if path.stat().st_dev != home:
            return _not_writable(path, "another_device")
    return None


def _not_writable(path: Path, reason: str) -> Problem:
    return problem("folder_not_writable", path=str(path), reason=reason)


def check_room(folder: Folder, bytes: int) -> None:
    """Make sure, before anything is paid, that a clip of this many bytes can be stored.

    The space is really taken for a moment, and given back: the free space that a file system
    reports does not show a quota or a thin disk.

    Raises:
        ProblemError: disk_full, folder_not_writable or folder_missing.
    """
    for place, room in ((folder.metadata, _DOCUMENT_ROOM), (folder.output, bytes)):
        probe = place / f".room.{chance()}.tmp"
        with disk_refusals(probe):
            fd = os.open(probe, NEW_FILE, 0o600)
            try:
                allocate(fd, room)
                write_all(fd, b"\0" * 4096)
                os.fsync(fd)
            finally:
                os.close(fd)
                probe.unlink(missing_ok=True)
            sync_dir(place)
