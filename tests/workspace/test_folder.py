"""The workspace is made, judged and measured before anything is paid."""

from __future__ import annotations

import os
import shutil
import stat
import tempfile
from pathlib import Path

import pytest

from sora_tui.core.problem import ProblemError
from sora_tui.workspace.folder import Folder, check_room, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import hand_in
from sora_tui.workspace.lock import OwnerLock
from tests.support.stored_jobs import wish


def test_missing_folders_are_made_and_the_private_ones_are_private(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        folder = open_folder(tmp_path / "new")
    finally:
        os.umask(before)
    assert folder.writable
    for path in (folder.output, folder.metadata, folder.inbox, folder.sent, folder.drafts):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700, path
    assert folder.prompts.is_dir()
    assert folder.references.is_dir()


@pytest.mark.parametrize(
    ("root", "taken", "code"),
    [
        ("no/such/place", None, "folder_missing"),
        ("file", "file", "folder_missing"),
        (".", "output", "folder_not_writable"),
    ],
)
def test_what_cannot_be_a_workspace_is_refused(
    tmp_path: Path, root: str, taken: str | None, code: str
) -> None:
    if taken:
        (tmp_path / taken).write_text("a file")
    with pytest.raises(ProblemError) as caught:
        open_folder(tmp_path / root)
    assert caught.value.problem.code == code


def test_a_folder_that_cannot_be_written_is_view_only() -> None:
    # Root may write everywhere, so the look is taken by nobody; nobody may not enter tmp_path.
    place, root = Path(tempfile.mkdtemp()), os.geteuid() == 0
    try:
        open_folder(place)
        for path in (place, *place.rglob("*")):
            path.chmod(0o555)
        if root:
            os.setresuid(65534, 65534, 0)
        folder = open_folder(place)
        assert not folder.writable
        assert not OwnerLock(folder).try_acquire()
        assert History(folder).newest(5) == []
        with pytest.raises(ProblemError) as caught:
            hand_in(folder, wish())
        assert caught.value.problem.code == "folder_not_writable"
    finally:
        if root:
            os.setresuid(0, 0, 0)
        for path in (place, *place.rglob("*")):
            path.chmod(0o755)
        shutil.rmtree(place)


def test_room_is_really_tried(folder: Folder) -> None:
    check_room(folder, 1_000_000)
    assert not list(folder.output.iterdir())
    with pytest.raises(ProblemError) as caught:
        check_room(folder, 1 << 60)
    assert caught.value.problem.code == "disk_full"
    assert not list(folder.output.iterdir())
