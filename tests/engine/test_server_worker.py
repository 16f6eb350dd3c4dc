"""One server's poller between two looks: lines it leaves, deletions that come late.

The wire is left out: what is asked is how long a line lives, and what the active jobs makes of an
answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import pytest

from sora_tui.client.outcome import Accepted, CreateOutcome
from sora_tui.client.videos import Poll, VideoPage, VideosClient
from sora_tui.core.job import State
from sora_tui.core.limits import Budget
from sora_tui.core.server import Server
from sora_tui.engine import server_worker
from sora_tui.engine.active_jobs import ActiveJobs, EventBus
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.rate_limit import CreateLimit
from sora_tui.engine.server_worker import ServerWorker
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder, open_folder
from sora_tui.workspace.history import History
from tests.support.job_states import LATER, new_job, video
from tests.support.virtual_time import run, until

LAB = Server("lab", "http://127.0.0.1:9/v1", dialect="generic", free=True)
MOVED = LAB._replace(base_url="http://127.0.0.1:10/v1")
JOB = replace(new_job(), server=LAB.ref)


@dataclass
class Line:
    """A client whose server takes as long as the test says."""

    server: Server
    answered: asyncio.Event = field(default_factory=asyncio.Event)
    meanwhile: Callable[[], object] = lambda: None
    goodbye: float = 0.5
    paid: int = 0
    is_closed: bool = False
    clock_skew: float | None = None

    def prepare(self, *_: object) -> None:
        """Nothing is built: no byte leaves here."""

    async def send(self, *_: object) -> CreateOutcome:
        self.paid += 1
        await self.answered.wait()
        assert not self.is_closed, "the answer to a paid request would be lost"
        return Accepted(video("queued"), 200)

    async def retrieve(self, video_id: str, cookies: object = ()) -> Poll:
        return Poll(video("queued"), None)

    async def list(self, after: str | None = None, limit: int = 100) -> VideoPage:
        return VideoPage((), None, False, None)

    async def delete(self, video_id: str, cookies: object = ()) -> None:
        self.meanwhile()

    async def aclose(self) -> None:
        self.is_closed = True
        await asyncio.sleep(self.goodbye)


class Lab:
    """A worker, its active jobs, and every line it opened."""

    def __init__(self, folder: Folder) -> None:
        self.lines: list[Line] = []
        self.connected = LAB
        self.faults: list[Exception] = []
        self.history = History(folder)
        budget_guard = BudgetGuard(Budget(), folder)
        self.active_jobs = ActiveJobs(
            self.history, EventBus([]), budget_guard, lambda: True, {LAB.name: LAB}
        )
        cache, limit = CapabilityCache(folder), CreateLimit(datetime.now(UTC))
        self.worker = ServerWorker(
            LAB, self.active_jobs, folder, self._connect, self.faults.append, cache, limit
        )
        self.active_jobs.on_step = lambda job: self.worker.wake()

    async def _connect(self, server: Server) -> Server:
        return self.connected

    def open(self, server: Server) -> VideosClient:
        """A line to this server, instead of a client."""
        self.lines.append(Line(server))
        return cast(VideosClient, self.lines[-1])


@asynccontextmanager
async def at_work(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Lab]:
    lab = Lab(folder)
    monkeypatch.setattr(server_worker, "VideosClient", lab.open)
    work = asyncio.create_task(lab.worker.wait_for_completion())
    try:
        yield lab
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await lab.worker.close()
        lab.history.close()
    assert lab.faults == []
    assert all(line.is_closed for line in lab.lines)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return open_folder(tmp_path)


def test_a_server_that_moves_keeps_its_old_line_until_the_paid_answer_came(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The practice server died and came back, or a proxy's server proved to be another."""

    async def play() -> None:
        async with at_work(folder, monkeypatch) as lab:
            lab.active_jobs.put(JOB)
            await until(lambda: bool(lab.lines) and lab.lines[0].paid == 1)
            lab.connected = MOVED
            lab.worker.wake()
            await until(lambda: len(lab.lines) == 2)
            await asyncio.sleep(60)
            assert not lab.lines[0].is_closed
            lab.lines[0].answered.set()
            await until(lambda: lab.active_jobs.jobs[JOB.id].state is State.QUEUED)
            await until(lambda: lab.lines[0].is_closed)
            assert [line.paid for line in lab.lines] == [1, 0]
            lab.connected = LAB
            lab.worker.wake()
            await until(lambda: lab.lines[1].is_closed)  # nothing is under way on this one

    run(play())


def test_a_line_that_is_slow_to_close_holds_up_no_leaving(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def play() -> float:
        loop = asyncio.get_running_loop()
        async with at_work(folder, monkeypatch) as lab:
            lab.active_jobs.put(JOB)
            await until(lambda: bool(lab.lines) and lab.lines[0].paid == 1)
            lab.lines[0].goodbye = 3600.0
            lab.connected = MOVED
            lab.worker.wake()
            await until(lambda: len(lab.lines) == 2)
            lab.lines[0].answered.set()
            await lab.worker.settle()
            before = loop.time()
        return loop.time() - before

    assert run(play()) < 5


def test_a_clip_that_was_completed_during_the_deletion_keeps_its_record(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deletion was asked for a job under way; its clip may be on its way home by now."""

    async def play() -> State:
        async with at_work(folder, monkeypatch) as lab:
            job = JOB.submitting(LATER, "key").accepted(LATER, video("in_progress"), 200)
            lab.active_jobs.put(job)
            await until(lambda: bool(lab.lines))
            lab.lines[0].meanwhile = lambda: lab.active_jobs.put(
                job.progressed(LATER, video("completed"))
            )
            await lab.worker.delete(job)
            return lab.history.load(job.id).state

    assert run(play()) is State.COMPLETED
    assert list(folder.trash.iterdir()) == []
