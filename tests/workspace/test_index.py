"""The index: quick, disposable, and never believed where money is at stake."""

from __future__ import annotations

import shutil
import sqlite3
import stat
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from sora_tui.workspace.index import Index, row_of
from sora_tui.workspace.job_document import Stamp, encode
from tests.support.job_states import LATER, video
from tests.support.stored_jobs import ORIGIN, document, put, saved, wish


def _owned(folder: Folder) -> History:
    history = History(folder)
    history.own()
    return history


def _remove(index: Path) -> None:
    index.unlink()


def _damage(index: Path) -> None:
    data = bytearray(index.read_bytes())
    data[4096:] = b"\x5a" * (len(data) - 4096)
    index.write_bytes(data)


def _replace_by_text(index: Path) -> None:
    index.write_text("not a database at all" * 1000)


def _make_older(index: Path) -> None:
    with sqlite3.connect(index) as db:
        db.execute("PRAGMA user_version = 0")
    db.close()


def _put_a_foreign_one(index: Path) -> None:
    other = open_folder(index.parent.parent / "other")
    history = _owned(other)
    history.save(wish(77))
    history.close()
    shutil.copy(other.index_file, index)


@pytest.mark.parametrize(
    "harm", [_remove, _damage, _replace_by_text, _make_older, _put_a_foreign_one]
)
def test_whatever_befalls_the_index_the_jobs_are_the_same(
    folder: Folder, harm: Callable[[Path], None]
) -> None:
    jobs = [saved(1), wish(2), saved(3)]
    owner = _owned(folder)
    for job in jobs:
        owner.save(job)
    owner.close()
    harm(folder.index_file)
    newest_first = jobs[::-1]
    for open_history in (History, _owned, History):
        history = open_history(folder)
        assert history.newest(10) == newest_first
        assert history.active() == [jobs[1]]
        assert history.count() == 3
        assert history.known_remote_ids(ORIGIN) == {"video_1"}
        history.close()
    assert stat.S_IMODE(folder.index_file.stat().st_mode) == 0o600


def test_an_index_left_behind_hides_no_unfinished_job_from_the_owner(folder: Folder) -> None:
    """Killed between document and index, or documents copied in: the documents are right."""
    owner, first, gone = _owned(folder), saved(1), saved(2)
    for job in (first, gone):
        owner.save(job)
    owner.close()
    claimed, lost = wish(3), wish(4).submitting(LATER, "key")
    put(folder, claimed, lost)
    reopened = first.noted(LATER, "by hand")
    document(folder, first).write_bytes(encode(reopened).replace(b'"saved",\n', b'"gone",\n', 1))
    document(folder, gone).unlink()
    owner = _owned(folder)
    assert [job.id for job in owner.active()] == [lost.id, claimed.id]
    assert [job.state.value for job in owner.newest(10)] == ["submitting", "pending", "gone"]
    assert owner.count() == 3


def test_trashed_documents_are_out_of_sight_but_their_videos_stay_known(folder: Folder) -> None:
    owner, job, kept = _owned(folder), saved(1, remote_id="video_old"), saved(2)
    for each in (job, kept):
        owner.save(each)
    owner.trash(job.id)
    for open_history in (lambda _: owner, _owned, History):
        history = open_history(folder)
        assert history.newest(10) == [kept]
        assert history.count() == 1
        assert history.known_remote_ids(ORIGIN) == {"video_old", "video_1"}
        assert history.known_remote_ids("https://elsewhere.example") == set()
    assert (folder.trash / f"{job.id}.json").exists()


def test_usual_durations_come_from_the_newest_saved_jobs_of_the_kind(folder: Folder) -> None:
    owner = _owned(folder)
    for second, took in enumerate((90, 100, 110)):
        owner.save(saved(second, took=took))
    owner.save(wish(9).submitting(LATER, "key").accepted(LATER, video("failed")))
    for history in (owner, History(folder)):
        assert history.durations("lab", "sora-2", "1280x720", "4") == [110, 100, 90]
        assert history.durations("lab", "sora-2", None, "4") == []


def test_a_full_index_disk_loses_no_job(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, job = _owned(folder), wish(1)
    index = owner._index_sync._index
    assert index is not None
    index._db.execute("PRAGMA max_page_count = 1")
    jobs = [job, *(saved(second) for second in range(2, 300))]
    for each in jobs[:40]:
        owner.save(each)
    assert owner.active() == [job]
    assert owner.count() == 40
    assert History(folder).count() == 40


def test_the_newest_of_many_cost_about_as_much_as_the_newest_of_few(tmp_path: Path) -> None:
    job = saved()
    data = encode(job)

    def seconds(name: str, documents: int) -> float:
        folder = open_folder(tmp_path / name)
        rows = []
        for second in range(documents):
            job_id = wish(second).id
            path = folder.metadata / f"{job_id}.json"
            path.write_bytes(data.replace(job.id.encode(), job_id.encode()))
            rows.append(row_of(job, Stamp.of(path.stat()))._replace(name=job_id))
        index = Index.create(folder.index_file)
        index.put(rows)
        index.finish()
        index.close()
        times = []
        for _ in range(7):
            start = time.thread_time()  # of this thread alone, whatever else runs
            history = History(folder)
            assert len(history.newest(20)) == 20
            assert history.active() == []
            assert history.count() == documents
            times.append(time.thread_time() - start)
            history.close()
        return min(times)

    # Without the index the ratio is above 6 here.
    assert seconds("many", 5_000) < 3 * seconds("few", 50)
