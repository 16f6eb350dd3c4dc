"""Polls one server's jobs, as the plan of `poll_plan` says, and takes the answers in."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import Poll, VideosClient
from sora_tui.core.job import Job, JobError, State
from sora_tui.core.problem import Fact, Problem, ProblemError, Spent, problem
from sora_tui.core.remote_video import Phase, RemoteVideo, inner_id, route_of
from sora_tui.core.server import Server
from sora_tui.core.text import clean_line
from sora_tui.engine.active_jobs import FAULT_WAIT, ActiveJobs, utc_now
from sora_tui.engine.address_downloads import AddressDownloads, AddressResult
from sora_tui.engine.capabilities import SURELY_NO_ROUTE, Capabilities
from sora_tui.engine.events import Retry
from sora_tui.engine.matching import matches
from sora_tui.engine.pagination import walk_pages
from sora_tui.engine.poll_plan import UNKNOWN_AGAIN, PollPlan, Sweep, is_news, soonest
from sora_tui.engine.rate_limit import MAX_IN_FLIGHT, RateLimiter

#: A job that its server does not know is gone after this many denials over this long: a load
#: balancer may have asked the wrong replica (fault 32).
_GONE_AFTER: Final = 5
#: After this many denials a list is believed that has the job all the same.
_LISTED_AFTER: Final = 3
_DENIED_AGAIN, _DENIED_MOST = 5.0, 120.0  # seconds between two polls, doubled each time
_GONE_TIME: Final = timedelta(minutes=10)
#: How often another id has to be reported in a row until it counts as the job's too.
_ALIAS_TIMES: Final = {Phase.QUEUED: 2, Phase.IN_PROGRESS: 2, Phase.COMPLETED: 3}
#: Pages of the list that are read to find a job that is denied.
_LIST_PAGES: Final = 5
#: Answers to a poll where there is no route for it (Dynamo answers with the finished job at once).
_NO_ROUTE: Final = frozenset({405, 501})
_KEY_WAIT: Final = 60.0
#: One refusal may come from a proxy or a replica: it counts when it is repeated after this many
#: seconds.
_REFUSED_AGAIN: Final = 2.0
#: Refusals of a poll that are about one job: the server is there, and reports the others.
_ABOUT_JOB: Final = frozenset({"key_without_grant", "request_refused", "moderation_before"})
#: Answers of a server that has no list (videos-api, divergence 16).
_NO_LIST: Final = frozenset({400, 404, 405, 422, 501})
#: Seconds for which typical times are kept before history is read again.
_DURATIONS_KEPT: Final = 60.0
#: A page of rows may mean a hundred writes: after this many seconds of them other tasks run.
_AT_A_TIME: Final = 0.02


class _Listed(NamedTuple):
    """What a server's list says of one job.

    Attributes:
        own: The row with its id.
        videos: The rows that were read.
        skew: The server's clock minus ours, in seconds; None where it is not known.
        is_away: There is a list, and it did not come this time.
    """

    own: RemoteVideo | None
    videos: list[RemoteVideo]
    skew: float | None
    is_away: bool = False


class Poller:
    """The polls of one server's active jobs. A poll that hangs does not delay the others."""

    def __init__(
        self,
        server: Server,
        active_jobs: ActiveJobs,
        rate_limiter: RateLimiter,
        hold: Callable[[Problem], None],
        report: Callable[[Exception], None],
        wake: Callable[[], None],
        capabilities: Capabilities,
        addresses: AddressDownloads,
    ) -> None:
        """Begin without polling.

        Args:
            server: The server to ask.
            active_jobs: The jobs of this engine; writes their documents.
            rate_limiter: Each request waits its turn there.
            hold: Called when the disk does not take an answer.
            report: Called with a fault of ours.
            wake: Called when a poll has ended: there may be room for the next.
            capabilities: What the server can do; the answers add to it.
            addresses: Saves clips that an answer has addresses of.
        """
        self._server = server
        self._active_jobs = active_jobs
        self._rate_limiter = rate_limiter
        self._hold = hold
        self._report = report
        self._wake = wake
        self._capabilities = capabilities
        self._plan = PollPlan(self._soonest)
        self._tasks: set[asyncio.Task[None]] = set()
        self._addresses = addresses
        self._aliases: dict[str, tuple[str, int]] = {}  # job id -> another id, and how often
        self._denials: dict[str, tuple[int, datetime]] = {}
        self._refusals: dict[str, int] = {}  # job id -> polls in a row that were refused
        self._key_refused_at: float | None = None  # loop time of the first refusal in a row
        self._durations: dict[tuple[str | None, ...], tuple[float, float | None]] = {}
        self._due_at = 0.0

    @property
    def due_at(self) -> float | None:
        """Loop time of the next poll; None while no job is with the server."""
        return self._due_at if self._jobs() else None

    def poll(self, client: VideosClient) -> None:
        """Begin the polls that are due."""
        now = _now()
        if self._capabilities.can("list") is False:
            self._plan.has_no_list()
        self._plan.sync(self._jobs(), now, utc_now())
        room = MAX_IN_FLIGHT - len(self._tasks)
        if self._rate_limiter.paused_for:
            room = 0
        elif self._rate_limiter.failures:
            # While the server is paused after a failure, one request finds out whether it is back.
            room = 0 if self._tasks else 1
        todo = self._plan.next_round(now, room)
        self._due_at = todo.again
        if todo.sweep is not None:
            self._start(self._sweep(client, todo.sweep), f"list of {self._server.name}")
        for job_id in todo.ask:
            self._start(self._ask(client, self._active_jobs.jobs[job_id]), f"look at {job_id}")

    async def close(self) -> None:
        """End the running polls; they may be repeated at any time."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # One by one -----------------------------------------------------------------------------

    async def _ask(self, client: VideosClient, job: Job) -> None:
        try:
            async with self._rate_limiter.slot():
                answer = await client.retrieve(job.remote_id or "", job.cookies)
            self._answered()
            current = self._active_jobs.jobs.get(job.id)
            if current is not None:
                await self._take_answer(client, current, answer)
        except ServerError as failure:
            if failure.not_found or (job.ended_at_create and failure.error.status in _NO_ROUTE):
                self._answered()
                await self._denied(client, job, failure)
            elif failure.error.kind in _ABOUT_JOB:
                self._answered()
                self._refused(job, failure)
            else:
                self._not_answered(failure)
        except ProblemError:
            raise
        except Exception as error:  # noqa: BLE001 -- a fault of ours: reported; the others go on
            self._leave(job, error)
        finally:
            self._plan.not_answered(job.id, _now())

    async def _take_answer(self, client: VideosClient, job: Job, answer: Poll) -> None:
        video = answer.video
        if not job.knows(video) and not self._is_alias(job, video):
            await self._denied(client, job, video=video)
            return
        self._denials.pop(job.id, None)
        self._refusals.pop(job.id, None)
        self._aliases.pop(job.id, None)
        job = job.with_cookies(answer.cookies)
        is_told_again = video.phase.is_final_without_clip and job.has_unconfirmed_end
        if video.urls and (video.phase is Phase.UNKNOWN or is_told_again):
            server = client.server._replace(cookies=job.cookies)
            verdict = await self._addresses.bring_home(server, job, video)
            if verdict is not AddressResult.NO_CLIP:
                self._plan.saw_job(job.id, video, answer.after, _now())
                return
            current = self._active_jobs.jobs.get(job.id)
            if current is None:
                return
            job = current
        self._active_jobs.show_retry(job, None)
        self._active_jobs.put(job.progressed(utc_now(), video))
        self._plan.saw_job(job.id, video, answer.after, _now())
        if video.phase is Phase.UNKNOWN:
            again = utc_now() + timedelta(seconds=UNKNOWN_AGAIN)
            why = problem("status_unknown", word=video.status)
            self._active_jobs.show_retry(job, Retry(1, again, why.code, why))

    def _is_alias(self, job: Job, video: RemoteVideo) -> bool:
        """Return whether another id counts as the job's, because it is reported every time.

        Some gateways give a job one id at create and another at each poll. A single answer about
        another job is a cache's, or a load balancer's; a final word in one is never believed.
        """
        seen, times = self._aliases.get(job.id, ("", 0))
        times = times + 1 if seen == video.id else 1
        self._aliases[job.id] = (video.id, times)
        if times < _ALIAS_TIMES.get(video.phase, times + 1):
            return False
        return inner_id(video.id) not in self._active_jobs.history.known_remote_ids(
            self._server.origin
        )

    def _leave(self, job: Job, error: Exception) -> None:
        """Wait with one job because handling its answer failed."""
        self._plan.defer(job.id, _now() + FAULT_WAIT.total_seconds())
        self._active_jobs.report_fault(job, error)

    def _refused(self, job: Job, failure: ServerError) -> None:
        """Handle a server that does not report this job: with this key, or at all."""
        count = self._refusals[job.id] = self._refusals.get(job.id, 0) + 1
        is_hidden = failure.error.kind == "key_without_grant"
        wait = _KEY_WAIT if is_hidden else _doubled(count)
        if count == 1:
            wait = _REFUSED_AGAIN
        wait = max(wait, failure.retry_after or 0.0)
        self._plan.defer(job.id, _now() + wait)
        current = self._active_jobs.jobs.get(job.id)
        if current is None:
            return
        until = utc_now() + timedelta(seconds=wait)
        if count == 1:
            self._active_jobs.show_retry(current, Retry(count, until, str(failure.error.status)))
            return
        kind = "job_hidden" if is_hidden else "look_refused"
        error = failure.error._replace(kind=kind, spent=Spent.PERHAPS)
        self._active_jobs.record_status_error(current, error)
        why = replace(error.problem, facts={**error.problem.facts, "profile": self._server.name})
        self._active_jobs.show_retry(current, Retry(count, until, kind, why))

    async def _denied(
        self,
        client: VideosClient,
        job: Job,
        failure: ServerError | None = None,
        video: RemoteVideo | None = None,
    ) -> None:
        """Handle a server that does not know a job, or reports another one (`video`)."""
        count, first = self._denials.get(job.id, (0, utc_now()))
        count += 1
        self._denials[job.id] = (count, first)
        wait = _doubled(count)
        if failure is not None:
            wait = max(wait, failure.retry_after or 0.0)
        self._plan.defer(job.id, _now() + wait)
        is_misrouted = failure is not None and bool(failure.asked)
        listed = None if is_misrouted else await self._listed(client, job)
        current = self._active_jobs.jobs.get(job.id)
        if current is None:
            return
        own = None if listed is None else listed.own
        if own is not None and count >= _LISTED_AFTER:
            self._take_listed(current, own, wait)
            return
        rows = 0 if listed is None or own is not None else len(listed.videos)
        if failure is not None and current.ended_at_create and count > 1:
            self._active_jobs.put(current.final_status_believed(utc_now()))
            return
        left = _GONE_TIME - (utc_now() - first)
        facts: dict[str, Fact] = {
            "count": count,
            "most": _GONE_AFTER,
            "minutes": max(math.ceil(left.total_seconds() / 60), 1),
        }
        if failure is not None and failure.asked:
            route = route_of(current.remote_id or "")
            made = f"{route.provider}/{route.model}" if route else ""
            why = problem("gateway_misroutes", asked=failure.asked, made=made)
            kept = failure.error._replace(kind=why.code, spent=why.spent)
            self._active_jobs.record_status_error(current, kept)
        elif (
            count >= _GONE_AFTER
            and left <= (-_GONE_TIME if listed is not None and listed.is_away else timedelta(0))
            and own is None
        ):
            if listed is not None and (found := self._found_elsewhere(current, listed)):
                self._denials.pop(job.id, None)
                self._active_jobs.show_retry(current, None)
                self._active_jobs.put(current.found_under_another_id(utc_now(), found))
                self._plan.saw_job(job.id, found, None, _now())
                return
            error = failure.error if failure else JobError("remote_gone", Spent.PERHAPS)
            spent = Spent.NO if current.is_free else Spent.PERHAPS
            gone = JobError("remote_gone", spent, error.code, error.message, error.status)
            self._active_jobs.put(current.gone(utc_now(), gone))
            return
        elif video is not None:
            why = problem("other_video_told", video=clean_line(video.id, 60), **facts)
        else:
            why = problem("remote_denied", **facts, **({"rows": rows} if rows else {}))
        until = utc_now() + timedelta(seconds=wait)
        status = failure.error.status or failure.error.kind if failure else why.code
        self._active_jobs.show_retry(current, Retry(count, until, str(status), why))

    def _take_listed(self, job: Job, video: RemoteVideo, wait: float) -> None:
        """Believe the list of a server that denies the job when only this job is asked for.

        A final word without a clip is not believed from a list: it may be out of date.
        """
        is_over = video.phase.is_final_without_clip and video.phase is not Phase.COMPLETED
        if is_news(job, video) and not is_over:
            self._denials.pop(job.id, None)
            self._active_jobs.show_retry(job, None)
            self._active_jobs.put(
                job.progressed(utc_now(), video._replace(id=job.remote_id or video.id))
            )
            return
        why = problem("remote_denied")
        until = utc_now() + timedelta(seconds=wait)
        self._active_jobs.show_retry(job, Retry(self._denials[job.id][0], until, why.code, why))

    async def _listed(self, client: VideosClient, job: Job) -> _Listed | None:
        """Return what the server's list says of a job; None without a list.

        A job in the list is not gone, whatever a poll says.
        """
        if self._capabilities.can("list") is False:
            return None
        videos, skew, ours = list[RemoteVideo](), None, inner_id(job.remote_id or "")
        try:
            async for page in walk_pages(client, self._rate_limiter, _LIST_PAGES):
                own = next((video for video in page.fresh if inner_id(video.id) == ours), None)
                videos += page.fresh
                skew = page.skew if page.skew is not None else skew
                if own is not None:
                    return _Listed(own, videos, skew)
        except ServerError as failure:
            is_away = not failure.not_found and failure.error.status not in _NO_LIST
            return _Listed(None, [], None, is_away=True) if is_away else None
        return _Listed(None, videos, skew)

    def _found_elsewhere(self, job: Job, listed: _Listed) -> RemoteVideo | None:
        """Return the row that is exactly a denied job, and no other job's: its id was changed.

        Other jobs that are denied may own it as well, and so may unconfirmed ones.
        """
        if not listed.videos:
            return None
        denied = [each for each in self._jobs() if each.id == job.id or each.id in self._denials]
        lost = self._active_jobs.at_origin(self._server, State.SUBMITTING, State.UNCONFIRMED)
        known = self._active_jobs.history.known_remote_ids(self._server.origin)
        return matches((*denied, *lost), listed.videos, known, listed.skew).get(job.id)

    # With the list --------------------------------------------------------------------------

    async def _sweep(self, client: VideosClient, sweep: Sweep) -> None:  # noqa: C901, PLR0912 -- one walk through a list, with what may end it
        missed = set(sweep.wanted)
        ours = {inner_id(job.remote_id or ""): job.id for job in self._jobs()}
        try:
            async for page in walk_pages(client, self._rate_limiter, sweep.pages):
                self._answered()
                self._capabilities.record("list", True)
                since = _now()
                for rank, video in enumerate(page.fresh, page.first_rank):
                    if (job_id := ours.get(inner_id(video.id))) is None:
                        continue
                    missed.discard(job_id)
                    try:
                        self._take(job_id, video, rank)
                    except ProblemError:
                        raise
                    except Exception as error:  # noqa: BLE001 -- see `_ask`
                        if (job := self._active_jobs.jobs.get(job_id)) is not None:
                            self._leave(job, error)
                    if _now() - since > _AT_A_TIME:
                        await asyncio.sleep(0)
                        since = _now()
                if page.rows and not page.fresh:
                    self._plan.list_repeats()
                if not missed or not page.more:
                    break
                self._plan.saw_page(page.rows)
            self._plan.sweep_done(missed, _now())
        except ServerError as failure:
            has_none = failure.not_found or failure.error.status in _NO_LIST
            self._plan.list_failed(_now(), for_good=has_none)
            if has_none:
                self._answered()
                if failure.error.status in SURELY_NO_ROUTE:
                    self._capabilities.record("list", False)
            else:
                self._not_answered(failure)
        finally:
            self._plan.sweep_ended()

    def _take(self, job_id: str, video: RemoteVideo, rank: int) -> None:
        job = self._active_jobs.jobs.get(job_id)
        if job is None or job_id in self._addresses.busy:
            return
        if not self._plan.saw_row(job_id, video, rank, _now()):
            return
        self._denials.pop(job_id, None)
        self._active_jobs.show_retry(job, None)
        self._refusals.pop(job_id, None)
        if is_news(job, video) or job.error is not None:
            self._active_jobs.put(job.progressed(utc_now(), video))

    # Both -----------------------------------------------------------------------------------

    def _answered(self) -> None:
        """Note that the server answers: its jobs no longer wait for it."""
        self._key_refused_at = None
        if self._rate_limiter.failures:
            for job in self._jobs():
                self._active_jobs.show_retry(job, None)
        self._rate_limiter.opened()

    def _not_answered(self, failure: ServerError) -> None:
        rest = failure.retry_after
        is_first = False
        if failure.error.kind == "key_refused":
            first = self._key_refused_at
            self._key_refused_at = first = _now() if first is None else first
            is_first = _now() - first < _REFUSED_AGAIN / 2
            rest = max(_REFUSED_AGAIN if is_first else _KEY_WAIT, rest or 0.0)
        until = utc_now() + timedelta(seconds=self._rate_limiter.failed(rest))
        why = str(failure.error.status or failure.error.kind)
        reason = None if is_first else failure.error.problem
        retry = Retry(self._rate_limiter.failures, until, why, reason)
        for job in self._jobs():
            if is_first:
                self._active_jobs.show_retry(job, retry)
                continue
            self._active_jobs.record_status_error(job, failure.error._replace(spent=Spent.PERHAPS))
            self._active_jobs.show_retry(job, retry)

    def _start(self, work: Coroutine[None, None, None], name: str) -> None:
        async def guarded() -> None:
            try:
                await work
            except ProblemError as error:
                self._hold(error.problem)
            except Exception as error:  # noqa: BLE001 -- a fault of ours: reported; the other jobs go on
                self._report(error)

        def ended(task: asyncio.Task[None]) -> None:
            self._tasks.discard(task)
            self._wake()

        task = asyncio.create_task(guarded(), name=name)
        self._tasks.add(task)
        task.add_done_callback(ended)

    def _jobs(self) -> list[Job]:
        return self._active_jobs.at(self._server, State.QUEUED, State.IN_PROGRESS)

    def _soonest(self, job: Job) -> float | None:
        """Return the seconds before which such jobs are never done, by the history."""
        request = job.request
        like = (job.server.profile, request.model, request.size, request.seconds)
        at, known = self._durations.get(like, (0.0, None))
        if like not in self._durations or _now() - at > _DURATIONS_KEPT:
            known = soonest(self._active_jobs.history.durations(*like))
            self._durations[like] = (_now(), known)
        return known


def _doubled(count: int) -> float:
    """Return the seconds until the next poll of a job that its server does not report."""
    return min(_DENIED_AGAIN * 2.0 ** min(count - 1, 10), _DENIED_MOST)


def _now() -> float:
    return asyncio.get_running_loop().time()
