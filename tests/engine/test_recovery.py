"""When and how far the server's list is read for a lost answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sora_tui.client.videos import VideoPage
from sora_tui.core.job import Consent, Cost, Job, JobError, State
from sora_tui.core.limits import Budget
from sora_tui.core.problem import Spent
from sora_tui.core.remote_video import RemoteVideo, read_video
from sora_tui.core.request import VideoRequest
from sora_tui.core.server import Server
from sora_tui.engine import active_jobs as active_jobs_module
from sora_tui.engine import recovery as recovery_module
from sora_tui.engine.active_jobs import ActiveJobs, EventBus
from sora_tui.engine.budget_guard import BudgetGuard
from sora_tui.engine.capabilities import Capabilities
from sora_tui.engine.rate_limit import RateLimiter
from sora_tui.engine.recovery import Recovery
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import open_folder
from sora_tui.workspace.history import History
from tests.support.virtual_time import run

LAB = Server("lab", "http://127.0.0.1:9/v1", dialect="openai", free=True)
START = datetime(2026, 11, 22, 10, 15, 30, tzinfo=UTC)
_KITE = VideoRequest(prompt="A kite", model="sora-2", seconds="4", size="1280x720")

Rows = Callable[[float], Sequence[RemoteVideo]]


def video(id: str, made: datetime | None, prompt: str | None = "A kite") -> RemoteVideo:
    found = read_video(
        {
            "id": id,
            "status": "queued",
            "created_at": made and made.timestamp(),
            "model": "sora-2",
            "seconds": "4",
            "size": "1280x720",
            "prompt": prompt,
        }
    )
    assert found is not None
    return found


class Listing:
    """In place of `VideosClient`: a list in virtual time, which no socket would keep to."""

    clock_skew = None

    def __init__(self, rows: Rows, limit: int = 100) -> None:
        self.rows = rows
        self.limit = limit
        self.pages: list[float] = []

    async def list(self, after: str | None = None, limit: int = 100) -> VideoPage:
        now = asyncio.get_running_loop().time()
        self.pages.append(now)
        rows = list(self.rows(now))
        begin = next((n + 1 for n, row in enumerate(rows) if row.id == after), 0)
        page = rows[begin : begin + self.limit]
        more = begin + self.limit < len(rows)
        return VideoPage(tuple(page), page[-1].id if page else None, more, 0.0)


class Story:
    """A job that was lost this moment, and who looks for it."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, rows: Rows, **how: Any) -> None:
        self.client = Listing(rows, **how)
        self.folder = open_folder(root)
        self.began = 0.0
        self.ahead = timedelta(0)  # of our clock, until it is set right a second after the sending
        for module in (active_jobs_module, recovery_module):
            monkeypatch.setattr(module, "utc_now", self.now)

    def now(self) -> datetime:
        since = asyncio.get_running_loop().time() - self.began
        return START + timedelta(seconds=since) + (self.ahead if since < 1 else timedelta(0))

    def pass_time(self, seconds: float) -> Job:
        """Lose the answer, and look for so many seconds; the job as it is then."""
        return run(self._search(seconds))

    async def _search(self, seconds: float) -> Job:
        loop = asyncio.get_running_loop()
        self.began = loop.time()
        history = History(self.folder)
        budget_guard = BudgetGuard(Budget(), self.folder)
        active_jobs = ActiveJobs(history, EventBus([]), budget_guard, lambda: True, {"lab": LAB})
        job = Job.new(
            *("20261122-101530-aaaaaa", START, LAB.ref, _KITE),
            cost=Cost(Decimal(0)),
            consent=Consent("free", START),
        )
        job = job.submitting(self.now(), "key")
        active_jobs.sent_at_clock(job.id)
        job = job.unconfirmed(self.now(), JobError("answer_lost", Spent.PERHAPS))
        active_jobs.take_in(job)
        lost = Recovery(
            LAB, active_jobs, RateLimiter(), Capabilities(LAB, CapabilityCache(self.folder))
        )
        while loop.time() < self.began + seconds:
            await lost.search(self.client)  # type: ignore[arg-type]  # the list is all it asks for
            now = active_jobs.jobs.get(job.id)
            if now is None or now.state is not State.UNCONFIRMED:
                break
            await asyncio.sleep(max((lost.due_at or 0.0) - loop.time(), 0.01))
        history.close()
        return active_jobs.jobs.get(job.id) or History(self.folder).load(job.id)

    @property
    def looks(self) -> list[int]:
        """Seconds after the loss."""
        return sorted({round(at - self.began) for at in self.client.pages})


