"""A server in virtual time, and the real poller at work on it.

The wire is left out on purpose: an hour of a thousand jobs has to pass in a second.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import cast

import pytest

from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import Poll, VideoPage, VideosClient
from sora_tui.core.job import Consent, Cost, Job, JobError, State
from sora_tui.core.limits import Budget
from sora_tui.core.problem import Spent
from sora_tui.core.remote_video import RemoteVideo, read_video
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server, ServerRef
from sora_tui.engine import active_jobs as active_jobs_module
from sora_tui.engine import poller, server_worker
from sora_tui.engine.active_jobs import ActiveJobs, EventBus
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.rate_limit import CreateLimit
from sora_tui.engine.server_worker import ServerWorker
from sora_tui.workspace import capability_cache
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.history import History

SERVER = Server(name="farm", base_url="http://127.0.0.1:9/v1", dialect="generic", free=True)


EPOCH = datetime(2026, 11, 22, 10, tzinfo=UTC)


#: An answer's way, in seconds.
LATENCY = 0.15


#: When, and the id or the cursor that was asked for.
Gets = list[tuple[float, str]]


Pages = list[tuple[float, str | None]]


class Memory(History):
    """Remembers only how long jobs took: the disk is not what is measured here."""

    def __init__(self, past: Sequence[float] = ()) -> None:
        self._past = list(past)

    def save(self, job: Job) -> Job:
        return job

    def durations(
        self, profile: str, model: str | None, size: str | None, seconds: str | None
    ) -> list[float]:
        return self._past


@dataclass
class PolledServer:
    """A server: makes each job in its time, and writes down what it is asked."""

    tells_progress: bool = False
    working: str = "in_progress"
    hint: float | None = None
    list_status: int = 200
    ignores_after: bool = False
    forgets: set[str] = field(default_factory=set)  # ids the list does not tell
    stale: dict[str, str] = field(default_factory=dict)  # status words the list tells instead
    hangs: set[str] = field(default_factory=set)
    down: Callable[[float], bool] = lambda at: False
    knows_nothing: bool = False
    jumped: float = 0.0  # seconds that the wall clock went and the loop did not
    done_at: dict[str, float] = field(default_factory=dict)  # oldest first
    accepted_at: dict[str, float] = field(default_factory=dict)
    seen_at: dict[str, float] = field(default_factory=dict)
    gets: Gets = field(default_factory=list)
    pages: Pages = field(default_factory=list)
    server: Server = SERVER

    # What the poller calls ------------------------------------------------------------------

    async def retrieve(self, video_id: str, cookies: object = ()) -> Poll:
        self.gets.append((now(), video_id))
        await asyncio.sleep(30 if video_id in self.hangs else LATENCY)
        if video_id in self.hangs:
            raise failure(None, "server_unreachable")
        if self.down(now()):
            raise failure(500, "server_unreachable")
        if self.knows_nothing:
            raise failure(404, "remote_gone")
        return Poll(self.video(video_id), self.hint)

    async def list(self, after: str | None = None, limit: int = 100) -> VideoPage:
        self.pages.append((now(), after))
        await asyncio.sleep(LATENCY)
        if self.down(now()):
            raise failure(500, "server_unreachable")
        if self.list_status != 200:
            raise failure(self.list_status, "request_refused")
        known = () if self.knows_nothing else reversed(self.done_at)
        ids = [video_id for video_id in known if video_id not in self.forgets]
        start = 0 if after is None or self.ignores_after else ids.index(after) + 1
        page = ids[start : start + limit]
        rows = tuple(self.video(video_id, self.stale.get(video_id)) for video_id in page)
        more = start + limit < len(ids)
        return VideoPage(rows, page[-1] if page else None, more, 0.0)

    async def aclose(self) -> None:
        pass

    # What the test sees ---------------------------------------------------------------------

    @property
    def asked(self) -> Sequence[float]:
        return sorted(at for at, _ in (*self.gets, *self.pages))

    @property
    def sweeps(self) -> Sequence[float]:
        return [at for at, after in self.pages if after is None]

    @property
    def delay(self) -> float:
        late = [at - self.done_at[video_id] for video_id, at in self.seen_at.items()]
        return sum(late) / len(late)

    def video(self, video_id: str, word: str | None = None) -> RemoteVideo:
        share = (now() - self.accepted_at[video_id]) / (
            self.done_at[video_id] - self.accepted_at[video_id]
        )
        word = word or ("completed" if share >= 1 else self.working)
        return read(video_id, word, int(share * 100) if self.tells_progress and share < 1 else None)

    def accept(self, seconds: float, status: str = "queued") -> Job:
        """A job as it is among the active jobs once the server has taken it."""
        number = len(self.done_at)
        at = utc(self)
        video_id = f"video_{number}"
        self.accepted_at[video_id] = now()
        self.done_at[video_id] = now() + seconds
        job = Job.new(
            f"20261122-100000-{number:06d}",
            at,
            ServerRef(SERVER.name, SERVER.base_url),
            VideoRequest(prompt="A kite", model="model-1", seconds="8"),
            cost=Cost(),
            consent=Consent("unknown", at),
        )
        return job.submitting(at, "key").accepted(at, read(video_id, status, None))


@cache
def read(video_id: str, word: str, progress: int | None) -> RemoteVideo:
    video = read_video({"id": video_id, "status": word, "progress": progress})
    assert video is not None
    return video


def now() -> float:
    return asyncio.get_running_loop().time()


def utc(farm: PolledServer) -> datetime:
    return EPOCH + timedelta(seconds=now() + farm.jumped)


def failure(status: int | None, kind: str) -> ServerError:
    return ServerError(JobError(kind, Spent.NO, status=status), not_found=status == 404)


@asynccontextmanager
async def polling(
    farm: PolledServer, monkeypatch: pytest.MonkeyPatch, past: Sequence[float] = ()
) -> AsyncIterator[tuple[ActiveJobs, ServerWorker]]:
    """The real poller at work on a farm."""
    for module in (active_jobs_module, poller, server_worker):
        monkeypatch.setattr(module, "utc_now", lambda: utc(farm))
    monkeypatch.setattr(server_worker, "VideosClient", lambda server: cast(VideosClient, farm))
    faults: list[Exception] = []
    history, folder = Memory(past), Folder(Path("nowhere"))
    active_jobs = ActiveJobs(
        history, EventBus([]), BudgetGuard(Budget(), folder), lambda: True, {SERVER.name: SERVER}
    )

    async def connect(server: Server) -> Server:
        return server

    memory, limit = capability_cache.CapabilityCache(folder), CreateLimit(utc(farm))
    worker = ServerWorker(SERVER, active_jobs, folder, connect, faults.append, memory, limit)

    def stepped(job: Job) -> None:
        if job.state is State.COMPLETED:
            farm.seen_at[job.remote_id or ""] = now()
            active_jobs.jobs.pop(job.id, None)
        worker.wake()

    active_jobs.on_step = stepped
    work = asyncio.create_task(worker.wait_for_completion())
    try:
        yield active_jobs, worker
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)
        await worker.close()
    assert not faults
