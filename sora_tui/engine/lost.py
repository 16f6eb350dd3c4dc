"""Jobs whose answer was lost: looked for in the server's list, or adopted on a person's word."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta
from typing import Final

from sora_tui.client.dialect import can_list
from sora_tui.client.server_error import ServerError
from sora_tui.client.videos import VideosClient
from sora_tui.core.job import Job, State
from sora_tui.core.problem import ProblemError
from sora_tui.core.remote import RemoteVideo, inner_id, is_usable_id
from sora_tui.core.search import Candidate, Refusal, Search
from sora_tui.core.server import Server
from sora_tui.engine.deferral import Verdict, since, verdict
from sora_tui.engine.desk import Desk, utc_now
from sora_tui.engine.knowledge import SURELY_NO_ROUTE, Knowledge
from sora_tui.engine.pace import Gate
from sora_tui.engine.reconcile import for_a_person, matches
from sora_tui.engine.walk import walk

#: When a lost answer is looked for, in seconds after the loss; later every minute.
_SEARCHES: Final = (2.0, 10.0, 30.0, 60.0, 120.0)
_LATER: Final = 60.0
#: A server that had no list is asked for it once more after so many seconds: what answered may
#: have been a proxy whose server was away, and whoever finds nothing may pay twice.
_LIST_AGAIN: Final = 600.0
_MAX_PAGES: Final = 5
#: Among the documents this new, the one that has a video already is named.
_NAMED: Final = 200


def replace_parent(desk: Desk, job: Job) -> Job:
    """Right before a job is sent that is its parent, sent again: give the parent up for it.

    The parent's own record then names the job: of two that would replace it one is sent, and none
    once it was found.

    Returns:
        The pending job, or the same withdrawn because it must not be sent.
    """
    at = utc_now()
    try:
        parent = desk.jobs.get(job.parent or "") or desk.history.load(job.parent or "")
    except ProblemError:
        return desk.put(job.withdrawn(at, "not sent: the job it replaces cannot be read"))
    if parent.state is State.UNCONFIRMED:
        desk.put(parent.sent_again(at, job.id))
    elif not (parent.was_sent_again_as(job.id) or job.is_once_more):
        return desk.put(job.withdrawn(at, "not sent: the job it replaces was found or decided"))
    return job


class LostAnswers:
    """The unconfirmed jobs of one server. Nothing here ever sends one again."""

    def __init__(self, server: Server, desk: Desk, gate: Gate, knowledge: Knowledge) -> None:
        self._server = server
        self._desk = desk
        self._gate = gate
        self._knowledge = knowledge
        self._looks = 0
        self._no_list_until = 0.0
        self._sought: set[str] = set()
        self._listless: set[str] = set()  # told so by this process
        #: Loop time of the next look; None while there is nothing to look for.
        self.due_at: float | None = None

    async def search(self, client: VideosClient) -> None:
        """Look in the server's list, if it is time; adopt what is found without a doubt."""
        unconfirmed = self._desk.at(self._server, State.UNCONFIRMED)
        lost = [job for job in unconfirmed if job.request.operation != "character"]
        for job in unconfirmed:
            if job not in lost:  # no list has characters
                self._tell(job, listed=False)
        now = asyncio.get_running_loop().time()
        if not lost or not self._may_list(now):
            self.due_at = self._no_list_until if lost and self._no_list_until > now else None
            for job in lost:
                self._tell(job, listed=False)
            return
        news = [job for job in lost if job.id not in self._sought]
        if news or self.due_at is None:
            # A server needs a moment to list what it has just made.
            ages = [(utc_now() - job.updated_at).total_seconds() for job in news]
            self.due_at = now + max(_SEARCHES[0] - min(ages, default=_SEARCHES[0]), 0.0)
            self._sought, self._looks = {job.id for job in lost}, 0
        if self.due_at > now or self._gate.paused_for:
            return
        earliest = min((job.attempts[-1].at for job in lost if job.attempts), default=utc_now())
        try:
            videos, skew = await self._recent(client, earliest - timedelta(minutes=1))
        except ServerError as failure:
            if failure.not_found or failure.error.status in {400, 405, 501}:
                self._no_list_until = self._in(_LIST_AGAIN)
                if failure.error.status in SURELY_NO_ROUTE:
                    self._knowledge.learn("list", False)
                await self.search(client)
            else:
                self._gate.failed(failure.retry_after)
            return
        self._gate.opened()
        self._knowledge.learn("list", True)
        # A person may have decided while the list was on its way.
        lost = [still for job in lost if (still := self._lost(job.id)) is not None]
        known = self._desk.history.known_remote_ids(self._server.origin)
        # One whose answer is still on its way may own what looks like a lost one; so may a job
        # of another profile of the same server, which may see the same list.
        rivals = self._desk.at_origin(self._server, State.SUBMITTING, State.UNCONFIRMED)
        found = matches(rivals, videos, known, skew)
        for job in lost:
            if job.id in found:
                self._desk.put(job.accepted(utc_now(), found[job.id]))
            else:
                self._tell(job, listed=True, found=for_a_person(job, videos, known, skew))
        self._looks += 1
        self.due_at = self._in(_SEARCHES[self._looks] if self._looks < len(_SEARCHES) else _LATER)

    def _may_list(self, now: float) -> bool:
        """Whether a look in the list is worth it; that it failed for another process is no reason.

        Only a dialect that is known to have none is not asked.
        """
        return now >= self._no_list_until and can_list(self._knowledge.server) is not False

    @property
    def may_list(self) -> bool:
        """Whether this server's list is worth a question now."""
        return self._may_list(asyncio.get_running_loop().time())

    async def judge_deferral(self, client: VideosClient, job: Job, *, is_late: bool) -> Verdict:
        """Return whether a pending job that the server has put off may be sent again.

        A server that has no list, or answers with an error, has said all it says.

        Args:
            is_late: The list has had time to show what was made of it.

        Raises:
            ServerError: There was no answer, so nobody knows yet.
        """
        videos: list[RemoteVideo] | None = None
        skew: float | None = None
        if self.may_list:
            try:
                videos, skew = await self._recent(client, since(job))
            except ServerError as failure:
                if failure.error.status is None:
                    raise
        known = self._desk.history.known_remote_ids(self._server.origin)
        return verdict(job, videos, known, skew, is_late=is_late)

    async def _recent(
        self, client: VideosClient, since: datetime
    ) -> tuple[list[RemoteVideo], float | None]:
        """The server's videos since then, and its clock minus ours, in seconds."""
        videos: list[RemoteVideo] = []
        skew: float | None = None
        async for page in walk(client, self._gate, _MAX_PAGES):
            skew = page.skew if page.skew is not None else skew
            videos += page.fresh
            oldest = min((v.created_at for v in page.fresh if v.created_at), default=None)
            if oldest is not None and oldest < since:
                break
        return videos, skew

    async def adopt(self, client: VideosClient, job_id: str, video_id: str) -> None:
        """Take a video that a person named, if the server knows it and no other job has it."""
        if not is_usable_id(video_id):
            self.refuse(job_id, video_id, "video_unknown")
            return
        try:
            async with self._gate.passage():
                sought = self._lost(job_id)
                if sought is not None and sought.request.operation == "character":
                    video = await client.character(video_id)
                else:
                    video = (await client.retrieve(video_id)).video
        except ServerError as failure:
            code = "video_unknown" if failure.not_found else failure.error.kind
            self.refuse(job_id, video_id, code)
            return
        known = self._desk.history.known_remote_ids(self._server.origin)
        if not known.isdisjoint({inner_id(video_id), inner_id(video.id)}):
            self.refuse(job_id, video_id, "video_taken")
        elif (job := self._lost(job_id)) is not None:
            # The id that was named is the one that answers; some gateways tell another.
            self._desk.put(job.accepted(utc_now(), video._replace(id=video_id)))
            self.due_at = None  # what was this one's can no longer be another's: look again

    def refuse(self, job_id: str, video_id: str, code: str) -> None:
        """Let it be known why a video was not adopted."""
        job, at = self._lost(job_id), utc_now()
        if job is not None:
            taken_by = self._owner_of(video_id) if code == "video_taken" else None
            refused = Refusal(at, video_id, code, taken_by)
            self._put(job, (job.search or Search(at, at))._replace(refused=refused))

    def _lost(self, job_id: str) -> Job | None:
        """The job, unless it was found or given up meanwhile."""
        job = self._desk.jobs.get(job_id)
        return job if job is not None and job.state is State.UNCONFIRMED else None

    def _tell(self, job: Job, *, listed: bool, found: tuple[Candidate, ...] = ()) -> None:
        at = utc_now()
        search = job.search or Search(at, at)
        if listed:
            search = search._replace(looks=search.looks + 1)
        elif job.id in self._listless:
            return
        (self._listless.discard if listed else self._listless.add)(job.id)
        self._put(job, search._replace(at=at, listed=listed, found=found))

    def _put(self, job: Job, search: Search) -> None:
        self._desk.put(job.searched(utc_now(), search))

    def _owner_of(self, video_id: str) -> str | None:
        jobs = (*self._desk.jobs.values(), *self._desk.history.newest(_NAMED))
        owned = inner_id(video_id)
        return next((job.id for job in jobs if inner_id(job.remote_id or "") == owned), None)

    def _in(self, seconds: float) -> float:
        return asyncio.get_running_loop().time() + seconds