def test_the_seconds_after_a_loss_at_which_the_list_is_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    story = Story(tmp_path, monkeypatch, lambda now: [])
    job = story.pass_time(290)
    assert story.looks == [2, 10, 30, 60, 120, 180, 240]
    assert job.search is not None
    assert job.search.was_probably_never_created


@pytest.mark.parametrize("late", [5, 20, 45, 100])
def test_a_list_that_is_late_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, late: int
) -> None:
    ours = video("video_1", START + timedelta(seconds=1))
    silent = video("video_of_another", START + timedelta(seconds=1), None)

    def rows(now: float) -> Sequence[RemoteVideo]:
        return [ours, silent] if now - story.began >= late else [silent]

    story = Story(tmp_path, monkeypatch, rows)
    assert story.pass_time(130).remote_id == "video_1"


def of_others(count: int, newest: datetime) -> list[RemoteVideo]:
    """Another's rows, the newest first, one a second."""
    return [
        video(f"other_{n}", newest - timedelta(seconds=n), f"Another's {n}") for n in range(count)
    ]


LISTS: dict[str, tuple[list[RemoteVideo], int]] = {
    "600 newer": ([*of_others(600, START + timedelta(minutes=11)), *of_others(9, START)], 100),
    "oldest first": (of_others(150, START - timedelta(hours=1))[::-1], 100),
    "old ones first, small pages": (of_others(400, START - timedelta(days=3))[::-1], 20),
    "no time told": ([row._replace(created_at=None) for row in of_others(300, START)], 100),
    "old ones of one second first": (
        [video(f"old_{n}", START - timedelta(days=3), "Old") for n in range(300)],
        100,
    ),
    "in no order": (of_others(300, START)[::2] + of_others(300, START)[1::2], 50),
    "from the year one": ([video(f"old_{n}", None, "Old") for n in range(250)], 100),
}


@pytest.mark.parametrize("name", LISTS)
def test_the_list_is_read_far_enough(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    others, limit = LISTS[name]
    ours = video("video_1", START + timedelta(seconds=1))
    at = 600 if name == "600 newer" else len(others)
    story = Story(
        tmp_path, monkeypatch, lambda now: [*others[:at], ours, *others[at:]], limit=limit
    )
    assert story.pass_time(9).remote_id == "video_1"


def test_a_list_without_end_is_left_and_that_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    endless = of_others(6000, START + timedelta(hours=9))[::-1]
    story = Story(tmp_path, monkeypatch, lambda now: endless)
    job = story.pass_time(9)
    assert len(story.client.pages) == 50
    assert job.search is not None
    assert (job.search.found, job.search.cut, job.search.was_probably_never_created) == (
        (),
        5000,
        False,
    )


def test_a_list_of_the_newest_first_is_left_below_the_job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = of_others(6_000, START)  # more than is ever read of a list
    ours = video("video_1", START + timedelta(seconds=1))
    story = Story(tmp_path, monkeypatch, lambda now: [ours, *others])
    assert story.pass_time(9).remote_id == "video_1"
    assert len(story.client.pages) == 1


@pytest.mark.parametrize("hours", [3, -3, 0.4])
def test_a_clock_that_was_set_right_after_the_sending_hides_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, hours: float
) -> None:
    ours = video("video_1", START + timedelta(seconds=1))
    story = Story(tmp_path, monkeypatch, lambda now: [ours])
    story.ahead = timedelta(hours=hours)
    job = story.pass_time(9)
    assert job.remote_id == "video_1"
    assert job.clock_skew == pytest.approx(-hours * 3600, abs=1)
