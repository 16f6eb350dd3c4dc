"""One named task per server: sends pending jobs, polls running ones, finds unconfirmed ones."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from sora_tui.client.decode import MAX_WAIT
from sora_tui.client.dialect import dialect_of, with_dialect_defaults
from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import VideosClient
from sora_tui.core.job import Job, JobError, State
from sora_tui.core.problem import Problem, ProblemError, Spent, problem
from sora_tui.core.recovery import SEARCH_DELAYS
from sora_tui.core.request import Operation
from sora_tui.core.server import Server
from sora_tui.engine.active_jobs import ActiveJobs, local_error, utc_now
from sora_tui.engine.address_downloads import AddressDownloads
from sora_tui.engine.capabilities import SURELY_NO_ROUTE, Capabilities
from sora_tui.engine.deferral import LIST_DELAY, DeferralCheck
from sora_tui.engine.events import RemoteListed, Retry
from sora_tui.engine.poller import Poller
from sora_tui.engine.rate_limit import MAX_IN_DOUBT, Allowance, CreateLimit, RateLimiter
from sora_tui.engine.recovery import Recovery
from sora_tui.engine.remote_jobs import ALL_PAGES, remote_jobs
from sora_tui.engine.submit import generate_video, is_deferred_for_good, refusal
from sora_tui.workspace.capability_cache import CapabilityCache
from sora_tui.workspace.folder import Folder
from sora_tui.workspace.queue_pause import is_paused

_LOCAL_WAIT: Final = 30.0
#: Seconds between two requests for a list that is refused, while a deferred job waits.
_LIST_AGAIN: Final = 30.0
_NOT_BELIEVED: Final = "the server put it off, and may have made it all the same"
#: A server that answers so, or not at all, does not take a paid request either.
_AWAY: Final = frozenset({None, 408, 425, 429, *range(500, 600)})

Connect = Callable[[Server], Awaitable[Server]]


class ServerWorker:
    """Everything that is asked of one server."""

    def __init__(
        self,
        server: Server,
        active_jobs: ActiveJobs,
        folder: Folder,
        connect: Connect,
        report: Callable[[Exception], None],
        cache: CapabilityCache,
        limit: CreateLimit,
        *,
        sends: bool = True,
    ) -> None:
        self.server = server
        self._limit = limit
        self._sends = sends
        self._report = report
        self._active_jobs = active_jobs
        self._folder = folder
        self._connect = connect
        self._client: VideosClient | None = None
        self._rate_limiter = RateLimiter()
        self._capabilities = capabilities = Capabilities(server, cache)
        self._poller = Poller(
            server,
            active_jobs,
            self._rate_limiter,
            self._hold_all,
            report,
            self.wake,
            capabilities,
            AddressDownloads(active_jobs, folder),
        )
        self._recovery = Recovery(server, active_jobs, self._rate_limiter, capabilities)
        self._wake = asyncio.Event()
        limit.on_room.append(self.wake)
        self._sending: dict[str, asyncio.Task[None]] = {}
        self._leaving: set[asyncio.Task[None]] = set()
        self._settling = False
        self._held: dict[str, float] = {}  # pending jobs -> loop time of the next try
        self._list_due: dict[str, float] = {}  # deferred attempts -> loop time of the next try
        self._deferred_since: dict[str, float] = {}  # deferred attempts -> loop time of that
        #: Jobs that wait because the server answers nothing at all.
        self._silenced: set[str] = set()
        self._kept: dict[str, Retry] = {}  # pending jobs -> why they wait, as it was published
        self._question: asyncio.Task[None] | None = None  # the free one before the next request
        self._allowed_at: float | None = None  # loop time at which the pause is over
        #: Pending jobs wait for a person, because answers were unclear.
        self.is_stopped = False
        self._taken_at: datetime | None = None  # when the server last took or had a job of ours

    # For the engine -------------------------------------------------------------------------

    @property
    def at_work(self) -> bool:
        """Whether the worker has anything to do."""
        return bool(self._active_jobs.at(self.server, *_WITH_SERVER)) or bool(self._sending)

    @property
    def offline_until(self) -> datetime | None:
        """When the next try is due, if the last one failed."""
        if not self._rate_limiter.failures:
            return None
        return utc_now() + timedelta(seconds=self._rate_limiter.paused_for)

    def wake(self) -> None:
        """Wake up, because something changed among the active jobs."""
        self._wake.set()

    async def settle(self) -> None:
        """Begin no more paid requests; wait for those in flight, whose answers are worth money."""
        self._settling = True
        if self._sending:
            await asyncio.wait(tuple(self._sending.values()))

    async def close(self) -> None:
        """End the running polls and close every connection. Paid requests are over by then."""
        self._limit.on_room.remove(self.wake)
        await self._poller.close()
        ending = [*self._leaving, *((self._question,) if self._question else ())]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    async def wait_for_completion(self) -> None:
        """Send, poll and search, until the task is cancelled."""
        while True:
            self._wake.clear()
            again: float | None = None
            if self._active_jobs.at(self.server, *_WITH_SERVER):
                try:
                    client, server = await self._connection()
                    self._poller.poll(client)  # first: a list that is not answered delays no poll
                    if self._sends and not is_paused(self._folder):
                        await self._recovery.check_found(client)
                    self._send(client, server)
                    await self._recovery.search(client)
                except ProblemError as error:  # no simulator, or a full disk
                    self._hold_all(error.problem)
                    again = self._rate_limiter.paused_for
                except ServerError as failure:  # whether jobs were sent before cannot be asked
                    self._hold_all(failure.error.problem)
                    again = self._rate_limiter.paused_for
            await self._rest(again)

    # Sending --------------------------------------------------------------------------------

    def _send(self, client: VideosClient, server: Server) -> None:
        if not self._sends or is_paused(self._folder):
            return
        now = asyncio.get_running_loop().time()
        room = 0 if self._settling else self._room(client)
        pending = self._active_jobs.at(self.server, State.PENDING)
        most = with_dialect_defaults(server).max_active
        if most is not None:
            # By origin: the server takes no more, whatever the profile is called.
            active = len(self._active_jobs.at_origin(self.server, State.QUEUED, State.IN_PROGRESS))
            room = min(room, most - active - len(self._limit.under_way))
        if any(_waits(job) or self._waits_for_list(job) for job in pending):
            return  # a deferral of one job is one for all
        if any(job.not_before for job in pending):
            room = min(room, 1 - len(self._sending))  # one request finds out whether it is over
        # A job that replaces one in doubt, as a person decided, goes first.
        for job in sorted(pending, key=lambda job: job.parent is None):
            if room <= 0:
                return
            if job.is_stopped or job.id in self._sending or self._held.get(job.id, 0.0) > now:
                continue
            if job.id in self._active_jobs.unchecked:  # it was found while the list was being read
                continue
            why = refusal(self.server, job, self._folder) or self._capabilities.refusal(job.request)
            if why is not None:
                self._hold(job, why)
                continue
            room -= 1
            task = asyncio.create_task(self._send_one(client, server, job), name=f"send {job.id}")
            self._sending[job.id] = task
            self._limit.under_way.add(job.id)

    def _room(self, client: VideosClient) -> int:
        """Return how many paid requests may begin, and publish why if none may."""
        pending = self._active_jobs.at(self.server, State.PENDING)
        allowed = self._limit.allowance(self._in_doubt(), self._rate_limiter.answered_at, utc_now())
        self._allowed_at = allowed.until if allowed.kept_by else None
        if allowed.kept_by and pending:
            self._keep_back(pending, allowed)
            if allowed.must_ask and self._question is None:
                self._question = asyncio.create_task(
                    self._ask(client), name=f"free question to {self.server.name}"
                )
        elif not allowed.kept_by:
            self._let_go(pending)
        # Last: who reads this and has the jobs sent again must find every one marked.
        pending = self._active_jobs.at(self.server, State.PENDING)
        self.is_stopped = any(allowed.kept_by == "stop" or job.is_stopped for job in pending)
        return allowed.room

    def _in_doubt(self) -> list[Job]:
        """Return the jobs of this server whose outcome is unknown and undecided.

        A job of unknown past says nothing about the server: it was not sent from here.
        """
        replaced = {job.parent for job in self._active_jobs.at_origin(self.server, State.PENDING)}
        lost = self._active_jobs.at_origin(self.server, State.UNCONFIRMED)
        return [job for job in lost if job.id not in replaced and not job.has_unknown_past]

    def _keep_back(self, pending: Sequence[Job], allowed: Allowance) -> None:
        """Publish why jobs wait; if only a person can end it, write it down for other processes."""
        is_stop = allowed.kept_by == "stop"
        code = "sending_stopped" if is_stop else "sending_on_hold"
        why = problem(code, host=self.server.host, count=allowed.doubts)
        left = max(allowed.until - asyncio.get_running_loop().time(), 0.0)
        until = utc_now() + timedelta(seconds=left)
        for job in pending:
            shown = self._kept.get(job.id)
            if job.id in self._sending or (shown is not None and shown.problem == why):
                continue
            if job.is_stopped and not is_stop:
                continue  # it has a stronger reason
            if is_stop and allowed.doubts < MAX_IN_DOUBT:
                self._silenced.add(job.id)
            self._kept[job.id] = Retry(0, until, code, why)
            if is_stop:
                self._active_jobs.show_retry(job, None)
                if job.error != (error := local_error(why)):
                    self._active_jobs.put(job.blocked(utc_now(), error))
            else:
                self._active_jobs.show_retry(job, self._kept[job.id])

    def _let_go(self, pending: Sequence[Job]) -> None:
        """Remove the reason from the jobs that waited.

        A job that was stopped because of doubts stays so until none is left, or a person wants it
        sent: that another command starts an engine is no decision. One that was stopped because
        the server was silent goes on when it answers.
        """
        is_decided = not self._in_doubt()
        for job in pending:
            if self._kept.pop(job.id, None) is not None:
                self._active_jobs.show_retry(job, None)
            is_free = is_decided or job.id in self._silenced
            if job.id not in self._sending and job.is_stopped and is_free:
                self._silenced.discard(job.id)
                self._active_jobs.put(job.unblocked(utc_now()))

    async def _ask(self, client: VideosClient) -> None:
        """Ask the server something free: if it answers, a paid request may go."""
        try:
            async with self._rate_limiter.slot():
                if self._recovery.may_list:
                    await client.list(limit=1)
                else:
                    await client.models()
        except ServerError as failure:
            if failure.error.status in _AWAY:
                self._rate_limiter.failed(failure.retry_after)
            else:  # it answers, and has no such list
                self._rate_limiter.opened()
        except Exception as error:  # noqa: BLE001 -- a fault of ours: reported, and asked once more
            self._rate_limiter.failed(None)
            self._report(error)
        else:
            self._rate_limiter.opened()
        finally:
            self._question = None
            self._wake.set()

    async def _send_one(self, client: VideosClient, server: Server, job: Job) -> None:  # noqa: C901, PLR0912 -- every way in which sending may end, in one place
        try:
            if job.was_deferred and not await self._is_believed(client, job):
                return
            if self._active_jobs.at_origin(self.server, State.QUEUED, State.IN_PROGRESS):
                self._taken_at = utc_now()  # it works for us, so it is normal that it takes no more
            sent = await generate_video(
                self._active_jobs, self._folder, client, server, job, self._taken_at
            )
            if sent.remote_id is not None:
                self._taken_at = utc_now()
                self._limit.accepted()
            elif sent.state is State.UNCONFIRMED:
                self._limit.unclear()
            if sent.error is not None and sent.state is State.REJECTED:
                self._learn_from(sent.request.operation, sent.error)
            if sent.state is State.PENDING and sent.not_before is not None:
                self._active_jobs.show_retry(
                    sent, Retry(len(sent.attempts), sent.not_before, str(sent.attempts[-1].status))
                )
        except ProblemError as error:
            if error.problem.code == "answer_not_kept":  # its facts are kept nowhere else
                self._report(error)
            self._hold(job, error.problem)
        except ServerError as failure:  # the list did not come; nothing was sent
            self._hold(job, failure.error.problem)
        except Exception as error:  # noqa: BLE001 -- a fault of ours: reported, and not sent again
            self._report(error)
            current = self._active_jobs.jobs.get(job.id, job)
            if current.state is State.SUBMITTING:
                self._limit.unclear()
                lost = JobError("internal_fault", Spent.PERHAPS, message=type(error).__name__)
                await self._active_jobs.put_with_retry(current.unconfirmed(utc_now(), lost))
            else:
                self._hold(job, problem("internal_fault"))
        finally:
            self._sending.pop(job.id, None)
            self._wake.set()
            self._limit.ended(job.id)

    async def _is_believed(self, client: VideosClient, job: Job) -> bool:
        """Return whether the "not now" that this job got is believed, so that it may be sent again.

        If the list is too young to decide, or is refused for now, the job waits. One that was
        deferred too often ends here, if its list shows nothing of it.

        Raises:
            ServerError: The list did not come.
        """
        last, now = job.attempts[-1], asyncio.get_running_loop().time()
        age = max((utc_now() - last.at).total_seconds(), 0.0)
        since = self._deferred_since.setdefault(last.key, now - age)
        check = await self._recovery.check_deferral(
            client,
            job,
            is_late=now - since >= LIST_DELAY,
            is_last=now - since >= max(LIST_DELAY, SEARCH_DELAYS[-1]),
        )
        if self._active_jobs.jobs.get(job.id) is not job:  # withdrawn while the list was read
            return False
        match check:
            case DeferralCheck.SEND:
                if not is_deferred_for_good(job, self._taken_at):
                    return True
                busy = JobError("server_stayed_busy", Spent.NO, status=last.status)
                self._active_jobs.put(job.deferred_for_good(utc_now(), busy))
            case DeferralCheck.CHECK_AGAIN:
                now = asyncio.get_running_loop().time()
                due = since + LIST_DELAY
                if due <= now:
                    due = now + _LIST_AGAIN
                self._list_due[last.key] = due
                until = utc_now() + timedelta(seconds=due - now)
                self._active_jobs.show_retry(job, Retry(len(job.attempts), until, str(last.status)))
            case DeferralCheck.DOUBT:
                doubt = JobError(
                    "answer_unclear", Spent.PERHAPS, message=_NOT_BELIEVED, status=last.status
                )
                self._active_jobs.put(job.deferral_doubted(utc_now(), doubt))
        return False

    def _waits_for_list(self, job: Job) -> bool:
        due = self._list_due.get(job.attempts[-1].key, 0.0) if job.attempts else 0.0
        return due > asyncio.get_running_loop().time()

    def _learn_from(self, operation: Operation, refusal: JobError) -> None:
        """Learn from a refusal: an operation may be missing; a refused create needs a probe."""
        if operation != "create" and refusal.kind == "operation_unsupported":
            # A gateway that has the operation passes on that one server behind it has not.
            if dialect_of(self._capabilities.server).can(operation) is not True:
                self._capabilities.record(operation, False)
        elif operation == "create" and refusal.kind == "request_refused":
            self._capabilities.probe_again()

    def _hold(self, job: Job, why: Problem) -> None:
        """Leave a job pending, for a reason of our own, and publish it."""
        self._held[job.id] = self._in(_LOCAL_WAIT)
        self._active_jobs.report_blocked(job, why, timedelta(seconds=_LOCAL_WAIT))

    def _hold_all(self, why: Problem) -> None:
        until = utc_now() + timedelta(seconds=self._rate_limiter.failed(None))
        for job in self._active_jobs.at(self.server, *_WITH_SERVER):
            self._active_jobs.record_status_error(
                job, local_error(why)._replace(spent=Spent.PERHAPS)
            )
            self._active_jobs.show_retry(
                job, Retry(self._rate_limiter.failures, until, why.code, why)
            )

    # Lost answers ---------------------------------------------------------------------------

    async def adopt(self, job_id: str, video_id: str) -> None:
        """Adopt a video that a person named for an unconfirmed job."""
        try:
            client, _ = await self._connection()
        except ProblemError as error:
            self._recovery.refuse(job_id, video_id, error.problem.code)
        else:
            await self._recovery.adopt(client, job_id, video_id)

    async def recheck(self, job: Job) -> None:
        """Poll once more a job that the server forgot or ended, because a person asks for it."""
        try:
            client, _ = await self._connection()
            async with self._rate_limiter.slot():
                video = (await client.retrieve(job.remote_id or "", job.cookies)).video
        except (ProblemError, ServerError) as failure:
            why = failure.problem.code if isinstance(failure, ProblemError) else failure.error.kind
            self._active_jobs.put(job.noted(utc_now(), f"asked again: {why}"))
        else:
            if not job.knows(video):
                self._active_jobs.put(job.noted(utc_now(), "asked again: told of another video"))
            elif video.phase.is_final_without_clip and job.state is not State.GONE:
                self._active_jobs.put(job.noted(utc_now(), f"asked again: {video.status}"))
            else:
                self._active_jobs.put(job.rediscovered(utc_now(), video))

    # Jobs made elsewhere --------------------------------------------------------------------

    async def remote_jobs(self, pages: int | None) -> RemoteListed:
        """Return what the server has and this workspace does not know."""
        try:
            client, _ = await self._connection()
        except ProblemError as error:
            return RemoteListed(self.server.name, problem=error.problem)
        history, most = self._active_jobs.history, ALL_PAGES if pages is None else pages
        return await remote_jobs(
            client, self._rate_limiter, self.server, self._folder, history, most
        )

    async def delete(self, job: Job) -> None:
        """Delete a job at the server. One at rest goes to the trash here, a running one ends.

        A refusal of the server is noted in the record, which stays.
        """
        try:
            client, _ = await self._connection()
            async with self._rate_limiter.slot():
                await client.delete(job.remote_id or "", job.cookies)
        except ServerError as failure:
            if failure.error.status in SURELY_NO_ROUTE:
                self._capabilities.record("delete", False)
            self._keep(job, failure.error)
        except ProblemError as error:
            self._keep(job, local_error(error.problem))
        else:
            current = self._active_jobs.jobs.get(job.id, job)
            if current.state in {State.QUEUED, State.IN_PROGRESS}:
                self._active_jobs.put(current.remote_deleted(utc_now()))
            elif current.is_final:
                self._active_jobs.history.trash(job.id)

    def _keep(self, job: Job, error: JobError) -> None:
        current = self._active_jobs.jobs.get(job.id, job)
        self._active_jobs.put(current.remote_delete_failed(utc_now(), error))

    # Time -----------------------------------------------------------------------------------

    async def _connection(self) -> tuple[VideosClient, Server]:
        server = await self._connect(self.server)  # first: a password manager may hold the key
        if self._active_jobs.at(self.server, State.PENDING) and not self._rate_limiter.paused_for:
            if (rest := await self._capabilities.probe()) is not None:
                self._rate_limiter.failed(rest)
            server = await self._connect(self.server)
        if self._client is None or self._client.server != server:
            earlier, self._client = self._client, VideosClient(server)
            if earlier is not None:
                task = asyncio.create_task(self._leave(earlier), name=f"leave {server.name}")
                self._leaving.add(task)
                task.add_done_callback(self._leaving.discard)
            await self._poller.close()
        return self._client, server

    async def _leave(self, client: VideosClient) -> None:
        """Close the connections of a server that proved to be another than assumed.

        Not during a paid request: its answer would be lost.
        """
        busy = [*self._sending.values(), *((self._question,) if self._question else ())]
        try:
            if busy:
                await asyncio.wait(busy)
        finally:
            await client.aclose()

    async def _rest(self, again: float | None) -> None:
        """Sleep until something is due, or `again` seconds are over, or the engine wakes us."""
        now = asyncio.get_running_loop().time()
        times = [at for at in (self._poller.due_at, self._recovery.due_at) if at is not None]
        if again is not None:
            times.append(now + again)
        # A pending job without a time of its own waits for room: another job's step wakes us.
        for job in self._active_jobs.at(self.server, State.PENDING):
            if job.not_before is not None and _waits(job):
                times.append(now + (job.not_before - utc_now()).total_seconds())
            elif self._held.get(job.id, 0.0) > now:
                times.append(self._held[job.id])
            elif self._waits_for_list(job):
                times.append(self._list_due[job.attempts[-1].key])
            elif self._allowed_at is not None and self._allowed_at > now:
                times.append(self._allowed_at)
        wait_for = max(min(times, default=now + 3600.0) - now, self._rate_limiter.paused_for, 0.05)
        # Not wait_for: before Python 3.12 it loses a cancellation that comes with the wake-up.
        with suppress(TimeoutError):
            async with asyncio.timeout(wait_for):
                await self._wake.wait()

    def _in(self, seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds


_WITH_SERVER: Final = (
    State.PENDING,
    State.SUBMITTING,
    State.QUEUED,
    State.IN_PROGRESS,
    State.UNCONFIRMED,
)


def _waits(job: Job) -> bool:
    """Return whether the deferral still holds; a time too far away means a clock was set back."""
    if job.not_before is None:
        return False
    return 0 < (job.not_before - utc_now()).total_seconds() <= MAX_WAIT
