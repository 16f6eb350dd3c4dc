"""Documents that another program puts into the folder are in the list without a restart."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pytest

from sora_tui.core.job_filter import JobFilter
from sora_tui.engine.events import JobRemoved, RecordsFound
from sora_tui.workspace.external_changes import ExternalChanges
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.job_document import encode
from tests.support import sample_jobs
from tests.support.engine_watcher import running

OLDER = [sample_jobs.saved(sample_jobs.pending(age, prompt=f"clip {age}")) for age in (100, 200)]
CAME = [sample_jobs.saved(sample_jobs.pending(age, prompt=f"clip {age}")) for age in (300, 400)]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    folder = open_folder(tmp_path / "workspace")
    history = History(folder)
    history.own()
    for job in OLDER:
        history.save(job)
    history.close()
    return folder


def test_what_came_in_between_two_starts_is_told_once_the_index_has_it(folder: Folder) -> None:
    for job in CAME:
        (folder.metadata / f"{job.id}.json").write_bytes(encode(job))
    with running(folder) as (_engine, watcher):
        watcher.wait_for(lambda event: event == RecordsFound(2))
        assert len(History(folder).newest(9)) == 4
    with running(folder) as (_engine, watcher):
        watcher.wait_to_own()
    assert not any(isinstance(event, RecordsFound) for event in watcher.seen)


def test_what_comes_in_and_goes_while_the_engine_runs_is_told(folder: Folder) -> None:
    job = CAME[0]
    path = folder.metadata / f"{job.id}.json"
    with running(folder) as (_engine, watcher):
        watcher.wait_to_own()
        path.write_bytes(encode(job))
        watcher.wait_for(lambda event: event == RecordsFound(1))
        history = History(folder)
        assert job.id in history.matching(JobFilter())
        path.unlink()
        watcher.wait_for(lambda event: event == JobRemoved(job.id))
        assert job.id not in history.matching(JobFilter())


def test_a_copy_that_is_still_written_is_waited_for(folder: Folder) -> None:
    index, whole = Known(), encode(CAME[0])
    changes = ExternalChanges(folder)
    path = folder.metadata / f"{CAME[0].id}.json"
    path.write_bytes(whole[:100])
    assert changes.compare(index) == ([], [])
    path.write_bytes(whole)
    assert changes.compare(index) == ([CAME[0].id], [])
    path.write_bytes(whole[:100])
    assert changes.compare(index) == ([], []), "it may be the beginning of another copy"
    assert changes.compare(index) == ([CAME[0].id], []), "it stays so: it is broken"


class Known:
    """An index that knows the two older records. A stand-in, to say when it is asked."""

    def missing(self, names: Collection[str]) -> list[str]:
        return [name for name in names if name not in self.documents()]

    def documents(self) -> list[str]:
        return [job.id for job in OLDER]

    def count_documents(self) -> int:
        return len(OLDER)
