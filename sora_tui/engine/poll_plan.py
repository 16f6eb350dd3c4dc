"""The poll plan of one server: which jobs are polled now, one by one or with the list.

A value without clock, network or disk: it gets the time and the answers, and returns what to do
next. Each job has a timer of its own. When many have run out, one walk through the server's list
(a sweep) answers them all for the price of its pages; a few jobs are polled one by one, because a
person is watching and it costs little. The arithmetic is in the design notes on polling: 1,000 jobs
polled one by one at 5 requests a second are seen 100 s late, with the list 2.5 s.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, NamedTuple

from sora_tui.core.job import Job, State
from sora_tui.core.remote_video import Phase, RemoteVideo
from sora_tui.engine.rate_limit import RATE, SLOWEST, poll_delay

#: Seconds between the starts of two sweeps, at least.
SWEEP_EVERY: Final = 5.0
#: Rows on a page of the list, until a server shows that it gives fewer.
PAGE: Final = 100
#: Up to this many jobs, or running jobs among many that wait, are polled one by one.
FEW: Final = 3
#: The plan is to be asked this often, in seconds, so that it notices a jump of the clock.
TICK: Final = 4.0
#: Seconds by which the wall clock and the loop's clock may differ; more means the machine slept.
_JUMP: Final = 5.0
#: A fresh job is polled after this many seconds where no typical time is known, ...
_FIRST: Final = 1.0
#: ... and after this many at most where such jobs never take less.
_FIRST_MOST: Final = 45.0
#: This many finished jobs are enough to know how soon one can be done.
_ENOUGH: Final = 5
#: Jobs due within this many seconds are included: a sweep should not miss those due just later.
_SOON: Final = 1.0
#: A job with an unknown status word is polled this seldom.
UNKNOWN_AGAIN: Final = 30.0
#: A final word is confirmed by another poll after this many seconds, ...
_ONCE_MORE: Final = 3.0
#: ... and one of the simulator, which has no replica that is behind, at once.
_ONCE_MORE_HERE: Final = 0.2
#: Seconds for which a job is polled one by one if the list lacks it, or shows it wrongly.
_APART: Final = 120.0
#: A list that shows nothing new of a job for this long is no longer believed without a GET; up to
#: twice as long, by chance, so that a thousand jobs are not polled in one minute.
_BELIEVED: Final = 180.0
#: After a list that failed, jobs are polled one by one for this long; doubled each time.
_LIST_REST: Final = 60.0
_LIST_REST_MOST: Final = 3600.0

_NEVER: Final = datetime.max.replace(tzinfo=UTC)


class Sweep(NamedTuple):
    """One walk through the server's list, newest first.

    Attributes:
        wanted: Job ids; the walk may end when all are seen.
        pages: Most pages to read.
    """

    wanted: frozenset[str]
    pages: int


class Round(NamedTuple):
    """What is to be done now.

    Attributes:
        ask: Ids of jobs to be polled one by one, most urgent first.
        again: Loop time when the plan is to be asked again, if nothing happens before.
    """

    ask: tuple[str, ...]
    sweep: Sweep | None
    again: float


@dataclass(slots=True)
class _PollTimer:
    """What the plan knows of one job, in loop time; `began` is when it began to wait or run."""

    job: Job
    began: float
    due: float
    news_at: float
    believed: float
    polled: bool = False
    busy: bool = False
    hint: float | None = None
    failures: int = 0
    rank: int | None = None
    apart_until: float = 0.0


class PollPlan:
    """The timers of all jobs that are with one server."""

    def __init__(self, soonest: Callable[[Job], float | None]) -> None:
        """Begin with a plan without jobs.

        Args:
            soonest: Seconds before which such a job is never done; None where that is not known.
        """
        self._soonest = soonest
        self._timers: dict[str, _PollTimer] = {}
        self._watched: frozenset[str] = frozenset()
        self._clocks: tuple[float, datetime] | None = None
        self._calm_until = 0.0
        self._sweeping = False
        self._sweep_began = 0.0
        self._sweep_at = 0.0
        self._has_list = True
        self._has_pages = True
        self._list_failures = 0
        self._list_from = 0.0
        self._page = PAGE
        self._arrived = 0  # jobs since the last sweep, by which the others moved down in the list

    # Events ---------------------------------------------------------------------------------

    def sync(self, jobs: Sequence[Job], now: float, at: datetime) -> None:
        """Take the jobs that are with the server now; `at` is the same moment in UTC."""
        gone = self._timers.keys() - {job.id for job in jobs}
        for job_id in gone:
            del self._timers[job_id]
        for job in jobs:
            if (timer := self._timers.get(job.id)) is not None:
                timer.job = job
            else:
                self._timers[job.id] = self._first_timer(job, now, at)
                self._arrived += 1
        self._detect_clock_jump(now, at)
        before, self._watched = self._watched, self._few(now)
        for job_id in self._watched - before:
            timer = self._timers[job_id]
            progress = timer.job.remote.progress if timer.job.remote else None
            wait = poll_delay(now - timer.began, progress, timer.hint) if timer.polled else _FIRST
            timer.due = min(timer.due, now + wait)

    def next_round(self, now: float, room: int) -> Round:
        """Return what to do now; the jobs in it count as being polled until their answer comes.

        Args:
            now: Seconds, by the monotonic clock.
            room: Most requests at once.
        """
        idle = [timer for timer in self._timers.values() if not timer.busy]
        again = min((timer.due for timer in idle if timer.due > now), default=now + TICK)
        due = [timer for timer in idle if timer.due <= now]
        sweep: Sweep | None = None
        if self._sweeping:
            due = [timer for timer in due if not self._by_list(timer, now)]
        elif any(self._by_list(timer, now) for timer in due):
            horizon = max(now, self._sweep_at) + _SOON
            soon = [s for s in idle if s.due <= horizon and self._by_list(s, now)]
            pages = self._pages(soon)
            if pages <= len(soon):
                due = [timer for timer in due if not self._by_list(timer, now)]
                if now < self._sweep_at:
                    again = min(again, self._sweep_at)
                elif room > 0:
                    # Others may use the same key: their jobs stand between ours.
                    most = 2 * pages + 1 if self._has_pages else 1
                    sweep = Sweep(frozenset(s.job.id for s in soon), min(most, len(soon)))
                    self._sweeping, room = True, room - 1
                    self._sweep_began = now
                    self._sweep_at = now + SWEEP_EVERY * random.uniform(1.0, 1.1)  # noqa: S311
        due.sort(key=lambda timer: (timer.job.expires_at or _NEVER, timer.due))
        for timer in due[:room]:
            timer.busy = True
        return Round(tuple(s.job.id for s in due[:room]), sweep, min(again, now + TICK))

    def saw_job(self, job_id: str, video: RemoteVideo, hint: float | None, now: float) -> None:
        """Note the answer to a GET; `hint`: seconds until the next one, as the server asks."""
        if (timer := self._timers.get(job_id)) is None:
            return
        timer.busy, timer.polled, timer.failures = False, True, 0
        timer.hint, timer.news_at = hint, now
        wait = poll_delay(self._elapsed(timer, video, now), video.progress, hint)
        if video.phase is Phase.UNKNOWN:
            wait = max(wait, UNKNOWN_AGAIN)
        if job_id not in self._watched:
            wait = max(wait, SWEEP_EVERY)
        if video.phase.is_final_without_clip:
            wait = max(_ONCE_MORE_HERE if timer.job.simulated else _ONCE_MORE, hint or 0.0)
            timer.apart_until = max(timer.apart_until, now + _APART)
        timer.due = now + wait

    def saw_row(self, job_id: str, video: RemoteVideo, rank: int, now: float) -> bool:
        """Note a row of the list about a job; return whether it may be believed.

        Good news may. A row that ends the job, or is behind what is known, is confirmed by GET: a
        list that is out of date must not lose a clip.

        Args:
            job_id: The job that the row is about.
            video: The row.
            rank: The row's place in the list, from 0.
            now: Seconds, by the monotonic clock.
        """
        if (timer := self._timers.get(job_id)) is None:
            return False
        timer.rank = rank
        is_behind = video.phase is Phase.QUEUED and timer.job.state is State.IN_PROGRESS
        if is_behind or video.phase.is_final_without_clip:
            if now >= timer.apart_until:
                self._ask_apart(timer, now)
            return False
        if not timer.polled or is_news(timer.job, video):
            timer.news_at = now
        timer.polled, timer.failures, timer.apart_until = True, 0, 0.0
        elapsed = self._elapsed(timer, video, now)
        if job_id in self._watched:
            timer.due = now + poll_delay(elapsed, video.progress, timer.hint)
        else:
            # From the sweep's start: all its rows come due together, for the next sweep.
            wait = max(min(elapsed / 60, SLOWEST), SWEEP_EVERY, timer.hint or 0.0)
            timer.due = self._sweep_began + wait
        if video.phase is Phase.UNKNOWN:
            timer.due = max(timer.due, now + UNKNOWN_AGAIN)
        return True

    def sweep_done(self, missed: Iterable[str], now: float) -> None:
        """Note the end of a sweep; a job that was not in the list is polled by GET."""
        self._list_failures = 0
        self._arrived = 0
        for job_id in missed:
            if (timer := self._timers.get(job_id)) is not None:
                timer.rank = None
                self._ask_apart(timer, now)

    def sweep_ended(self) -> None:
        """Note that no sweep is running, however it went; another one may begin when it is due."""
        self._sweeping = False

    def saw_page(self, rows: int) -> None:
        """Note how many rows a page has that is not the last one."""
        self._page = max(1, rows)

    def list_repeats(self) -> None:
        """Note that the server answers every page with the first one."""
        self._has_pages = False

    def has_no_list(self) -> None:
        """Note that the server has no list."""
        self._has_list = False

    def list_failed(self, now: float, *, for_good: bool) -> None:
        """Note that no list came; `for_good`: this server has none."""
        self._has_list = self._has_list and not for_good
        self._list_from = now + min(_LIST_REST * 2.0**self._list_failures, _LIST_REST_MOST)
        self._list_failures += 1

    def not_answered(self, job_id: str, now: float) -> None:
        """Note that a GET failed: other jobs are polled before this one again."""
        if (timer := self._timers.get(job_id)) is not None and timer.busy:
            timer.busy = False
            timer.due = now + min(2.0 ** min(timer.failures, 10), SLOWEST)
            timer.failures += 1

    def defer(self, job_id: str, until: float) -> None:
        """Note that the server denies a job, which is polled again at `until`."""
        if (timer := self._timers.get(job_id)) is not None:
            timer.busy, timer.polled, timer.due = False, True, until
            timer.apart_until = max(timer.apart_until, until + _SOON)

    # The arithmetic -------------------------------------------------------------------------

    def _first_timer(self, job: Job, now: float, at: datetime) -> _PollTimer:
        """Return a new timer: a fresh job waits until it can be done, one found at a start not."""
        since = next((e.at for e in job.events if e.state is job.state), job.updated_at)
        began = now - max((at - since).total_seconds(), 0.0)
        due = now
        if (at - job.updated_at).total_seconds() < _FIRST:
            due += min(self._soonest(job) or _FIRST, _FIRST_MOST)
        believed = _BELIEVED * random.uniform(1.0, 2.0)  # noqa: S311 -- no secret
        return _PollTimer(job, began, due, news_at=now, believed=believed)

    def _elapsed(self, timer: _PollTimer, video: RemoteVideo, now: float) -> float:
        if video.phase is Phase.IN_PROGRESS and timer.job.state is State.QUEUED:
            timer.began = now  # progress counts from here, not from the queue
        return now - timer.began

    def _few(self, now: float) -> frozenset[str]:
        """Return the jobs that are polled one by one: all if they are few, or the few that run.

        Where none is known to run, the one that was sent first is the next to do so.
        """
        jobs = list(self._timers.values())
        if now < self._calm_until:
            return frozenset()
        if len(jobs) > FEW:
            jobs = [timer for timer in jobs if timer.job.state is State.IN_PROGRESS] or jobs[:1]
        return frozenset(timer.job.id for timer in jobs) if len(jobs) <= FEW else frozenset()

    def _by_list(self, timer: _PollTimer, now: float) -> bool:
        return (
            self._has_list
            and now >= self._list_from
            and timer.job.id not in self._watched
            and now >= timer.apart_until
            and now - timer.news_at < max(timer.believed, (now - timer.began) / 10)
        )

    def _pages(self, timers: Collection[_PollTimer]) -> int:
        """Return how deep in the list the oldest of these lies, in pages."""
        if not self._has_pages:
            return 1
        unseen = sum(timer.rank is None for timer in timers)
        deepest = max((s.rank + self._arrived for s in timers if s.rank is not None), default=0)
        return 1 + max(deepest, unseen - 1) // self._page

    def _ask_apart(self, timer: _PollTimer, now: float) -> None:
        timer.apart_until = now + _APART
        timer.due = now

    def _detect_clock_jump(self, now: float, at: datetime) -> None:
        """Make every job due, once, after the machine slept or was stopped."""
        before, self._clocks = self._clocks, (now, at) if self._timers else None
        if before is None:
            return
        ran, passed = now - before[0], (at - before[1]).total_seconds()
        if abs(passed - ran) <= _JUMP and ran <= TICK + _JUMP:
            return
        together = random.random()  # noqa: S311 -- many clients wake with the same machine
        for timer in self._timers.values():
            apart = random.uniform(0.0, len(self._timers) / RATE)  # noqa: S311
            timer.due = now + together + (0.0 if self._has_list else apart)
            timer.news_at = now
        if passed > SWEEP_EVERY:
            self._sweep_at = now
        self._calm_until = now + SWEEP_EVERY + _SOON


def is_news(job: Job, video: RemoteVideo) -> bool:
    """Return whether an answer has something about a job that its record does not have."""
    known = job.remote
    return known is None or (
        (video.status, video.progress) != (known.status, known.progress)
        or (video.expires_at or job.expires_at) != job.expires_at
    )


def soonest(past: Sequence[float]) -> float | None:
    """Return the seconds before which such jobs are hardly ever done: the 5th percentile of `past`.

    It is a little less, so that jobs that have become faster are noticed. None for too few.
    """
    if len(past) < _ENOUGH:
        return None
    return 0.9 * sorted(past)[len(past) // 20]
