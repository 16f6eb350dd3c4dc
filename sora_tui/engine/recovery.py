"""Unconfirmed jobs: searched for in the server's list, or adopted as a person says."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Final, NamedTuple

from sora_tui.client.dialect import can_list
from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import VideosClient
from sora_tui.core.job import Job, JobError, State
from sora_tui.core.problem import ProblemError, Spent
from sora_tui.core.recovery import SEARCH_DELAYS, Candidate, RecoverySearch, Refusal
from sora_tui.core.remote_video import RemoteVideo, inner_id, is_usable_id
from sora_tui.core.server import Server
from sora_tui.engine.active_jobs import ActiveJobs, utc_now
from sora_tui.engine.capabilities import SURELY_NO_ROUTE, Capabilities
from sora_tui.engine.comparison import earliest_creation
from sora_tui.engine.deferral import DeferralCheck, check_deferral
from sora_tui.engine.matching import candidates, for_a_person, matches
from sora_tui.engine.pagination import walk_pages
from sora_tui.engine.rate_limit import RateLimiter

#: After the searches of `SEARCH_DELAYS`, one every this many seconds.
_LATER: Final = 60.0
#: A server that had no list is asked for it once more after this many seconds: the answer may
#: have been a proxy's while the server was away, and a person who finds nothing may pay twice.
_LIST_AGAIN: Final = 600.0
#: Most pages of a list that are read, of a hundred rows where the server gives as many. Most
#: searches end on the first: a list with the newest first is read as far as a job can stand.
_MAX_PAGES: Final = 50
#: Rows of a list may be out of order by this much.
_UNSORTED: Final = timedelta(minutes=5)
#: A job that is not where it must be may stand this far down, if a clock is wrong.
_FAR_DOWN: Final = timedelta(hours=26)
#: A video is always reported with the same time, to within this much.
_SAME_MOMENT: Final = timedelta(seconds=2)
#: Statuses with which a server refuses its list for now, although it has one.
_LIST_LATER: Final = frozenset({401, 403, 408, 425, 429, *range(500, 600)} - {501})
#: How many of the newest documents are searched for the job that has a video already.
_NAMED: Final = 200


def replace_parent(active_jobs: ActiveJobs, job: Job) -> Job:
    """Abandon the parent of a job that sends it again, right before the job is sent.

    The parent's own record then names the job: of two that would replace it one is sent, and none
    after it was found.

    Returns:
        The pending job, or the same withdrawn because it must not be sent.
    """
    at = utc_now()
    try:
        parent = active_jobs.jobs.get(job.parent or "") or active_jobs.history.load(
            job.parent or ""
        )
    except ProblemError:
        if job.is_once_more:  # made from a finished job, whose record may be gone by now
            return job
        return active_jobs.put(job.withdrawn(at, "not sent: the job it replaces cannot be read"))
    if parent.state is State.UNCONFIRMED:
        active_jobs.put(parent.sent_again(at, job.id))
    elif not (parent.was_sent_again_as(job.id) or job.is_once_more):
        return active_jobs.put(
            job.withdrawn(at, "not sent: the job it replaces was found or decided")
        )
    return job


class Listed(NamedTuple):
    """The rows that were read of the list.

    Attributes:
        skew: The server's clock minus ours, in seconds; None where it is not known.
        cut: Rows after which the reading ended though there are more; 0 otherwise.
    """

    videos: list[RemoteVideo]
    skew: float | None
    cut: int


class Recovery:
    """The unconfirmed jobs of one server. This class never sends one again."""

    def __init__(
        self,
        server: Server,
        active_jobs: ActiveJobs,
        rate_limiter: RateLimiter,
        capabilities: Capabilities,
    ) -> None:
        self._server = server
        self._active_jobs = active_jobs
        self._rate_limiter = rate_limiter
        self._capabilities = capabilities
        self._no_list_until = 0.0
        self._unconfirmed_since: dict[str, float] = {}  # loop time
        self._searched_at: dict[str, float] = {}
        self._listless: set[str] = set()  # servers that told this process so
        #: Loop time of the next search; None while there is nothing to search for.
        self.due_at: float | None = None

    async def search(self, client: VideosClient) -> None:
        """Search the server's list, if it is time; adopt what is found without a doubt."""
        unconfirmed = self._active_jobs.at(self._server, State.UNCONFIRMED)
        lost = [job for job in unconfirmed if job.request.operation != "character"]
        for job in unconfirmed:
            if job not in lost:  # no list has characters
                self._record(job, listed=False)
        now = asyncio.get_running_loop().time()
        if not lost or not self._may_list(now):
            self.due_at = self._no_list_until if lost and self._no_list_until > now else None
            for job in lost:
                self._record(job, listed=False)
            return
        for job in lost:
            age = (utc_now() - job.unconfirmed_since).total_seconds()
            self._unconfirmed_since.setdefault(job.id, now - max(age, 0.0))
        self.due_at = min(self._next_search(job) for job in lost)
        if self.due_at > now or self._rate_limiter.paused_for:
            return
        try:
            listed = await self._read(client, lost)
        except ServerError as failure:
            if failure.not_found or failure.error.status in {400, 405, 501}:
                self._no_list_until = self._in(_LIST_AGAIN)
                if failure.error.status in SURELY_NO_ROUTE:
                    self._capabilities.record("list", False)
                await self.search(client)
            else:
                self._rate_limiter.failed(failure.retry_after)
                self._record_failure(lost, failure.error.kind)
            return
        self._rate_limiter.opened()
        self._capabilities.record("list", True)
        self._searched_at |= {job.id: self._in(0) for job in lost}
        self._take(lost, listed)
        lost = self._active_jobs.at(self._server, State.UNCONFIRMED)
        self.due_at = min((self._next_search(job) for job in lost), default=None)

    def _take(self, lost: Sequence[Job], listed: Listed) -> None:
        """Adopt what is found without a doubt, and record the other candidates."""
        self._learn_clock(lost, listed.skew)
        known = self._active_jobs.history.known_remote_ids(self._server.origin)
        rivals = self._rivals()
        found = matches(rivals, listed.videos, known, listed.skew)
        claims: dict[str, set[str]] = {}
        for rival in rivals:
            for video in candidates(rival, listed.videos, known, listed.skew):
                if video.prompt:
                    claims.setdefault(video.id, set()).add(rival.id)
        reused = self._reused(lost, listed, known)
        for job_id in [job.id for job in lost]:
            # A person may have decided while the list was being read.
            if (job := self._unconfirmed(job_id)) is None:
                continue
            if job.id in found:
                self._active_jobs.put(job.accepted(utc_now(), found[job.id]))
                continue
            # A video that is exactly another unconfirmed job's is no candidate.
            mine = [v for v in listed.videos if job.id in claims.get(v.id, {job.id})]
            offers = for_a_person(job, mine, known, listed.skew, reused)
            self._record(job, listed=True, found=offers, cut=listed.cut)

    def _learn_clock(self, lost: Iterable[Job], skew: float | None) -> None:
        """Record the server's clock minus ours at the sending of jobs: ours may be set since."""
        for job in lost:
            moved = self._active_jobs.clock_moved(job.id)
            still = self._unconfirmed(job.id)
            if still is None or still.clock_skew is not None or skew is None or moved is None:
                continue
            self._active_jobs.put(still.with_clock_skew(round(skew + moved, 3)))

    def _rivals(self) -> list[Job]:
        """Return the jobs that may own the unknown videos in the list.

        A job whose answer is still to come may own one that looks like an unconfirmed job's; so may
        a job of another profile of the same server, which may see the same list.
        """
        return self._active_jobs.at_origin(self._server, State.SUBMITTING, State.UNCONFIRMED)

    def _reused(self, lost: Iterable[Job], listed: Listed, known: Collection[str]) -> set[str]:
        """Return known ids (`inner_id`) under which the server has another video by now."""
        taken = [video for video in listed.videos if inner_id(video.id) in known]
        alike = {
            candidate.id
            for job in lost
            for candidate in for_a_person(job, taken, (), listed.skew)
            if "time" not in candidate.other
        }
        return self._not_taken([video for video in taken if video.id in alike])

    def _not_taken(self, videos: Sequence[RemoteVideo]) -> set[str]:
        """Return the ids (`inner_id`) of those videos that no job of this workspace has.

        A server that was reset, or deleted a video, may give its id to another one, which was made
        at another time.
        """
        ids = {inner_id(video.id) for video in videos}
        owners = self._active_jobs.history.with_videos(self._server.origin, ids) if ids else {}
        return {
            inner
            for video in videos
            if (inner := inner_id(video.id)) in owners
            and all(owner is not None and _is_another(owner, video) for owner in owners[inner])
        }

    def _next_search(self, job: Job) -> float:
        """Return the loop time of the next search for a job."""
        lost_at = self._unconfirmed_since.get(job.id, self._in(0))
        looked_at = self._searched_at.get(job.id)
        if looked_at is None:
            return lost_at + SEARCH_DELAYS[0]
        times = (lost_at + seconds for seconds in SEARCH_DELAYS)
        return next((at for at in times if at > looked_at), looked_at + _LATER)

    async def check_found(self, client: VideosClient) -> None:
        """Search for the pending jobs that were found at a start, before they are sent.

        In this folder nothing says that they were sent: but a folder may have been restored, and
        then the list has them. A job for which the list has a video that no other job can own is
        left to a person, or adopted.

        Raises:
            ServerError: There was no answer, so it is not known yet.
        """
        waiting = self._unchecked()
        if not waiting:
            return
        if self._may_list(asyncio.get_running_loop().time()):
            try:
                listed = await self._read(client, waiting, far=False)
            except ServerError as failure:
                if failure.error.status in {None, 429}:
                    raise
            else:
                self._rate_limiter.opened()
                self._doubt(listed)
        self._active_jobs.unchecked -= {job.id for job in waiting}

    def _unchecked(self) -> list[Job]:
        pending = self._active_jobs.at(self._server, State.PENDING)
        return [job for job in pending if job.id in self._active_jobs.unchecked]

    def _doubt(self, listed: Listed) -> None:
        """Stop those jobs from being sent for which the list has videos."""
        known = self._active_jobs.history.known_remote_ids(self._server.origin)
        alike: dict[str, list[Job]] = {}
        for job in self._unchecked():
            alike.setdefault(repr(job.request), []).append(job)
        for jobs in alike.values():
            videos = [
                video
                for video in candidates(jobs[0], listed.videos, known, listed.skew)
                if video.prompt
            ]
            others = sum(rival.request == jobs[0].request for rival in self._rivals())
            for job in jobs[: max(len(videos) - others, 0)]:
                why = JobError("past_unknown", Spent.PERHAPS)
                self._active_jobs.put(job.of_unknown_past(utc_now(), why))

    def _may_list(self, now: float) -> bool:
        """Return whether reading the list is worth it; a failure in another process does not count.

        Only a dialect that is known to have no list is not asked.
        """
        return now >= self._no_list_until and can_list(self._capabilities.server) is not False

    @property
    def may_list(self) -> bool:
        """Whether this server's list is worth reading now."""
        return self._may_list(asyncio.get_running_loop().time())

    async def check_deferral(
        self, client: VideosClient, job: Job, *, is_late: bool, is_last: bool
    ) -> DeferralCheck:
        """Return whether a deferred job may be sent again.

        A list that is refused now may come later: it is asked for again until the last search.

        Args:
            client: Reaches the server.
            job: The pending job.
            is_late: The list has had time to show what was made of it.
            is_last: A list that is refused now is no longer waited for.

        Raises:
            ServerError: There was no answer, so it is not known yet.
        """
        videos: list[RemoteVideo] | None = None
        skew: float | None = None
        if self.may_list:
            try:
                listed = await self._read(client, [job], far=False)
                videos, skew = listed.videos, listed.skew
            except ServerError as failure:
                if failure.error.status is None:
                    raise
                comes_later = failure.error.status in _LIST_LATER
                if comes_later and not is_last and not job.was_deferred_before_any_call:
                    return DeferralCheck.CHECK_AGAIN
        known = self._active_jobs.history.known_remote_ids(self._server.origin)
        return check_deferral(job, videos, known, skew, is_late=is_late)

    async def _read(self, client: VideosClient, jobs: Sequence[Job], *, far: bool = True) -> Listed:
        """Read the list as far down as these jobs can stand.

        Args:
            client: Reaches the server.
            jobs: The jobs to look for.
            far: Read on where one is not found: its video may be reported with a wrong time.
        """

        def is_enough(videos: Sequence[RemoteVideo], skew: float | None) -> bool:
            known = self._active_jobs.history.known_remote_ids(self._server.origin)
            found = matches(self._rivals(), videos, known, skew)
            return not far or all(job.id in found for job in jobs)

        def first(skew: float | None) -> datetime:
            return min(earliest_creation(job, skew) for job in jobs) - timedelta(minutes=1)

        return await self._walk(client, first, is_enough)

    async def _walk(
        self,
        client: VideosClient,
        first: Callable[[float | None], datetime],
        is_enough: Callable[[Sequence[RemoteVideo], float | None], bool],
    ) -> Listed:
        """Read the list from its beginning, until the rest can be of no use.

        A list with the oldest first is read to its end, or to the bound.

        Args:
            client: Reaches the server.
            first: Returns the earliest moment that counts, by the server's clock.
            is_enough: Returns whether the rows above that moment are all that is wanted.
        """
        videos: list[RemoteVideo] = []
        skew: float | None = None
        passed, more = False, False
        async for page in walk_pages(client, self._rate_limiter, _MAX_PAGES):
            skew = page.skew if page.skew is not None else skew
            videos += page.fresh
            more = page.more
            made = [video.created_at for video in videos if video.created_at is not None]
            is_falling = len(made) > 1 and made[0] > made[-1]
            if not is_falling or any(a + _UNSORTED < b for a, b in pairwise(made)):
                continue  # not the newest first: what is wanted may stand anywhere
            begin = first(skew)
            if not passed and made[-1] < begin:
                passed = True
                more = more and not is_enough(videos, skew)
            if not more or made[-1] < begin - _FAR_DOWN:
                more = False
                break
        return Listed(videos, skew, len(videos) if more else 0)

    async def adopt(self, client: VideosClient, job_id: str, video_id: str) -> None:
        """Adopt a video that a person named, if the server knows it and no other job has it."""
        if not is_usable_id(video_id):
            self.refuse(job_id, video_id, "video_unknown")
            return
        try:
            async with self._rate_limiter.slot():
                sought = self._unconfirmed(job_id)
                if sought is not None and sought.request.operation == "character":
                    video = await client.character(video_id)
                else:
                    video = (await client.retrieve(video_id)).video
        except ServerError as failure:
            code = "video_unknown" if failure.not_found else failure.error.kind
            self.refuse(job_id, video_id, code)
            return
        known = self._active_jobs.history.known_remote_ids(self._server.origin)
        ids = {inner_id(video_id), inner_id(video.id)}
        if known & ids and not self._not_taken([video._replace(id=video_id)]):
            self.refuse(job_id, video_id, "video_taken")
        elif (job := self._unconfirmed(job_id)) is not None:
            # The id that was named is the one that answers; some gateways report another.
            self._active_jobs.put(job.accepted(utc_now(), video._replace(id=video_id)))
            self._searched_at.clear()  # its video can no longer be another job's: search again

    def refuse(self, job_id: str, video_id: str, code: str) -> None:
        """Record why a video was not adopted."""
        job, at = self._unconfirmed(job_id), utc_now()
        if job is not None:
            taken_by = self._owner_of(video_id) if code == "video_taken" else None
            refused = Refusal(at, video_id, code, taken_by)
            self._put(job, (job.search or RecoverySearch(at, at))._replace(refused=refused))

    def _unconfirmed(self, job_id: str) -> Job | None:
        """Return the job, unless it was found or given up meanwhile."""
        job = self._active_jobs.jobs.get(job_id)
        return job if job is not None and job.state is State.UNCONFIRMED else None

    def _record(
        self,
        job: Job,
        *,
        listed: bool,
        found: tuple[Candidate, ...] = (),
        cut: int = 0,
    ) -> None:
        at = utc_now()
        search = job.search or RecoverySearch(at, at)
        if listed and not search.searches:
            search = search._replace(began=at)  # the searches before brought no list
        if listed:
            search = search._replace(searches=search.searches + 1)
        elif job.id in self._listless:
            return
        (self._listless.discard if listed else self._listless.add)(job.id)
        search = search._replace(at=at, listed=listed, found=found, cut=cut, failure="")
        self._active_jobs.put(job.searched(at, search))

    def _record_failure(self, lost: Iterable[Job], kind: str) -> None:
        """Record that the list was asked for and did not come, once for each reason."""
        at = utc_now()
        for each in lost:
            job = self._unconfirmed(each.id)
            if job is None or (job.search is not None and job.search.failure == kind):
                continue
            search = job.search or RecoverySearch(at, at)
            self._put(job, search._replace(at=at, failure=kind))

    def _put(self, job: Job, search: RecoverySearch) -> None:
        self._active_jobs.put(job.searched(utc_now(), search))

    def _owner_of(self, video_id: str) -> str | None:
        jobs = (*self._active_jobs.jobs.values(), *self._active_jobs.history.newest(_NAMED))
        owned = inner_id(video_id)
        return next((job.id for job in jobs if inner_id(job.remote_id or "") == owned), None)

    def _in(self, seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds


def _is_another(owner: Job, video: RemoteVideo) -> bool:
    """Return whether a video has another time than the one that a job has under the same id."""
    had = owner.remote.created_at if owner.remote else None
    if had is None or video.created_at is None:
        return False
    return abs(had - video.created_at) > _SAME_MOMENT
