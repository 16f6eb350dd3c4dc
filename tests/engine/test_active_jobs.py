"""Steps become durable before they are told, and what was paid for is written come what may."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sora_tui.core.job import Job, State
from sora_tui.core.limits import Budget
from sora_tui.core.problem import ProblemError, problem_error
from sora_tui.engine.active_jobs import ActiveJobs, EventBus
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.events import EngineEvent, JobChanged
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.support.job_states import LATER, new_job, video
from tests.support.virtual_time import run


class SmallDisk(History):
    """Refuses the next writes."""

    refusals = 0

    def save(self, job: Job) -> Job:
        if self.refusals:
            self.refusals -= 1
            raise problem_error("disk_full", path="metadata")
        return super().save(job)


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


@pytest.fixture
def history(folder: Folder) -> Iterator[SmallDisk]:
    history = SmallDisk(folder)
    yield history
    history.close()


def desk_of(
    history: History,
    folder: Folder,
    owns: Callable[[], bool] = lambda: True,
    listener: Callable[[EngineEvent], None] = lambda event: None,
) -> ActiveJobs:
    return ActiveJobs(history, EventBus([listener]), BudgetGuard(Budget(), folder), owns, {})


def test_an_owner_that_lost_the_folder_writes_nothing_and_raises(
    folder: Folder, history: SmallDisk
) -> None:
    async def play() -> None:
        owns = True
        active_jobs = desk_of(history, folder, lambda: owns)
        job = active_jobs.put(new_job())
        owns = False
        with pytest.raises(ProblemError, match="owned_elsewhere"):
            active_jobs.put(job.submitting(LATER, "key"))
        assert active_jobs.jobs[job.id] is job
        assert history.load(job.id).state is State.PENDING
        paid = job.submitting(LATER, "key").accepted(LATER, video("queued"))
        with pytest.raises(ProblemError, match="owned_elsewhere"):
            await active_jobs.put_with_retry(paid)
        assert history.load(job.id).state is State.PENDING

    run(play())


def test_what_was_paid_for_is_written_once_the_full_disk_takes_it(
    folder: Folder, history: SmallDisk
) -> None:
    told: list[EngineEvent] = []

    async def play() -> float:
        active_jobs = desk_of(history, folder, listener=told.append)
        job = active_jobs.put(active_jobs.put(new_job()).submitting(LATER, "key"))
        history.refusals = 3
        loop = asyncio.get_running_loop()
        before = loop.time()
        await active_jobs.put_with_retry(job.accepted(LATER, video("queued"), 200))
        return loop.time() - before

    assert run(play()) == pytest.approx(6.0, abs=0.1)
    assert history.load(new_job().id).remote_id == "video_1"
    why = [e.retry.why for e in told if isinstance(e, JobChanged) and e.retry is not None]
    assert set(why) == {"disk_full"}
