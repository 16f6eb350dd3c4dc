"""The day's jobs and the refusals of a server, found with an index and without one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from sora_tui.core.budget import Spending, spending
from sora_tui.core.job import Cost, Job, JobError, State
from sora_tui.core.problem import Spent
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History
from sora_tui.workspace.inbox import claim, hand_in, withdraw
from sora_tui.workspace.ledger import jobs_of_the_day
from sora_tui.workspace.verdicts import refused_before
from tests.workspace.jobs import ORIGIN, document, saved, wish

REFUSED = JobError("moderation_before", Spent.NO, "sentinel_block", status=400)


def own(folder: Folder) -> History:
    history = History(folder)
    history.own()
    return history


def refused(second: int) -> Job:
    job = wish(second)
    return job.submitting(job.created_at, "key").rejected(job.created_at, REFUSED)


@pytest.mark.usefixtures("clock_of_files")  # which documents to read, their times decide
@pytest.mark.parametrize("indexed", [True, False])
def test_the_day_has_what_waits_what_runs_and_what_was_deleted(
    folder: Folder, indexed: bool
) -> None:
    history = own(folder)
    now = datetime.now(UTC)
    home, deleted, waiting, asked, withdrawn = saved(1), saved(2), wish(3), wish(4), wish(5)
    for job in (home, deleted):
        history.save(replace(job, attempts=(job.attempts[0]._replace(at=now),)))
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
    jobs = jobs_of_the_day(folder, day)
    assert {job.id for job in jobs} == {home.id, deleted.id, waiting.id, asked.id}
    tomorrow = jobs_of_the_day(folder, now + timedelta(days=1))
    assert {job.id for job in tomorrow} == {waiting.id, asked.id}


@pytest.mark.usefixtures("clock_of_files")  # which documents to read, their times decide
def test_the_documents_decide_what_the_day_cost(folder: Folder) -> None:
    """The index may name a document too many; an edited record is read as it is now."""
    history = own(folder)
    job = saved(1)
    job = replace(job, attempts=(job.attempts[0]._replace(at=datetime.now(UTC)),))
    history.save(replace(job, cost=Cost(Decimal("0.40"))))
    text = document(folder, job).read_text()
    document(folder, job).write_text(text.replace('"reported": null', '"reported": 0.25'))
    since = datetime.now(UTC) - timedelta(hours=1)
    jobs = jobs_of_the_day(folder, since)
    assert spending(jobs, since, "USD") == Spending(reported=Decimal("0.25"))


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
