"""The workspace folder: what lies where, and whether it can be written."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from sora_tui.core.problem import problem_error
from sora_tui.workspace.atomic import NEW_FILE, allocate, chance, disk_refusals, sync_dir, write_all

#: Names of the files by which `check_room` tries a disk, and which a kill may leave.
ROOM: Final = re.compile(r"\.room\.[0-9a-f]{8}\.tmp")
#: Room for the documents of one job over its whole life, in bytes.
_DOCUMENT_ROOM: Final = 64 * 1024


class Folder(NamedTuple):
    """A workspace.

    Attributes:
        root: Absolute, links resolved.
        writable: False is view only: everything can be looked at, nothing is sent.
    """

    root: Path
    writable: bool = True

    @property
    def prompts(self) -> Path:
        """Prompt files, Markdown."""
        return self.root / "prompts"

    @property
    def prompts_trash(self) -> Path:
        """Prompt files that were deleted, each below the moment of its deletion."""
        return self.prompts / ".trash"

    @property
    def references(self) -> Path:
        """The only place reference pictures are taken from."""
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
        """What is in the editor and not yet kept."""
        return self.metadata / ".drafts"

    @property
    def variables_file(self) -> Path:
        """What was last said for the variables of each prompt."""
        return self.metadata / ".variables.json"

    @property
    def simulator(self) -> Path:
        """State of the built-in practice server."""
        return self.metadata / ".simulator"

    @property
    def lock_file(self) -> Path:
        """Held by the process whose engine runs; never unlinked."""
        return self.metadata / ".lock"

    @property
    def mark_file(self) -> Path:
        """What tells this folder from a copy of it."""
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
        """The one-file habit."""
        return self.root / "prompt.md"

    def relative(self, path: Path) -> str:
        """How documents and people name a file of this workspace: relative, with `/`."""
        return path.relative_to(self.root).as_posix()


def open_folder(root: Path) -> Folder:
    """The workspace at `root`; what is missing is made, itself included, but not its parents.

    Metadata and output are private (0700), whatever the umask says.

    Raises:
        ProblemError: folder_missing where `root` is no folder and cannot become one;
            folder_not_writable where a file stands in the place of one of its folders.
    """
    root = root.resolve()
    if root.parent.is_dir():
        with suppress(OSError):
            root.mkdir(exist_ok=True)
    if not root.is_dir():
        raise problem_error("folder_missing", path=str(root))
    folder = Folder(root)
    private = (folder.inbox, folder.trash, folder.conflicts, folder.sent, folder.drafts)
    try:
        for path in (folder.prompts, folder.references):
            path.mkdir(mode=0o755, exist_ok=True)
        for path in (folder.output, folder.metadata, *private):
            path.mkdir(mode=0o700, exist_ok=True)
    except FileExistsError as error:
        raise problem_error("folder_not_writable", path=str(error.filename)) from None
    except OSError:
        return Folder(root, writable=False)
    needed = (folder.metadata, folder.output, *private)
    return Folder(root, writable=all(os.access(path, os.W_OK | os.X_OK) for path in needed))


def _made(root: Path) -> bool:
    try:
        root.mkdir(mode=0o755)
    except OSError:
        return False
    return True


def check_room(folder: Folder, bytes: int) -> None:
    """Make sure, before anything is paid, that a clip of so many bytes can be kept.

    The space is really taken for a moment, and given back: a quota or a thin disk does not show
    in the free space that a file system reports.

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
