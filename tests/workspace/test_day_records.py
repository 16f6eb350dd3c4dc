"""The day's jobs and the refusals of a server, found with an index and without one."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from sora_tui.core.budget import Spending, spending
from sora_tui.core.job import Cost, Job, JobError, State
from sora_tui.core.job_id import JobIds
from sora_tui.core.problem import Spent
from sora_tui.workspace import day_records
from sora_tui.workspace.content_refusals import refused_before
from sora_tui.workspace.day_records import read_day_records
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import claim, hand_in, withdraw
from sora_tui.workspace.job_document import Stamp, encode, read_bytes
from tests.support.stored_jobs import ORIGIN, document, saved, wish

REFUSED = JobError("moderation_before", Spent.NO, "sentinel_block", status=400)


def own(folder: Folder) -> History:
    history = History(folder)
    history.own()
    return history


def refused(second: int) -> Job:
    job = wish(second)
    return job.submitting(job.created_at, "key").rejected(job.created_at, REFUSED)


@pytest.mark.parametrize("indexed", [True, False])
def test_the_day_has_what_waits_what_runs_and_what_was_deleted(
    folder: Folder, indexed: bool
) -> None:
    history = own(folder)
    now = datetime.now(UTC)
    home, deleted, waiting, asked, withdrawn = saved(1), saved(2), wish(3), wish(4), wish(5)
    for job in (home, deleted):
        attempts = (job.attempts[0]._replace(at=now),)
        history.save(replace(job, created_at=now, updated_at=now, attempts=attempts))
    history.trash(deleted.id)
    hand_in(folder, waiting)
    for job in claim(folder):
        history.save(job)
    hand_in(folder, asked)
    hand_in(folder, withdrawn)
    withdraw(folder, withdrawn.id)
    history.close()
    if not indexed:
        folder.index_file.unlink()
    day = now - timedelta(hours=1)
    jobs = read_day_records(folder, day).jobs
    assert {job.id for job in jobs} == {home.id, deleted.id, waiting.id, asked.id}
    tomorrow = read_day_records(folder, now + timedelta(days=1)).jobs
    assert {job.id for job in tomorrow} == {waiting.id, asked.id}


def test_the_documents_decide_what_the_day_cost(folder: Folder) -> None:
    """The index may name a document too many; an edited record is read as it is now."""
    history = own(folder)
    job = saved(1)
    job = replace(job, attempts=(job.attempts[0]._replace(at=datetime.now(UTC)),))
    history.save(replace(job, cost=Cost(Decimal("0.40"))))
    text = document(folder, job).read_text()
    document(folder, job).write_text(text.replace('"reported": null', '"reported": 0.25'))
    since = datetime.now(UTC) - timedelta(hours=1)
    jobs = read_day_records(folder, since)
    assert spending(jobs, since, "USD") == Spending(reported=Decimal("0.25"))


def sent(second: int, at: datetime) -> Job:
    job = saved(second)
    attempts = (job.attempts[0]._replace(at=at),)
    return replace(job, cost=Cost(SUM), created_at=at, updated_at=at, attempts=attempts)


def set_back(path: Path) -> None:
    yesterday = (NOW - timedelta(days=1)).timestamp()
    os.utime(path, (yesterday, yesterday))


def copied_back(path: Path) -> None:
    """As `cp -a`, `rsync -t` and a backup do: another file with the times of the first."""
    aside = path.with_name("aside")
    shutil.copy2(path, aside)
    set_back(aside)
    aside.replace(path)


def let_be(path: Path) -> None:
    """Change nothing."""


NOW = datetime.now(UTC)
DAY = NOW - timedelta(hours=1)
SUM = Decimal("0.40")


@pytest.mark.parametrize("change", [let_be, set_back, copied_back])
@pytest.mark.parametrize("index", ["before", "after", "none", "without it"])
@pytest.mark.parametrize("trashed", [False, True])
def test_the_times_of_files_hide_nothing_that_was_spent(
    folder: Folder, change: Callable[[Path], None], index: str, trashed: bool
) -> None:
    history = own(folder)
    job, older = sent(1, NOW), sent(2, NOW - timedelta(days=2))
    history.save(older)
    if index == "without it":  # it came in by itself, as another machine's documents do
        path = document(folder, job)
        path.write_bytes(encode(job))
    else:
        history.save(job)
        path = document(folder, job)
    if trashed:
        history.trash(job.id)
        path = folder.trash / path.name
    change(path)
    history.close()
    if index == "after":
        own(folder).close()
    elif index == "none":
        folder.index_file.unlink()
    records = read_day_records(folder, DAY)
    assert spending(records, DAY, "USD") == Spending(estimated=SUM)
    assert [found.id for found in records.jobs] == [job.id]


def test_only_what_may_count_is_read(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    history = own(folder)
    for second in range(1, 30):
        history.save(sent(second, NOW - timedelta(days=second)))
    history.close()
    read: list[Path] = []

    # Counted, not replaced: the documents are read as ever.
    def counted(path: Path) -> tuple[bytes, Stamp]:
        read.append(path)
        return read_bytes(path)

    monkeypatch.setattr(day_records, "read_bytes", counted)
    read_day_records(folder, DAY - timedelta(days=2))
    assert len(read) == 2


@pytest.mark.parametrize("index", ["before", "after", "none"])
@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: os.truncate(path, 300),
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(bytes(500)),
        lambda path: path.write_text(path.read_text().replace('"schema": 1', '"schema": 99')),
        lambda path: (path.unlink(), path.mkdir()),
    ],
)
@pytest.mark.parametrize("change", [let_be, set_back])
def test_a_document_of_today_that_cannot_be_read_is_named(
    folder: Folder, spoil: Callable[[Path], object], change: Callable[[Path], None], index: str
) -> None:
    history = own(folder)
    job = replace(sent(1, NOW), id=JobIds().next(NOW))
    before = NOW - timedelta(days=2)
    old = replace(sent(2, before), id=JobIds().next(before))
    for each in (job, old):
        history.save(each)
        spoil(document(folder, each))
    change(document(folder, job))
    set_back(document(folder, old))
    history.close()
    if index == "after":
        own(folder).close()
    elif index == "none":
        folder.index_file.unlink()
    spent = spending(read_day_records(folder, DAY), DAY, "USD")
    assert spent.unreadable == (f"metadata/{job.id}.json",)


def test_a_request_that_cannot_be_read_is_named(folder: Folder) -> None:
    job = wish(1)
    hand_in(folder, job)
    os.truncate(folder.inbox / f"{job.id}.json", 100)
    assert read_day_records(folder, DAY).unreadable == (f".inbox/{job.id}.json",)


def test_a_folder_that_cannot_be_listed_is_not_an_empty_one(folder: Folder) -> None:
    folder.trash.rmdir()
    folder.trash.write_bytes(b"")
    assert read_day_records(folder, DAY).unreadable == ("metadata/.trash",)


@pytest.mark.parametrize("indexed", [True, False])
def test_the_last_word_of_a_server_on_a_request_is_remembered(
    folder: Folder, indexed: bool
) -> None:
    def last() -> Job | None:
        if not indexed:
            folder.index_file.unlink(missing_ok=True)
        return refused_before(folder, ORIGIN, request)

    history = own(folder)
    request = wish().request
    assert last() is None
    no = refused(1)
    history.save(no)
    assert last() == no
    assert refused_before(folder, "https://other.example.org", request) is None
    history.save(wish(2))  # one that waits has no word on it
    assert last() == no
    passed = saved(3)
    history.save(passed)
    assert last() is None
    again = refused(4)
    history.save(again)
    assert last() == again
    history.trash(again.id)
    assert last() is None


def test_a_refusal_that_was_edited_away_is_forgotten(folder: Folder) -> None:
    history = own(folder)
    no = refused(1)
    history.save(no)
    document(folder, no).write_text("{")
    assert refused_before(folder, ORIGIN, no.request) is None
    assert no.state is State.REJECTED
