"""The mark of a folder: what a copy of it has not, and what it keeps whatever is done to it."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from sora_tui.core.job import FolderMark, Job
from sora_tui.workspace import folder_mark as module
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.folder_mark import (
    folder_mark,
    has_known_past,
    key_of,
    note_begun,
    sweep_begun,
)
from sora_tui.workspace.outputs import sweep_parts
from tests.support.job_states import ERROR, new_job

ONE, OTHER = "1" * 32, "2" * 32


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str | None], None]:
    """Give this machine another id, or none."""
    file = tmp_path / "machine-id"
    monkeypatch.setattr(module, "_MACHINE_FILES", (str(file),))

    def be(said: str | None) -> None:
        file.unlink(missing_ok=True)
        if said is not None:
            file.write_text(said)

    be(f"{ONE}\n")
    return be


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path / "work")


def _begun(folder: Folder, job: Job) -> bool:
    """Whether this keeps a job of this folder from being sent."""
    return not has_known_past(folder, replace(job, handed_in=folder_mark(folder)))


def copied(folder: Folder) -> Folder:
    """As `cp -a` does it."""
    there = folder.root.with_name("copy")
    shutil.copytree(folder.root, there, symlinks=True)
    return open_folder(there)


def test_the_same_folder_keeps_its_mark(folder: Folder, machine: object) -> None:
    first = folder_mark(folder)
    assert folder_mark(folder) == first, "another process, or after a reboot"
    renamed = folder.root.rename(folder.root.with_name("renamed"))
    assert folder_mark(open_folder(renamed)) == first


def test_a_copy_is_another_folder_and_the_first_one_stays_itself(
    folder: Folder, machine: object
) -> None:
    first = folder_mark(folder)
    copy = folder_mark(copied(folder))
    assert copy.token == first.token
    assert not copy.is_same_folder(first)
    assert folder_mark(folder).is_same_folder(first)


def test_a_copy_by_hard_links_is_another_folder(folder: Folder, machine: object) -> None:
    """As `cp -al` and rsnapshot do it: both folders have the very same mark file."""
    first = folder_mark(folder)
    there = folder.root.with_name("copy")
    shutil.copytree(folder.root, there, symlinks=True, copy_function=os.link)
    copy = folder_mark(open_folder(there))
    assert copy.token == first.token
    assert not copy.is_same_folder(first)
    # From now on the first one knows itself by its folder; what it took before waits for a yes.
    assert not folder_mark(folder).is_same_folder(copy)
    assert folder_mark(folder).is_same_folder(folder_mark(folder))


def test_a_folder_put_back_from_a_copy_of_it_is_another(folder: Folder, machine: object) -> None:
    first = folder_mark(folder)
    backup = copied(folder)
    folder.mark_file.rename(folder.root / "held")  # so that its inode is not given away at once
    shutil.rmtree(folder.metadata)
    shutil.copytree(backup.metadata, folder.metadata)
    assert not folder_mark(folder).is_same_folder(first)


def test_a_mark_that_was_deleted_or_damaged_is_another(folder: Folder, machine: object) -> None:
    first = folder_mark(folder)
    folder.mark_file.unlink()
    second = folder_mark(folder)
    assert second.token != first.token
    folder.mark_file.write_bytes(b"")  # a disk was full, or a line was cut
    third = folder_mark(folder)
    assert third.token not in {"", second.token}


@pytest.mark.parametrize(
    ("then", "now", "same"),
    [
        (ONE, ONE, True),
        (ONE, OTHER, False),
        (None, None, True),  # two containers on one volume
        (ONE, None, True),  # a machine, then a container on the same folder
        (None, OTHER, True),
        (ONE, f"{ONE[:8]}-{ONE[8:12]}-{ONE[12:]}", True),  # as FreeBSD writes it
        (ONE, "uninitialized", True),  # machine-id(5), in an image
    ],
)
def test_another_machine_is_one_with_another_id(
    folder: Folder,
    machine: Callable[[str | None], None],
    then: str | None,
    now: str | None,
    same: bool,
) -> None:
    machine(then)
    first = folder_mark(folder)
    machine(now)
    assert folder_mark(folder).is_same_folder(first) is same


def test_the_machines_id_cannot_be_read_from_the_mark(folder: Folder, machine: object) -> None:
    assert folder_mark(folder).machine not in {None, ONE}
    assert not folder_mark(folder).is_same_folder(None)


def test_a_practice_job_is_sent_from_any_folder(folder: Folder) -> None:
    assert not has_known_past(folder, new_job())
    assert has_known_past(folder, replace(new_job(), simulated=True))


def test_processes_that_make_the_mark_at_once_agree(folder: Folder, machine: object) -> None:
    start, marks = threading.Barrier(8), list[FolderMark]()

    def make() -> None:
        start.wait()
        marks.append(folder_mark(folder))

    threads = [threading.Thread(target=make) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(marks) == 8
    assert len(set(marks)) == 1
    assert [path.name for path in folder.metadata.glob(".*.tmp")] == []


def test_where_the_file_system_has_no_links_they_agree_too(
    folder: Folder, machine: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(1, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    test_processes_that_make_the_mark_at_once_agree(folder, machine)


def test_a_key_that_was_begun_here_is_known_after_its_document_was_put_back(
    folder: Folder,
) -> None:
    job = new_job()
    folder_mark(folder)
    os.utime(folder.mark_file, (1, 1))
    assert not _begun(folder, job)
    note_begun(folder, key_of(job))
    assert _begun(folder, job)
    assert folder.mark_file.stat().st_mtime > 1, "tools that skip what did not change replace it"
    # A retry has a key of its own.
    again = job.submitting(job.created_at, key_of(job)).not_sent(job.created_at, ERROR)
    assert not _begun(folder, again.retried(job.created_at))


def test_a_key_that_cannot_be_noted_does_not_stop_the_sending(folder: Folder) -> None:
    shutil.rmtree(folder.metadata)
    note_begun(folder, key_of(new_job()))


def test_the_oldest_keys_go(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_KEYS_KEPT", 2)
    folder_mark(folder)
    jobs = [replace(new_job(), id=f"2026112{n}-101530-aaaaaa") for n in range(3)]
    sweep_begun(folder)
    for job in jobs:
        note_begun(folder, key_of(job))
    sweep_begun(folder)
    assert [_begun(folder, job) for job in jobs] == [False, True, True]


def test_an_owner_that_comes_leaves_a_mark_that_is_just_being_made(tmp_path: Path) -> None:
    """Whoever handed in at that moment was told that there is no folder."""
    folder = open_folder(tmp_path)
    part = folder.metadata / "..mark.0123abcd.tmp"
    part.write_text("half")
    other = folder.metadata / ".20261122-101530-7f3k2m.json.0123abcd.tmp"
    other.write_text("half")
    sweep_parts(folder)
    assert part.exists()
    assert not other.exists()
